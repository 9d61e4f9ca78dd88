"""The demo carrier's stream: calls and messages that go through their states as one watches."""

import asyncio
import sys
from collections.abc import Awaitable
from random import Random

from cli.demo import operations
from cli.demo.lives import assigned_numbers, report_call, report_message
from cli.demo.pace import Pace
from cli.errors import CommandError
from cli.operator import Operator

SECONDS_BETWEEN = (2.0, 5.0)
UNFINISHED = ("QUEUED", "RINGING", "IN_PROGRESS")


async def stream(operator: Operator, carrier: str) -> None:
    """Begin a call or a message every few seconds, for ever; while the database is away, wait."""
    random, pace = Random(), Pace()  # noqa: S311  for show
    await fail_unfinished(operator, carrier)
    numbers = await assigned_numbers(operator, carrier)
    async with asyncio.TaskGroup() as group:
        while True:
            report = random.choice((report_call, report_message))
            group.create_task(attempt(report(operator, random, pace, random.choice(numbers))))
            await pace.wait_about(random, *SECONDS_BETWEEN)


async def attempt(report: Awaitable[str]) -> None:
    """A report that fails is told and left: the database may be back for the next one."""
    try:
        await report
    except CommandError as error:
        print(f"not reported: {error}", file=sys.stderr)  # noqa: T201  `up` shows it


async def fail_unfinished(operator: Operator, carrier: str) -> None:
    """End the calls that an earlier stream was reporting when it was stopped."""
    for status in UNFINISHED:
        found = await operator.run(operations.UNFINISHED_CALLS, carrier=carrier, status=status)
        for call in found["nodes"]:
            await operator.change(operations.CHANGE_CALL, {"id": call["id"], "status": "FAILED"})
