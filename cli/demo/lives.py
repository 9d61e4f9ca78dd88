"""The lives of calls and messages, told step by step as the platform would; each answers its last status."""

from random import Random

from cli.demo import operations, traffic
from cli.demo.pace import Pace
from cli.demo.traffic import Number
from cli.operator import Operator

LONGEST_CALL = 90  # seconds: one who watches should see it end
MESSAGE_STEPS = {
    "DELIVERED": ("QUEUED", "SENDING", "SENT", "DELIVERED"),
    "SENT": ("QUEUED", "SENDING", "SENT"),
    "FAILED": ("QUEUED", "SENDING", "FAILED"),
}


async def assigned_numbers(operator: Operator, carrier: str) -> list[Number]:
    """Up to 100 of the carrier's numbers that accounts have."""
    found = await operator.run(operations.ASSIGNED_NUMBERS, carrier=carrier)
    return [Number(node["id"], node["number"], node["account"]["id"]) for node in found["nodes"]]


async def report_call(operator: Operator, random: Random, pace: Pace, ours: Number) -> str:
    call = (await operator.change(operations.RECORD_CALL, traffic.call(random, ours)))["phoneCall"]["id"]
    await pace.wait_about(random, 0.5, 1)
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": "RINGING"})
    await pace.wait_about(random, 2, 8)
    outcome = traffic.pick(random, traffic.OUTCOMES)
    if outcome != "COMPLETED":
        await operator.change(operations.CHANGE_CALL, {"id": call, "status": outcome})
        return outcome
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": "IN_PROGRESS"})
    if random.random() < traffic.SPEECH_SHARE:
        speech = {"phoneCallId": call, "characters": random.randrange(20, 300)}
        await operator.change(operations.RECORD_SPEECH, speech)
    duration = min(traffic.seconds(random), LONGEST_CALL)
    await pace.wait(duration)
    await operator.change(operations.CHANGE_CALL, {"id": call, "status": outcome, "duration": duration})
    await operator.change(operations.PRICE_CALL, {"id": call, "price": traffic.call_price(duration)})
    return outcome


async def report_message(operator: Operator, random: Random, pace: Pace, ours: Number) -> str:
    given = traffic.message(random, ours)
    message = (await operator.change(operations.RECORD_MESSAGE, given))["message"]["id"]
    if given["direction"] == "INBOUND":
        return "RECEIVED"
    outcome = traffic.pick(random, traffic.MESSAGE_OUTCOMES)
    for step in MESSAGE_STEPS[outcome]:
        await pace.wait_about(random, 0.3, 2)
        await operator.change(operations.CHANGE_MESSAGE, {"id": message, "status": step})
    if outcome != "FAILED":
        price = {"id": message, "price": traffic.message_price(given["body"])}
        await operator.change(operations.PRICE_MESSAGE, price)
    return outcome
