"""When a failed attempt is followed by the next one."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import Environment
from workers.retry import LONGEST_RETRY_AFTER, parse_retry_after, seconds_until_next

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
schedules = st.lists(st.integers(0, 86_400), min_size=1, max_size=20)
tries = st.integers(0, 30)
asked = st.none() | st.integers(0, 10**12)


@given(schedules, tries, asked)
def test_there_are_as_many_attempts_as_the_schedule_has_entries(
    schedule: list[int], tries: int, asked: int | None
) -> None:
    assert (seconds_until_next(tries, schedule, asked) is None) == (tries >= len(schedule))


@given(schedules, st.data())
def test_a_wait_is_within_a_fifth_of_the_schedule(schedule: list[int], data: st.DataObject) -> None:
    tries = data.draw(st.integers(0, len(schedule) - 1))
    wait = seconds_until_next(tries, schedule)
    assert wait is not None
    assert 0.8 * schedule[tries] <= wait <= 1.2 * schedule[tries]


@given(schedules, st.data(), st.integers(0, 10**12))
def test_a_wait_is_never_shorter_than_what_the_endpoint_asks_for_up_to_a_day(
    schedule: list[int], data: st.DataObject, asked: int
) -> None:
    tries = data.draw(st.integers(0, len(schedule) - 1))
    wait = seconds_until_next(tries, schedule, asked)
    assert wait is not None
    assert min(asked, LONGEST_RETRY_AFTER) <= wait <= max(1.2 * schedule[tries], LONGEST_RETRY_AFTER)


def test_waits_are_spread() -> None:
    assert len({seconds_until_next(1, (0, 100)) for _ in range(20)}) > 1


def test_the_default_schedule_has_ten_attempts_over_three_days() -> None:
    schedule = Environment.read(_env_file=None).webhook_retry_schedule
    assert seconds_until_next(0, schedule) == 0
    assert (len(schedule), timedelta(seconds=sum(schedule))) == (
        10,
        timedelta(hours=75, minutes=35, seconds=5),
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("0120", 120),
        ("86401", 86_400),
        ("9" * 5000, 86_400),
        ("0" * 5000 + "7", 7),
        ("Tue, 24 Nov 2026 14:00:30 GMT", 30),
        ("Tue, 24 Nov 2026 14:00:30 -0000", 30),
        ("Tue, 24 Nov 2026 15:00:30 +0100", 30),
        ("Tuesday, 24-Nov-26 14:00:30 GMT", 30),
        ("Tue Nov 24 14:00:30 2026", 30),
        ("Tue, 24 Nov 2026 13:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ],
)
def test_both_forms_of_retry_after_are_read(text: str, seconds: int) -> None:
    assert parse_retry_after(text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "٣", "Tue, 99 Nov 2026 14:00:30 GMT", "\0"])
def test_what_is_neither_form_is_no_wish(text: str) -> None:
    assert parse_retry_after(text, NOW) is None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert (parse_retry_after(text, NOW) or 0) in range(LONGEST_RETRY_AFTER + 1)


@given(st.integers(0, 86_400))
def test_a_date_is_read_back(seconds: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(text, NOW) == seconds
