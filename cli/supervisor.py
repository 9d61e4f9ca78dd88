"""Keeps processes running: starts them in order, again when they die, and stops them in reverse."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from cli.console import relay, say
from cli.errors import CommandError
from cli.processes import die_with_parent

POLL_SECONDS = 0.05
READY_SECONDS = 60
STEADY_SECONDS = 10
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 10.0


class Runnable(Protocol):
    """Something that runs as a process of its own: an embedded server or one of our commands."""

    @property
    def name(self) -> str: ...
    @property
    def stop_signal(self) -> signal.Signals: ...
    def prepare(self) -> None: ...
    def spawn(self) -> subprocess.Popen[bytes]: ...
    def is_ready(self) -> bool: ...


@dataclass
class Command:
    """One of carrierql's own commands as a child."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    inherited: tuple[int, ...] = ()  # file descriptors that it is to have
    answers: Callable[[], bool] = field(default=lambda: True)
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends it when we die.
    death_signal: signal.Signals = signal.SIGTERM

    def prepare(self) -> None:
        """Nothing to prepare."""

    def spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603  our own command, no shell
            [sys.executable, "-P", "-m", "cli", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            pass_fds=self.inherited,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop in order
            preexec_fn=die_with_parent(self.death_signal),  # noqa: PLW1509  one prctl, nothing else
        )
        assert process.stdout is not None
        relay(self.name, process.stdout)
        return process

    def is_ready(self) -> bool:
        return self.answers()


async def ask(arguments: tuple[str, ...], environment: dict[str, str]) -> str:
    """Run one of carrierql's commands to its end and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "cli", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches us alone
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        output, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        reason = complaint.decode(errors="replace").strip().removeprefix("carrierql: ")
        raise CommandError(f"{' '.join(arguments)} failed: {reason or process.returncode}")
    return output.decode()


class Child:
    def __init__(self, runnable: Runnable) -> None:
        self.runnable = runnable
        self.name = runnable.name
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Return when it is ready; raises CommandError when it ends before."""
        self.runnable.prepare()
        # In the main thread: the kernel's promise to end it with us is tied to the thread that forks.
        self.process = self.runnable.spawn()
        async with asyncio.timeout(READY_SECONDS):
            while not await asyncio.to_thread(self.runnable.is_ready):
                if (code := self.process.poll()) is not None:
                    raise CommandError(f"{self.name} ended with code {code} before it was ready")
                await asyncio.sleep(POLL_SECONDS)

    async def ended(self) -> int:
        assert self.process is not None
        while (code := self.process.poll()) is None:  # noqa: ASYNC110  not every system has an event for it
            await asyncio.sleep(POLL_SECONDS)
        self.kill()  # what it started itself and left behind
        return code

    async def stop(self, seconds: float = 30) -> None:
        """Ask it to end; after `seconds` it has to."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.runnable.stop_signal)
        try:
            await asyncio.wait_for(self.ended(), seconds)
        except TimeoutError:
            say("up", f"{self.name} did not stop within {seconds:g} s and was killed")
            self.kill()
            await self.ended()

    def kill(self) -> None:
        """End its whole process group, which is its own since it was started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    def __init__(self) -> None:
        self._children: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self, runnable: Runnable) -> None:
        """Return when it is ready; from then on it is started again whenever it ends."""
        child = Child(runnable)
        self._children.append(child)
        await child.start()
        self._keepers.append(asyncio.create_task(_keep(child), name=child.name))

    async def watch(self) -> None:
        """Wait for ever; a keeper ends only by a fault of its own, which ends the whole."""
        await asyncio.gather(*self._keepers)

    async def stop(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        for child in reversed(self._children):
            await child.stop()

    def kill(self) -> None:
        for child in self._children:
            child.kill()


async def _keep(child: Child) -> None:
    clock = asyncio.get_running_loop().time
    pause = SHORTEST_PAUSE
    while True:
        began = clock()
        code = await child.ended()
        if clock() - began > STEADY_SECONDS:
            pause = SHORTEST_PAUSE
        say("up", f"{child.name} ended with code {code}; it is started again in {pause:g} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        try:
            await child.start()
        except (CommandError, TimeoutError, OSError) as error:
            say("up", f"{child.name} did not start: {error}")
        else:
            say("up", f"{child.name} is back")
