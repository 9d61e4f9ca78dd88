"""Many lives at once: begun at an even rate, counted by their ends."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import typer

from cli.demo import operations
from cli.demo.lives import assigned_numbers, report_call, report_message
from cli.demo.pace import Pace
from cli.demo.traffic import Number
from cli.errors import CommandError
from cli.operator import Operator

REPORTS = {"call": report_call, "message": report_message}


async def choose_carrier(operator: Operator, wanted: str | None) -> str:
    """The id of the wanted carrier, or of the only one. Raises CommandError."""
    if wanted is not None:
        return wanted
    found = (await operator.run(operations.CARRIERS))["nodes"]
    if not found:
        raise CommandError("there is no carrier; make one with `carrierql carriers create`")
    if len(found) > 1:
        raise CommandError("there are several carriers; say which by --carrier ID")
    identifier: str = found[0]["id"]
    return identifier


class Simulation:
    """What has ended is counted by kind and last status; `failures` says why others did not."""

    def __init__(self, operator: Operator, random: Random, speed: float) -> None:
        self._operator, self._random = operator, random
        self._pace = Pace(speed)
        self._stopped = asyncio.Event()
        self.ended: dict[str, Counter[str]] = {kind: Counter() for kind in REPORTS}
        self.failures: list[str] = []

    async def run(self, carrier: str, plan: list[str], rate: float) -> None:
        """Begin the plan's calls and messages, `rate` a second, and see all of them to their end.

        The first SIGINT or SIGTERM begins no more and has those that have begun end at once.
        """
        numbers = await assigned_numbers(self._operator, carrier)
        if not numbers:
            raise CommandError(
                f"carrier {carrier} has no phone number that is assigned to an account: make an account "
                "and a number, and assign it"
            )
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, self._stop)
        with typer.progressbar(length=len(plan), label="ended", show_pos=True, file=sys.stderr) as bar:
            bar.render_progress()
            await self._begin(plan, rate, numbers, lambda: bar.update(1))

    async def _begin(
        self, plan: list[str], rate: float, numbers: list[Number], count: Callable[[], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.TaskGroup() as group:
            for position, kind in enumerate(plan):
                try:
                    await asyncio.wait_for(self._stopped.wait(), start + position / rate - loop.time())
                    break
                except TimeoutError:
                    group.create_task(self._live(kind, self._random.choice(numbers), count))

    async def _live(self, kind: str, ours: Number, count: Callable[[], None]) -> None:
        try:
            end = await REPORTS[kind](self._operator, self._random, self._pace, ours)
        except CommandError as error:
            self.failures.append(str(error))
        else:
            self.ended[kind][end.lower()] += 1
        count()

    def _stop(self) -> None:
        self._stopped.set()
        self._pace.hurry()

    def counts(self) -> dict[str, Any]:
        """`{"calls": {"completed": 3, …}, "messages": {"delivered": 2, …}, "failures": 0}`."""
        ended = {f"{kind}s": dict(by.most_common()) for kind, by in self.ended.items()}
        return {**ended, "failures": len(self.failures)}

    def sentence(self) -> str:
        return "; ".join(_counted(kind, by) for kind, by in self.ended.items() if by) or "nothing was begun"


def _counted(kind: str, by: Counter[str]) -> str:
    """3 calls: 2 completed, 1 no answer."""
    parts = ", ".join(f"{count} {end.replace('_', ' ')}" for end, count in by.most_common())
    return f"{by.total()} {kind}{'' if by.total() == 1 else 's'}: {parts}"
