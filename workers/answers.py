"""How much of an answer is read: a bound on bytes, whatever they are."""

from functools import partial
from typing import Any

from aiohttp import ClientPayloadError, TCPConnector
from aiohttp.client_proto import ResponseHandler

READ_BYTES = 128 * 1024
"""Of one answer, on the wire: heads, framing and body."""


class TooLong(ClientPayloadError):
    """An answer whose head is not over within `READ_BYTES`."""

    def __init__(self) -> None:
        super().__init__(f"the answer has more than {READ_BYTES // 1024} KiB before its body")


class BoundedConnector(TCPConnector):
    """Cuts each answer after `READ_BYTES`: what has come of its body is all there is.

    A bound on the body alone would not do: a byte costs a thousand times as much to parse in a chunk of its
    own, or as a part of endless "100 Continue", and meanwhile this process serves nobody else.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_BoundedHandler, loop=self._loop)  # type: ignore[assignment]  # one of its kind


class _BoundedHandler(ResponseHandler):
    _room = READ_BYTES

    def set_response_params(self, **parameters: Any) -> None:
        self._room = READ_BYTES
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        head, rest = data[: self._room], data[self._room :]
        self._room -= len(head)
        super().data_received(head)
        if rest:
            self._cut()

    def _cut(self) -> None:
        payload, self._payload = self._payload, None
        if payload is not None:
            payload.feed_eof()
        self.set_exception(TooLong())  # met only by who still waits for the head
        if self.transport is not None:
            self.transport.abort()
