"""The body of a request, bounded in size and in time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

SECONDS = 60  # until all of it has to be there
CLOSE = {"connection": "close"}  # with a refusal: what else comes of the body is not waited for


class TooLarge(Exception):
    """It has more bytes than it may have."""


class TooSlow(Exception):
    """It was not whole in time."""


class BrokenOff(Exception):
    """The connection ended before it."""


async def whole_body(request: Request, limit: int) -> bytes:
    """Raises TooLarge (more than `limit` bytes), TooSlow and BrokenOff."""
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLarge(f"the body is over the limit of {limit} bytes")
    except TimeoutError:
        raise TooSlow(f"the body was not whole after {SECONDS} s; send it at once") from None
    except ClientDisconnect:
        raise BrokenOff("the connection ended before the body") from None
    return bytes(body)
