"""Python CPU of a request, in process: applications called by 8 tasks at once, in short windows in turn."""

import asyncio
import gc
import itertools
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

TASKS = 8


@dataclass
class Call:
    """A request that is sent again and again; `path` and `query` change with each."""

    app: Any
    targets: Iterable[tuple[str, str]]  # (path, query)
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: Callable[[str], bytes] | None = None  # of the target's query

    def __post_init__(self) -> None:
        self.next = itertools.cycle(list(self.targets)).__next__


async def send(call: Call) -> bytes:
    """The body of the answer, which must be 200."""
    path, query = call.next()
    body = call.body(query) if call.body else b""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 123),
        "scheme": "http",
        "root_path": "",
        "method": call.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"" if call.body else query.encode(),
        "headers": list(call.headers),
        "state": {},
    }
    status, parts = 0, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def answer(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message["body"])

    await call.app(scope, receive, answer)
    found = b"".join(parts)
    assert status == HTTPStatus.OK, (status, found)
    return found


async def window(call: Call, seconds: float) -> float:
    """Microseconds of CPU for each request of a window."""
    end, done = time.perf_counter() + seconds, 0

    async def task() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await send(call)
            done += 1

    began = time.process_time()
    await asyncio.gather(*[task() for _ in range(TASKS)])
    return (time.process_time() - began) / done * 1e6


async def compare(calls: dict[str, Call], rounds: int, seconds: float = 0.05) -> dict[str, float]:
    """Name -> median microseconds; every round measures each call once, in turn."""
    for call in calls.values():
        await window(call, 0.3)
    gc.collect()
    gc.freeze()
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        names = list(calls) if number % 2 else list(calls)[::-1]
        for name in names:
            found[name].append(await window(calls[name], seconds))
    return {name: statistics.median(values) for name, values in found.items()}
