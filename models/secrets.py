"""Keys and secrets at rest: what need not be read back is hashed, what must be is encrypted."""

import base64
import binascii
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

SIGNING_SECRET_PREFIX = "whsec_"  # noqa: S105  what Standard Webhooks writes before the base64 of a key

SIGNING_SECRET_LENGTHS = range(32, 256 + 1)
SIGNING_KEY_LENGTHS = range(24, 64 + 1)


def new_token() -> str:
    """256 random bits in the documented alphabet of keys: A-Z a-z 0-9 - _."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """SHA-256 of a token of 256 random bits: no salt and no slow hash are needed for such a one."""
    return hashlib.sha256(token.encode()).digest()


def new_signing_secret() -> str:
    """256 random bits as Standard Webhooks writes them: "whsec_" and their base64."""
    return SIGNING_SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signing_secret_problem(secret: str) -> str | None:
    """Say what is wrong with the secret that a user brings for signing webhooks."""
    if len(secret) not in SIGNING_SECRET_LENGTHS:
        return "The signing secret must have 32 to 256 characters."
    if not all("!" <= character <= "~" for character in secret):
        return "The signing secret must consist of printable ASCII characters without spaces."
    if secret.startswith(SIGNING_SECRET_PREFIX) and _key_length(secret) not in SIGNING_KEY_LENGTHS:
        return "The signing secret must have base64 of 24 to 64 bytes after whsec_."
    return None


def _key_length(secret: str) -> int:
    try:
        return len(base64.b64decode(secret.removeprefix(SIGNING_SECRET_PREFIX), validate=True))
    except binascii.Error:
        return 0


class Cipher:
    """Encrypts with `SECRET_KEY`; authenticated (Fernet: AES-128-CBC with HMAC-SHA-256).

    While the key is changed the other one is known too: what either encrypted can be read.
    """

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        self._present = _fernet(secret_key)
        self._known = MultiFernet([self._present, *([_fernet(previous)] if previous else [])])

    def encrypt(self, text: str) -> str:
        return self._present.encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The text that was encrypted; raises `WrongSecretKey` where neither key is the one."""
        try:
            return self._known.decrypt(encrypted).decode()
        except InvalidToken:
            raise WrongSecretKey from None

    def renewed(self, encrypted: str) -> str | None:
        """The same by the present key; None where it is that already. Raises `WrongSecretKey`."""
        try:
            self._present.decrypt(encrypted)
        except InvalidToken:
            return self.encrypt(self.decrypt(encrypted))
        return None


def _fernet(secret_key: str) -> Fernet:
    derived = hashlib.scrypt(secret_key.encode(), salt=b"carrierql", n=2**12, r=8, p=1, dklen=32)
    return Fernet(base64.urlsafe_b64encode(derived))


class WrongSecretKey(Exception):
    """A stored secret was encrypted with another `SECRET_KEY` than the present one."""

    def __init__(self) -> None:
        super().__init__("SECRET_KEY is not the one that this database's secrets were encrypted with")
