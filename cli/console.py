"""One terminal for many processes: each line says whose it is."""

import sys
import threading
from typing import IO

COLOURS = {"up": 36, "postgres": 34, "valkey": 31, "web": 32, "worker": 33, "scheduler": 35, "demo": 90}


def say(name: str, line: str) -> None:
    label = f"{name:<9} |"
    if sys.stdout.isatty():
        label = f"\033[{COLOURS.get(name, 0)}m{label}\033[0m"
    print(f"{label} {line}".rstrip(), flush=True)  # noqa: T201  this is the terminal


def relay(name: str, output: IO[bytes]) -> None:
    """Say every line of a child until the last process that holds its output has ended."""

    def read() -> None:
        for line in output:
            say(name, line.decode(errors="replace").rstrip())

    threading.Thread(target=read, name=f"relay-{name}", daemon=True).start()
