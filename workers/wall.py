"""The wall between webhooks and the inner network: what is connected to is what was checked.

A name is looked up once for a connection, what it gives is checked, and each socket is refused again by the
address it is about to connect to: the last step that is ours, for names and for addresses written in a URL.
"""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType
from aiohttp import AsyncResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from models.addresses import problem_with


class Refused(OSError):
    """An address that webhooks may not reach; its text says which and why."""


class CheckedResolver(AbstractResolver):
    """Keeps the addresses of a name that may be reached; `Refused` where there is none.

    It asks without threads (c-ares): a name server that never answers keeps nobody else waiting.
    """

    def __init__(self, *, allow_private: bool, seconds: float) -> None:
        self._inner = AsyncResolver()
        self._allow_private = allow_private
        self._seconds = seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        async with asyncio.timeout(self._seconds):
            found = await self._inner.resolve(host, port, family)
        problems = [_problem(result["host"], allow_private=self._allow_private) for result in found]
        allowed = [result for result, problem in zip(found, problems, strict=True) if problem is None]
        if not allowed:
            raise Refused(f"the host name is refused: {problems[0]}")
        return allowed

    async def close(self) -> None:
        await self._inner.close()


def checked_sockets(*, allow_private: bool) -> Callable[[AddrInfoType], socket.socket]:
    """Make a factory that gives a socket only for an address that webhooks may reach; else `Refused`."""

    def open_socket(target: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = target
        if problem := _problem(str(address[0]), allow_private=allow_private):
            raise Refused(problem)
        return socket.socket(family, kind, protocol)

    return open_socket


def _problem(host: str, *, allow_private: bool) -> str | None:
    return problem_with(ip_address(host), allow_private=allow_private)
