"""A RabbitMQ of one's own: Debian's rabbitmq-server as a plain process, under one directory."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.commands import free_port

START_SECONDS = 90


class RabbitMQ:
    """Listens on loopback; nothing of it stays when it was stopped and its directory removed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self._distribution_port, self._names_port = free_port(), free_port(), free_port()
        self._node = f"carrierql{secrets.token_hex(4)}@localhost"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2f"

    def start(self) -> None:
        """Return when it takes connections."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "plugins").write_text("[].")
        # Erlang wants a cookie that its owner alone can read; RabbitMQ's own log goes beside the data.
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "true",  # it may be killed before it has seen the node end
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        with (self.home / "output").open("ab") as output:
            self.process = subprocess.Popen(
                ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.home / "output").read_text()
            assert time.monotonic() < deadline, (self.home / "output").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """End its whole process group at once, as a lost machine would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Kill it, and Erlang's daemon of names, which was started for it alone."""
        self.kill()
        subprocess.run(["epmd", "-port", str(self._names_port), "-kill"], capture_output=True, check=False)

    def lose_everything(self) -> None:
        self.kill()
        shutil.rmtree(self.home / "data", ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"  # a method frame: the broker's Start
        except OSError:
            return False
