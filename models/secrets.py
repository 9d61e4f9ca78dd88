"""Keys and secrets at rest: what need not be read back is hashed, what must be is encrypted."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken


def new_token() -> str:
    """256 random bits in the documented alphabet of keys: A-Z a-z 0-9 - _."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """SHA-256 of a token of 256 random bits: no salt and no slow hash are needed for such a one."""
    return hashlib.sha256(token.encode()).digest()


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
