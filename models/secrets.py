"""Keys and secrets at rest: what need not be read back is hashed, what must be is encrypted."""

import base64
import binascii
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken

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
    """Encrypts with `SECRET_KEY`; authenticated (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def __init__(self, secret_key: str) -> None:
        derived = hashlib.scrypt(secret_key.encode(), salt=b"carrierql", n=2**12, r=8, p=1, dklen=32)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The text that was encrypted; raises `WrongSecretKey` where `SECRET_KEY` is another one."""
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken:
            raise WrongSecretKey from None


class WrongSecretKey(Exception):
    """A stored secret was encrypted with another `SECRET_KEY` than the present one."""

    def __init__(self) -> None:
        super().__init__("SECRET_KEY is not the one that this database's secrets were encrypted with")
