"""Uvicorn's HTTP with bounds on a request's head, which it reads without any: anybody may send one."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cli.joined_writes import JoinedWrites

MAX_HEAD = 64 * 1024  # bytes of request line and headers
TOO_LARGE = b"the request line and the headers are too long"
REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(TOO_LARGE), TOO_LARGE)
)


class BoundedHttp(HttpToolsProtocol):
    """A head that grows beyond MAX_HEAD is refused; one that is not whole in time ends the connection."""

    _head = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type] # acts as one
        self._wait()

    def data_received(self, data: bytes) -> None:
        before = self.scope
        super().data_received(data)
        if self.scope is not None and "method" in self.scope:  # which uvicorn adds when the head is whole
            self._head = 0
            self._wait_no_more()
        elif not self.transport.is_closing():
            # What a further head begins with is not counted: a body may have ended in the same piece.
            self._head += len(data) if before is None or before is self.scope else 0
            self._wait()
            if self._head > MAX_HEAD:
                self.transport.write(REFUSAL)
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """As long as for a further request, at most."""
        if self._patience is None:
            self._patience = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
