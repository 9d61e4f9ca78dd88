"""The demo carrier's first 30 days: accounts, numbers, calls, messages and speech.

Made a few rows at a time, so that it is there within seconds. A start that is killed meanwhile
leaves its half behind; the next one makes another carrier.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

from cli.carriers import create_carrier
from cli.demo import operations, traffic
from cli.demo.places import ACCOUNTS, MOBILE_PREFIXES, PLACES, SHORT_CODES, Place
from cli.demo.traffic import Number
from cli.operator import Operator

CALLS, MESSAGES, DAYS = 1000, 1000, 30
NUMBERS_PER_PLACE = 6
AT_ONCE = 8


async def make_carrier(operator: Operator) -> dict[str, Any]:
    """The carrier with everything that is its own; answers what `carriers create` does."""
    random = Random()  # noqa: S311  for show
    carrier = await create_carrier(operator, "Mekong Telecom", "KH", "KHR")
    accounts = [await make_account(operator, carrier["id"], *account) for account in ACCOUNTS]
    numbers = await make_numbers(operator, carrier["id"], accounts, random)
    now = datetime.now(UTC)
    # In the order of time, as the platform would have reported them: lists show the last made first.
    times = sorted(traffic.moment(random, now, DAYS) for _ in range(CALLS + MESSAGES))
    work = [
        (report_call if random.random() < CALLS / (CALLS + MESSAGES) else report_message, time)
        for time in times
    ]
    await in_parallel(report(operator, random, random.choice(numbers), time) for report, time in work)
    return carrier


async def make_account(operator: Operator, carrier: str, name: str, kind: str, voice: str) -> str:
    given = {"carrierId": carrier, "name": name, "type": kind, "defaultTtsVoice": voice}
    payload = await operator.change(operations.CREATE_ACCOUNT, given | {"billingEnabled": True})
    identifier: str = payload["account"]["id"]
    return identifier


async def make_numbers(operator: Operator, carrier: str, accounts: list[str], random: Random) -> list[Number]:
    """Local numbers, of which most are still to be had, mobile ones and short codes; the assigned ones."""
    assigned = []
    for place in PLACES:
        for position in range(NUMBERS_PER_PLACE - random.randrange(NUMBERS_PER_PLACE - 1)):
            made = await make_number(operator, local_number(random, place) | {"carrierId": carrier})
            if position == 0:
                assigned.append(await assign(operator, made, random.choice(accounts)))
    for account in accounts:
        digits = f"{random.choice(MOBILE_PREFIXES)}{random.randrange(200_000, 999_999)}"
        made = await make_number(operator, {"number": digits, "type": "MOBILE", "carrierId": carrier})
        assigned.append(await assign(operator, made, account))
    for code in SHORT_CODES:
        made = await make_number(operator, {"number": code, "type": "SHORT_CODE", "carrierId": carrier})
        assigned.append(await assign(operator, made, random.choice(accounts)))
    return assigned


def local_number(random: Random, place: Place) -> dict[str, Any]:
    # US exchanges begin with 2 to 9; the same serves elsewhere.
    rest = place.length - len(place.prefix)
    digits = str(random.randrange(2 * 10 ** (rest - 1), 10**rest))
    given = {
        "country": place.country,
        "region": place.region,
        "locality": place.locality,
        "lata": place.lata,
        "rateCenter": place.rate_center,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }
    known = {field: value for field, value in given.items() if value is not None}
    return known | {"number": place.prefix + digits, "type": "LOCAL", "price": "4600"}


async def make_number(operator: Operator, given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = (await operator.change(operations.CREATE_NUMBER, given))["phoneNumber"]
    return made


async def assign(operator: Operator, number: dict[str, Any], account: str) -> Number:
    await operator.change(operations.ASSIGN_NUMBER, {"id": number["id"], "accountId": account})
    return Number(number["id"], number["number"], account)


async def report_call(operator: Operator, random: Random, ours: Number, time: datetime) -> None:
    given = traffic.call(random, ours) | {"createdAt": time.isoformat()}
    outcome = traffic.pick(random, traffic.OUTCOMES)
    if outcome != "COMPLETED":
        await operator.change(operations.RECORD_CALL, given | {"status": outcome})
        return
    duration, speaks = traffic.seconds(random), random.random() < traffic.SPEECH_SHARE
    characters = random.randrange(20, 300)
    ended = {"status": outcome, "duration": duration}
    call = (await operator.change(operations.RECORD_CALL, given | ended))["phoneCall"]
    await operator.change(operations.PRICE_CALL, {"id": call["id"], "price": traffic.call_price(duration)})
    if speaks:
        speech = {"phoneCallId": call["id"], "characters": characters}
        await operator.change(operations.RECORD_SPEECH, speech)


async def report_message(operator: Operator, random: Random, ours: Number, time: datetime) -> None:
    given = traffic.message(random, ours) | {"createdAt": time.isoformat()}
    if given["direction"] == "INBOUND":
        await operator.change(operations.RECORD_MESSAGE, given)
        return
    outcome = traffic.pick(random, traffic.MESSAGE_OUTCOMES)
    made = await operator.change(operations.RECORD_MESSAGE, given | {"status": outcome})
    if outcome != "FAILED":
        price = {"id": made["message"]["id"], "price": traffic.message_price(given["body"])}
        await operator.change(operations.PRICE_MESSAGE, price)


async def in_parallel(work: Iterable[Awaitable[None]]) -> None:
    """Do the work in its order, AT_ONCE at a time."""
    waiting = iter(work)

    async def take() -> None:
        for task in waiting:
            await task

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(take())
