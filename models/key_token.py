"""The token of an API key: `carrierql_`, 43 random base62 digits, and the CRC-32 of both in 6 more.

Prefix and checksum let leak scanners know a key for sure (docs/operations.md, "Leaked keys").
"""

import re
import secrets
import string
import zlib

PREFIX = "carrierql_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 43  # digits of base62 hold 256 bits
CHECKSUM_LENGTH = 6  # hold the 32 bits of the CRC
FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def new() -> str:
    """A token of 256 random bits, in the documented alphabet of keys."""
    text = PREFIX + "".join(secrets.choice(DIGITS) for _ in range(RANDOM_LENGTH))
    return text + _checksum(text)


def is_mistyped(token: str) -> bool:
    """Whether it has our prefix and is yet no token of ours; older keys have no prefix."""
    if not token.startswith(PREFIX):
        return False
    return not FORM.fullmatch(token) or token[-CHECKSUM_LENGTH:] != _checksum(token[:-CHECKSUM_LENGTH])


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
