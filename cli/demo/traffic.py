"""Calls and messages as a carrier sees them: their mix of directions, outcomes, lengths and prices.

Charges are in riel, not above 0: what the account pays.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cli.demo.places import MESSAGES, MOBILE_PREFIXES, REPLIES

DIRECTIONS = {"OUTBOUND_API": 55, "INBOUND": 30, "OUTBOUND_DIAL": 15}
OUTCOMES = {"COMPLETED": 72, "NO_ANSWER": 12, "BUSY": 8, "FAILED": 5, "CANCELED": 3}
MESSAGE_OUTCOMES = {"DELIVERED": 84, "SENT": 9, "FAILED": 7}
# Of a day in Phnom Penh, seven hours ahead of UTC: most is said between breakfast and supper.
HOURS_UTC = [9, 10, 10, 10, 8, 7, 9, 10, 10, 9, 8, 7, 6, 5, 3, 2, 1, 1, 1, 1, 1, 2, 4, 7]
RIEL_PER_MINUTE, RIEL_PER_MESSAGE = 160, 80
SPEECH_SHARE = 0.2


@dataclass(frozen=True)
class Number:
    """A number of the carrier that an account has."""

    id: str
    number: str
    account: str


def pick(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def moment(random: Random, now: datetime, days: int) -> datetime:
    """A time within the last `days`, by the habits of the hours, with quiet weekends."""
    while True:
        start = (now - timedelta(days=random.randrange(days + 1))).replace(minute=0, second=0, microsecond=0)
        hour = random.choices(range(24), HOURS_UTC)[0]
        found = start.replace(hour=hour) + timedelta(seconds=random.uniform(0, 3600))
        weekend = found.weekday() >= 5  # noqa: PLR2004  Saturday
        if now - timedelta(days=days) < found < now and not (weekend and random.random() < 0.6):  # noqa: PLR2004
            return found


def mobile(random: Random) -> str:
    """Somebody's number in Cambodia."""
    return f"+{random.choice(MOBILE_PREFIXES)}{random.randrange(200_000, 999_999)}"


def seconds(random: Random) -> int:
    """How long people talk: mostly a minute or two, at times much longer."""
    return max(1, round(random.lognormvariate(math.log(80), 0.9)))


def call(random: Random, ours: Number) -> dict[str, Any]:
    """The input of a call without its state."""
    direction = pick(random, DIRECTIONS)
    theirs = mobile(random)
    to, caller = (ours.number, theirs) if direction == "INBOUND" else (theirs, ours.number)
    known = {"accountId": ours.account, "phoneNumberId": ours.id}
    return {"to": to, "from": caller, "direction": direction, **known}


def message(random: Random, ours: Number) -> dict[str, Any]:
    """The input of a message without its state."""
    theirs = mobile(random)
    if random.random() < 0.25:  # noqa: PLR2004  a quarter are answers
        parties = {"to": ours.number, "from": theirs, "direction": "INBOUND", "body": random.choice(REPLIES)}
    else:
        body = random.choice(MESSAGES)
        parties = {"to": theirs, "from": ours.number, "direction": "OUTBOUND_API", "body": body}
    return {"accountId": ours.account, **parties}


def call_price(duration: int) -> str:
    """Begun minutes count."""
    return f"-{RIEL_PER_MINUTE * math.ceil(duration / 60)}"


def message_price(body: str) -> str:
    """One price for each part: 160 characters, or 70 of other scripts."""
    return f"-{RIEL_PER_MESSAGE * math.ceil(len(body) / (160 if body.isascii() else 70))}"
