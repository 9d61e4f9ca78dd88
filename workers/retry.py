"""When a failed attempt is followed by the next one. Pure."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

JITTER = 0.2
"""Waits are spread by ± 20 %, so that what failed together does not come back together."""

LONGEST_RETRY_AFTER = 24 * 60 * 60
"""Seconds up to which an endpoint's `Retry-After` is obeyed."""


def seconds_until_next(tries: int, schedule: Sequence[int], retry_after: int | None = None) -> float | None:
    """Seconds until the next attempt after `tries` failed ones; None when there is none left.

    `schedule` holds the seconds before each attempt, counted from the one before. `retry_after` is what
    the endpoint asked for: the wait is never shorter.
    """
    if tries >= len(schedule):
        return None
    wait = schedule[tries] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  nobody gains by guessing it
    return max(wait, min(retry_after or 0, LONGEST_RETRY_AFTER))


def parse_retry_after(text: str, now: datetime) -> int | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3); None where it is neither form.

    A date is turned into seconds from `now` (aware), 0 where it has passed; all is cut to 24 hours.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        # Nine digits are more than a day already, and int() refuses endless ones.
        return min(int(text.lstrip("0")[:9] or "0"), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return round(min(max(seconds, 0), LONGEST_RETRY_AFTER))
