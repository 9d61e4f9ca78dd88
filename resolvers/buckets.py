"""Where the buckets of a chart begin and end: hours, days, weeks and months of a time zone.

A bucket is all the time for which the zone's clock shows the same hour (at one offset), date, week from
Monday, or month. Where a clock is put back over midnight, as it was in St John's, a date comes twice, so
a bucket may consist of more than one stretch of time.
"""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
SAMPLE = timedelta(hours=6)  # no zone changes its offset twice within it


class Interval(Enum):
    HOUR = timedelta(hours=1)
    DAY = timedelta(days=1)
    WEEK = timedelta(days=7)
    MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time from `begin` until before `end`, of the bucket that starts at `start` (None: there is but one)."""

    start: datetime | None
    begin: datetime
    end: datetime


@cache
def zones() -> frozenset[str]:
    """The names of all IANA time zones; read from files, once. This machine's own is none of them."""
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def stretches(since: datetime, until: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[Stretch]:
    """Cut the time from `since` until before `until`, both UTC and of 1970 or later."""
    starts: dict[Any, datetime] = {}
    moment = since - 2 * interval.value  # where the first bucket starts is seen from before
    while moment < until:
        label, end = _bucket(moment, interval, zone)
        start = starts.setdefault(label, moment)
        if end > since:
            yield Stretch(start, max(moment, since), min(end, until))
        moment = end


def slices(since: datetime, until: datetime, count: int) -> list[Stretch]:
    """Cut the time into `count` equal stretches, all of the one bucket that there is without an interval."""
    ends = [since + (until - since) * i / count for i in range(1, count)]
    return [Stretch(None, begin, end) for begin, end in pairwise([since, *ends, until])]


def _bucket(moment: datetime, interval: Interval, zone: ZoneInfo) -> tuple[Any, datetime]:
    """What the clock shows of a bucket, and until when: to its end, or to a change of the offset before."""
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None, "a zone has an offset at every time"
    clock = local.replace(tzinfo=None, minute=0, second=0, microsecond=0)
    if interval is Interval.HOUR:
        label: Any = (clock, offset)
        following = clock + interval.value
    else:
        label = clock.replace(hour=0)
        if interval is Interval.WEEK:
            label -= timedelta(days=label.weekday())
        if interval is Interval.MONTH:
            label = label.replace(day=1)
            following = (label + interval.value).replace(day=1)
        else:
            following = label + interval.value
    end = (following - offset).replace(tzinfo=UTC)
    return label, next((change for change in _changes_after(zone, moment) if change < end), end)


def _changes_after(zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    for year in (moment.year, moment.year + 1):
        yield from (change for change in _changes(zone, year) if change > moment)


@lru_cache(maxsize=1024)
def _changes(zone: ZoneInfo, year: int) -> tuple[datetime, ...]:
    """When the zone's offset from UTC changes in a year of UTC."""
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    samples = [first + i * SAMPLE for i in range((last - first) // SAMPLE + 1)]
    return tuple(
        _change(zone, before, after)
        for before, after in pairwise(samples)
        if _offset(zone, before) != _offset(zone, after)
    )


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second with the offset of `after`."""
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
