"""What a sender reaches, tried where no packet can leave: run as root in a network and mount namespace.

    unshare --net --mount python -m tests.walled DIRECTORY

Every address that is refused, and two public ones, are this host's own, and something listens on all of
them: a connection that the wall lets through arrives. Names come from a server on port 53 whose answer
changes with each question. Prints JSON: for each attempt its status and words, and what was reached.
"""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from itertools import cycle
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from workers.sending import Sender

PUBLIC = ["93.184.216.34", "2606:2800::1"]
REFUSED = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
    "169.254.169.254", "169.254.1.1", "168.63.129.16", "192.0.2.1", "198.18.0.1",
    "::1", "fd00::1", "fd00:ec2::254", "64:ff9b::a01:203", "64:ff9b:1::a01:203", "2002:a01:203::1",
    "2001:0:a01:203::1", "2001:db8::1", "2606:2800::5efe:a01:203",
]  # fmt: skip
OTHER_SPELLINGS = ["0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.1.2.3]", "[::ffff:0:0]"]
PORT = 8080
ZONE = {
    "public.test": cycle([PUBLIC[:1]]),
    "public6.test": cycle([PUBLIC[1:]]),
    "inner.test": cycle([["10.1.2.3"]]),
    "metadata.test": cycle([["169.254.169.254"]]),
    "mapped.test": cycle([["::ffff:127.0.0.1"]]),
    "mixed.test": cycle([["127.0.0.1", PUBLIC[0], "10.1.2.3"]]),
    "rebinding.test": cycle([PUBLIC[:1], ["127.0.0.1"]]),
}


class Names(asyncio.DatagramProtocol):
    """Answers A and AAAA questions from `ZONE`, with no time to live."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.last: dict[tuple[str, int], list[str]] = {}

    def datagram_received(self, data: bytes, client: Any) -> None:
        end = data.index(0, 12) + 5
        kind = struct.unpack("!H", data[end - 4 : end - 2])[0]
        name, position = [], 12
        while length := data[position]:
            name.append(data[position + 1 : position + 1 + length].decode().lower())
            position += 1 + length
        records = [
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
            for packed in self.packed(".".join(name), kind)
        ]
        header = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
        self.transport.sendto(header + data[12:end] + b"".join(records), client)

    def packed(self, name: str, kind: int) -> list[bytes]:
        version = {1: 4, 28: 6}.get(kind)
        answers = ZONE.get(name)
        if answers is None or (version == 6 and name == "rebinding.test"):
            return []
        return [ip_address(text).packed for text in next(answers) if ip_address(text).version == version]


def prepare(directory: Path) -> None:
    """Own all the addresses, and ask our server for names."""
    names = directory / "resolv.conf"
    names.write_text("nameserver 127.0.0.1\n")
    commands = [["ip", "link", "set", "lo", "up"], ["mount", "--bind", str(names), "/etc/resolv.conf"]]
    own = [address for address in PUBLIC + REFUSED if address not in ("127.0.0.1", "::1")]
    commands += [["ip", "address", "add", address, "dev", "lo"] for address in own]
    for command in commands:
        subprocess.run(command, check=True)


async def main() -> None:
    prepare(Path(sys.argv[1]))
    reached: list[str] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(writer.get_extra_info("sockname")[0])
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n")
        writer.close()

    await asyncio.get_running_loop().create_datagram_endpoint(Names, ("127.0.0.1", 53))
    servers = [await asyncio.start_server(accept, host, PORT) for host in ("0.0.0.0", "::")]

    async def tried(host: str, attempt: Callable[[str], Awaitable[Any]]) -> list[Any]:
        reached.clear()
        found = await attempt(f"http://{host}:{PORT}/")
        return [found, sorted(reached)]

    def sending(*, allow_private: bool) -> Callable[[str], Awaitable[Any]]:
        async def attempt(url: str) -> Any:
            async with Sender(allow_private=allow_private, attempt_seconds=15) as sender:
                outcome = await sender.send(url, b"{}", {})
            return outcome.status_code or outcome.error

        return attempt

    async def without_a_wall(url: str) -> Any:
        async with ClientSession() as session, session.post(url, data=b"{}") as response:
            return response.status

    hosts = [*PUBLIC, *REFUSED]
    written = [f"[{host}]" if ":" in host else host for host in hosts] + OTHER_SPELLINGS
    names = [*ZONE, *["rebinding.test"] * 9]
    closed, opened = sending(allow_private=False), sending(allow_private=True)
    found = {
        "refused": {host: await tried(host, closed) for host in written},
        "private allowed": {host: await tried(host, opened) for host in written},
        "names": [[name, *await tried(name, closed)] for name in names],
        "without a wall": {host: await tried(host, without_a_wall) for host in written},
        "rebinding without a wall": [await tried("rebinding.test", without_a_wall) for _ in range(2)],
    }
    json.dump(found, sys.stdout)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
