"""The demo carrier's stream: calls and messages that go through their states as one watches."""

import asyncio
import sys
from collections.abc import Awaitable
from random import Random

from cli.demo import operations, traffic
from cli.demo.traffic import Number
from cli.errors import CommandError
from cli.operator import Operator

SECONDS_BETWEEN = (2.0, 5.0)
MESSAGE_STEPS = ("QUEUED", "SENDING", "SENT", "DELIVERED")
LONGEST_CALL = 90  # seconds: one who watches should see it end
UNFINISHED = ("QUEUED", "RINGING", "IN_PROGRESS")


async def stream(operator: Operator, carrier: str) -> None:
    """Begin a call or a message every few seconds, for ever; while the database is away, wait."""
    random = Random()  # noqa: S311  for show
    await fail_unfinished(operator, carrier)
    found = await operator.run(operations.ASSIGNED_NUMBERS, carrier=carrier)
    numbers = [Number(node["id"], node["number"], node["account"]["id"]) for node in found["nodes"]]
    async with asyncio.TaskGroup() as group:
        while True:
            report = random.choice((report_call, report_message))
            group.create_task(attempt(report(operator, random, random.choice(numbers))))
            await asyncio.sleep(random.uniform(*SECONDS_BETWEEN))


async def attempt(report: Awaitable[None]) -> None:
    """A report that fails is told and left: the database may be back for the next one."""
    try:
        await report
    except CommandError as error:
        print(f"not reported: {error}", file=sys.stderr)  # noqa: T201  `up` shows it


async def report_call(operator: Operator, random: Random, ours: Number) -> None:
    call = (await operator.change(operations.RECORD_CALL, traffic.call(random, ours)))["phoneCall"]["id"]
    await wait(random, 0.5, 1)
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": "RINGING"})
    await wait(random, 2, 8)
    outcome = traffic.pick(random, traffic.OUTCOMES)
    if outcome != "COMPLETED":
        await operator.change(operations.CHANGE_CALL, {"id": call, "status": outcome})
        return
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": "IN_PROGRESS"})
    if random.random() < traffic.SPEECH_SHARE:
        speech = {"phoneCallId": call, "characters": random.randrange(20, 300)}
        await operator.change(operations.RECORD_SPEECH, speech)
    duration = min(traffic.seconds(random), LONGEST_CALL)
    await asyncio.sleep(duration)
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": outcome, "duration": duration})
    await operator.change(operations.PRICE_CALL, {"id": call, "price": traffic.call_price(duration)})


async def report_message(operator: Operator, random: Random, ours: Number) -> None:
    given = traffic.message(random, ours)
    message = (await operator.change(operations.RECORD_MESSAGE, given))["message"]["id"]
    if given["direction"] == "INBOUND":
        return
    for step in MESSAGE_STEPS:
        await wait(random, 0.3, 2)
        await operator.change(operations.CHANGE_MESSAGE, {"id": message, "status": step})
    price = {"id": message, "price": traffic.message_price(given["body"])}
    await operator.change(operations.PRICE_MESSAGE, price)


async def fail_unfinished(operator: Operator, carrier: str) -> None:
    """End the calls that an earlier stream was reporting when it was stopped."""
    for status in UNFINISHED:
        found = await operator.run(operations.UNFINISHED_CALLS, carrier=carrier, status=status)
        for call in found["nodes"]:
            await operator.change(operations.CHANGE_CALL, {"id": call["id"], "status": "FAILED"})


async def wait(random: Random, least: float, most: float) -> None:
    await asyncio.sleep(random.uniform(least, most))
