"""How an attempt can fail, in words that the endpoint's developer can act on."""

import errno
import os

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
    ConnectionTimeoutError,
    InvalidURL,
    ServerDisconnectedError,
)

from workers.answers import TooLong
from workers.wall import Refused

LONGEST_DETAIL = 200
"""Characters of a detail that can hold what the other side sent."""


def in_words(failure: Exception, attempt_seconds: float) -> str:  # noqa: C901, PLR0911, PLR0912  a table of cases
    """Say why no answer came, or why it broke off."""
    match failure:
        case ClientConnectorError(os_error=Refused() as refused):
            return str(refused)
        case ClientConnectorDNSError(os_error=TimeoutError()):
            return "the host name's name server did not answer in time"
        case ClientConnectorDNSError():
            return "the host name has no address"
        case ClientConnectorCertificateError(certificate_error=error):
            return f"the TLS certificate is refused: {getattr(error, 'verify_message', '') or _detail(error)}"
        case ClientSSLError():
            return f"TLS failed: {_tls_reason(failure)}"
        case ConnectionTimeoutError():
            return "the connection was not made in time"
        case ClientConnectorError(os_error=error):
            return f"the connection could not be made: {_system_reason(error)}"
        case ServerDisconnectedError():
            return "the connection was closed without an answer"
        case TooLong():
            return str(failure)
        case ClientPayloadError():
            return "the answer broke off before its end"
        case ClientResponseError(message=message):
            return f"the answer is not valid HTTP: {_printable(message)}"
        case InvalidURL() | ValueError():
            return f"the URL cannot be used: {_detail(failure)}"
        case TimeoutError():
            return f"no complete answer came within {attempt_seconds:g} seconds"
        case ClientConnectionError() | OSError():
            return f"the connection broke off: {_system_reason(failure)}"
        case _:
            return _detail(failure)


def _system_reason(error: Exception) -> str:
    """The system's own words, such as "connection refused"; those of a name where asyncio wrote addresses."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number).lower()
    return _detail(error)


def _tls_reason(failure: ClientSSLError) -> str:
    """OpenSSL's word for it: "wrong version number"."""
    reason = getattr(getattr(failure, "os_error", None), "reason", None)
    return reason.lower().replace("_", " ") if isinstance(reason, str) else _detail(failure)


def _detail(error: Exception) -> str:
    return _printable(str(error) or type(error).__name__)


def _printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text[:LONGEST_DETAIL])
    return " ".join(shown.split())
