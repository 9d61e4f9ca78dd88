"""What the operating system must be asked for so that no process outlives the one that started it."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send `signum` when the parent dies, even by SIGKILL.

    The parent is the thread that forks, so children are started from the main thread. Only Linux
    knows this; elsewhere the answer is None and an ordered stop has to do.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded here: after the fork nothing should be imported

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)

    return ask


def stop_orphan(pid_file: Path, directory: Path, seconds: float = 20) -> None:
    """Stop the server that `pid_file` names, left over from a killed parent.

    Only a process that works in `directory` is that server: after a restart of the machine or the
    container the number may belong to any other program, which is left alone, and the file goes.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    deadline = time.monotonic() + seconds
    while _works_in(pid, directory):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGINT)
        time.sleep(0.05)
    if sys.platform == "linux":
        pid_file.unlink(missing_ok=True)


def _works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    except OSError:  # gone, somebody else's, or a system without /proc
        return False
