"""Statistics equal the rows that the same filter lists: exact examples, and recomputed for any question."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from dateutil.parser import isoparse
from hypothesis import given, settings
from hypothesis import strategies as st

from models import numbering
from tests.conftest import Door, new_call, new_carrier, new_message
from workers import countries

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Asia/Phnom_Penh",
]
# Around midnights, changes of clocks and half hours of these zones, within a year of hours.
MOMENTS = [
    "2010-11-07T02:29:59.999Z",
    "2010-11-07T02:30:00Z",  # St John's: November 7
    "2010-11-07T02:31:00Z",  # put back to November 6
    "2010-11-07T03:30:00Z",  # November 7 again
    "2010-12-31T18:14:59.999Z",
    "2010-12-31T18:15:00Z",  # Kathmandu: 2011
    "2010-12-31T23:59:59.999Z",
    "2011-01-01T00:00:00Z",
    "2011-03-27T00:59:59.999Z",
    "2011-03-27T01:00:00Z",  # Berlin: put forward
    "2011-03-27T21:59:59.999Z",
    "2011-03-27T22:00:00Z",  # Berlin: March 28
    "2011-04-02T14:59:59.999Z",
    "2011-04-02T15:00:00Z",  # Lord Howe Island: put back by half an hour
    "2011-04-02T15:29:59.999Z",
    "2011-04-02T15:30:00Z",
    "2011-10-30T00:30:00Z",
    "2011-10-30T01:30:00Z",  # Berlin: 2:30 for the second time
]
NUMBERS = ["+85512334667", "+12015550123", "2442", "+4930123456"]
ANSWERED = {"IN_PROGRESS", "COMPLETED"}
ENDED = {"BUSY", "FAILED", "NO_ANSWER", "COMPLETED", "CANCELED"}
CALLS = [
    ("COMPLETED", "INBOUND"),
    ("BUSY", "OUTBOUND_API"),
    ("COMPLETED", "OUTBOUND_DIAL"),
    ("RINGING", "INBOUND"),
]
MESSAGES = [
    ("DELIVERED", "OUTBOUND"),
    ("FAILED", "OUTBOUND_API"),
    ("RECEIVED", "INBOUND"),
    ("DELIVERED", "INBOUND"),
]
GROUPS = ["ACCOUNT", "DIRECTION", "STATUS", "COUNTRY"]
CALL_FIELDS = """id start account { id } direction status country count answered seconds answerSeizureRatio
  averageSeconds charges { currency amount }"""
MESSAGE_FIELDS = """id start account { id } direction status country count delivered failed deliveryRatio
  charges { currency amount }"""
ROW_FIELDS = "id to from direction status price priceUnit createdAt account { id }"


async def stats(door: Door, name: str, fields: str, **asked: Any) -> list[dict[str, Any]]:
    answer = await ask(door, name, fields, **asked)
    assert "errors" not in answer, answer
    nodes: list[dict[str, Any]] = answer["data"][name]["nodes"]
    return nodes


async def ask(door: Door, name: str, fields: str, **asked: Any) -> dict[str, Any]:
    kind = {"phoneCallStats": "PhoneCall", "messageStats": "Message", "ttsStats": "TtsEvent"}[name]
    group = "TtsGroup" if name == "ttsStats" else "InteractionGroup"
    text = f"""query($filter: {kind}Filter, $groupBy: [{group}!], $interval: StatisticInterval,
        $timeZone: String, $first: Int, $after: String, $last: Int, $before: String) {{
      {name}(filter: $filter, groupBy: $groupBy, interval: $interval, timeZone: $timeZone,
        first: $first, after: $after, last: $last, before: $before) {{
        nodes {{ {fields} }} edges {{ cursor }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    last = asked.get("last")
    return await door.graphql(text, **({"first": None if last else 1000} | asked))


@pytest.fixture(scope="module")
async def charts(platform: Door) -> dict[str, Any]:
    """Calls and messages of two carriers with two currencies, at all MOMENTS; and which were answered."""
    accounts = []
    for name, country, currency in (("Charts", "KH", "KHR"), ("Diagrams", "US", "USD")):
        door = await new_carrier(platform, name, country, currency)
        accounts += [(await door.do("createAccount", "account", name=n))["id"] for n in ("A", "B")]
    answered = set()
    for i, moment in enumerate(MOMENTS * 2):
        account, number = accounts[i % 4], NUMBERS[i * 7 // 3 % 4]
        status, direction = CALLS[i * 5 // 3 % 4]
        ends = {"from": number, "to": "2442"} if direction == "INBOUND" else {"to": number, "from": "2442"}
        duration = {"duration": i} if status == "COMPLETED" else {}
        call = await new_call(
            platform, account, **ends, **duration, status=status, direction=direction, createdAt=moment
        )
        if status == "RINGING" and i % 3:
            for step in ("IN_PROGRESS", "BUSY")[: i % 3]:
                await platform.do("changePhoneCallStatus", "phoneCall", id=call, status=step)
        if (status in ANSWERED) or (status == "RINGING" and i % 3):
            answered.add(call)
        status, direction = MESSAGES[i * 5 // 3 % 4]
        message = await new_message(
            platform, account, status=status, direction=direction, createdAt=moment, **ends
        )
        if i % 5:
            await platform.do("updatePhoneCall", "phoneCall", id=call, price=f"-{i}.00{i:04}")
            await platform.do("updateMessage", "message", id=message, price=f"-0.0{i}")
    return {"accounts": accounts, "answered": answered}


def label(moment: datetime, interval: str | None, zone: str) -> Any:
    """What the zone's clock shows of a bucket."""
    if interval is None:
        return None
    local = moment.astimezone(ZoneInfo(zone))
    if interval == "HOUR":
        return local.strftime("%Y-%m-%d %H %z")
    if interval == "WEEK":
        return local.isocalendar()[:2]
    return local.strftime("%Y-%m" if interval == "MONTH" else "%Y-%m-%d")


def country(row: dict[str, Any]) -> str | None:
    return numbering.country_outside(row["direction"] == "INBOUND", row["to"], row["from"])


def charges(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["price"] is not None:
            found[row["priceUnit"]] += Decimal(row["price"])
    return dict(sorted(found.items()))


def of_calls(rows: list[dict[str, Any]], answered: set[str]) -> dict[str, Any]:
    picked_up = sum(row["id"] in answered for row in rows)
    ended = sum(row["status"] in ENDED for row in rows)
    seconds = sum(row["duration"] or 0 for row in rows)
    return {
        "count": len(rows),
        "answered": picked_up,
        "seconds": seconds,
        "answerSeizureRatio": picked_up / ended if ended else None,
        "averageSeconds": seconds / picked_up if picked_up else None,
        "charges": charges(rows),
    }


def of_messages(rows: list[dict[str, Any]], _: set[str]) -> dict[str, Any]:
    delivered, failed = (sum(row["status"] == status for row in rows) for status in ("DELIVERED", "FAILED"))
    settled = delivered + failed
    return {
        "count": len(rows),
        "delivered": delivered,
        "failed": failed,
        "deliveryRatio": delivered / settled if settled else None,
        "charges": charges(rows),
    }


KINDS: dict[str, Any] = {
    "phoneCallStats": ("phoneCalls", "PhoneCallFilter", CALL_FIELDS, f"{ROW_FIELDS} duration", of_calls),
    "messageStats": ("messages", "MessageFilter", MESSAGE_FIELDS, ROW_FIELDS, of_messages),
}
DATES = st.sampled_from([None, *MOMENTS, "2010-11-07T02:31:00.0005Z"])


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(KINDS)),
    groups=st.lists(st.sampled_from(GROUPS), unique=True),
    interval=st.sampled_from([None, "HOUR", "DAY", "WEEK", "MONTH"]),
    zone=st.sampled_from(ZONES),
    from_date=DATES,
    to_date=DATES,
    account=st.sampled_from([None, 0, 1, 2, 3]),
    status=st.sampled_from([None, None, 0, 1]),
    direction=st.sampled_from([None, None, "INBOUND"]),
)
async def test_statistics_equal_the_rows_that_the_same_filter_lists(
    platform: Door,
    charts: dict[str, Any],
    name: str,
    groups: list[str],
    interval: str | None,
    zone: str,
    from_date: str | None,
    to_date: str | None,
    account: int | None,
    status: int | None,
    direction: str | None,
) -> None:
    listed, filter_type, fields, row_fields, measure = KINDS[name]
    states = {"phoneCallStats": ("COMPLETED", "BUSY"), "messageStats": ("DELIVERED", "FAILED")}[name]
    filter_ = {
        "fromDate": from_date or MOMENTS[0],
        "toDate": to_date or MOMENTS[-1],
        "account": None if account is None else charts["accounts"][account],
        "status": None if status is None else states[status],
        "direction": direction,
    }
    text = f"query($f: {filter_type}) {{ {listed}(filter: $f, first: 100) {{ nodes {{ {row_fields} }} }} }}"
    rows = (await platform.graphql(text, f=filter_))["data"][listed]["nodes"]
    found = await stats(
        platform, name, fields, filter=filter_, groupBy=groups, interval=interval, timeZone=zone
    )
    grouped: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        keys = {"ACCOUNT": row["account"]["id"], "DIRECTION": row["direction"], "STATUS": row["status"]}
        keys |= {"COUNTRY": country(row)}
        bucket = label(isoparse(row["createdAt"]), interval, zone)
        grouped[bucket, *[keys[group] if group in groups else None for group in GROUPS]].append(row)
    shown = {}
    for node in found:
        start = node["start"] and isoparse(node["start"])
        bucket = start and label(start, interval, zone)
        assert start is None or label(start - timedelta(milliseconds=1), interval, zone) != bucket
        parts = (
            node["account"] and node["account"]["id"],
            node["direction"],
            node["status"],
            node["country"],
        )
        node["charges"] = {part["currency"]: Decimal(part["amount"]) for part in node["charges"]}
        shown[bucket, *parts] = node
    assert len(shown) == len(found) == len({node["id"] for node in found})
    assert {
        key: {part: value for part, value in node.items() if part in measure(rows, set())}
        for key, node in shown.items()
    } == {key: measure(rows, charts["answered"]) for key, rows in grouped.items()}
    assert found == sorted(found, key=lambda node: node["start"] or "")


async def test_a_day_is_as_long_as_the_clock_of_its_zone_makes_it(
    ours: Door, platform: Door, account: str
) -> None:
    for moment in ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999Z", "2026-03-29T22:00:00Z"):
        await new_call(platform, account, createdAt=moment)
    found = await stats(ours, "phoneCallStats", "start count", interval="DAY", timeZone="Europe/Berlin")
    assert found == [
        {"start": "2026-03-28T23:00:00Z", "count": 2},
        {"start": "2026-03-29T22:00:00Z", "count": 1},
    ]


async def test_an_hour_that_the_clock_shows_twice_is_two_and_a_skipped_date_is_none(
    ours: Door, platform: Door, account: str
) -> None:
    for moment in (
        "2025-11-02T05:59:59Z",
        "2025-11-02T06:00:00Z",
        "2011-12-30T09:00:00Z",
        "2011-12-30T10:00:00Z",
    ):
        await new_message(platform, account, createdAt=moment)
    recent = {"fromDate": "2025-01-01T00:00:00Z"}
    asked = {"filter": recent, "interval": "HOUR", "timeZone": "America/New_York"}
    assert await stats(ours, "messageStats", "start count", **asked) == [
        {"start": "2025-11-02T05:00:00Z", "count": 1},
        {"start": "2025-11-02T06:00:00Z", "count": 1},
    ]
    old = {"toDate": "2012-01-01T00:00:00Z"}
    asked = {"filter": old, "interval": "DAY", "timeZone": "Pacific/Apia"}
    assert await stats(ours, "messageStats", "start count", **asked) == [
        {"start": "2011-12-29T10:00:00Z", "count": 1},  # December 29; there was no 30th
        {"start": "2011-12-30T10:00:00Z", "count": 1},  # December 31
    ]


async def test_a_statistic_has_all_measures_and_its_account(ours: Door, platform: Door, account: str) -> None:
    call = await new_call(platform, account, status="COMPLETED", duration=61)
    await new_call(platform, account, status="COMPLETED", duration=0)
    await new_call(platform, account, status="NO_ANSWER", to="+12015550123")
    await new_call(platform, account, status="RINGING", **{"direction": "INBOUND", "from": "+12015550123"})
    await ours.do("updatePhoneCall", "phoneCall", id=call, price="-0.123456")
    fields = f"{CALL_FIELDS} account {{ name phoneCalls {{ nodes {{ duration }} }} }}"
    answer = await ours.graphql(f"{{ phoneCallStats(groupBy: ACCOUNT) {{ nodes {{ {fields} }} }} }}")
    (found,) = answer["data"]["phoneCallStats"]["nodes"]
    found.pop("id")
    listed = {"nodes": [{"duration": None}, {"duration": 0}, {"duration": 0}, {"duration": 61}]}
    assert found == {
        "start": None,
        "account": {"id": account, "name": "Rocket Rides", "phoneCalls": listed},
        "direction": None,
        "status": None,
        "country": None,
        "count": 4,
        "answered": 2,
        "seconds": 61,
        "answerSeizureRatio": 2 / 3,
        "averageSeconds": 30.5,
        "charges": [{"currency": "KHR", "amount": "-0.123456"}],
    }
    by_country = await stats(ours, "phoneCallStats", "country count", groupBy=["COUNTRY"])
    assert by_country == [{"country": "KH", "count": 2}, {"country": "US", "count": 2}]


async def test_tts_events_are_summed_by_voice(ours: Door, platform: Door, account: str) -> None:
    call = await new_call(platform, account)
    for voice, characters in (("Basic.Kal", 5), ("Basic.Slt", 7), ("Basic.Kal", 11)):
        given_ = {"phoneCallId": call, "voice": voice, "characters": characters}
        await platform.do("recordTtsEvent", "ttsEvent", **given_)
    found = await stats(
        ours,
        "ttsStats",
        "account { id } voice count characters",
        groupBy=["VOICE"],
        filter={"phoneCall": call},
    )
    assert found == [
        {"account": None, "voice": "Basic.Kal (Male, en-US)", "count": 2, "characters": 16},
        {"account": None, "voice": "Basic.Slt (Female, en-US)", "count": 1, "characters": 7},
    ]
    today = datetime.now(UTC).date()
    (found_day,) = await stats(
        ours, "ttsStats", "start account { id } count", interval="DAY", groupBy=["ACCOUNT"]
    )
    assert isoparse(found_day["start"]).date() in (today, today - timedelta(days=1))
    assert (found_day["account"], found_day["count"]) == ({"id": account}, 3)


async def test_pages_walk_the_groups_in_both_directions(ours: Door, platform: Door, account: str) -> None:
    for day in range(1, 8):
        await new_call(platform, account, createdAt=f"2026-03-0{day}T12:00:00Z")
    asked: dict[str, Any] = {"interval": "DAY", "groupBy": ["STATUS"]}
    everything = await stats(ours, "phoneCallStats", "id start", **asked)
    assert [node["start"][8:10] for node in everything] == ["01", "02", "03", "04", "05", "06", "07"]
    seen, cursor = [], None
    while True:
        answer = await ask(ours, "phoneCallStats", "id start", **asked, first=3, after=cursor)
        page = answer["data"]["phoneCallStats"]
        seen += page["nodes"]
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        cursor = page["pageInfo"]["endCursor"]
        assert page["edges"][-1]["cursor"] == cursor
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == everything
    answer = await ask(ours, "phoneCallStats", "id start", **asked, last=2, before=cursor)
    page = answer["data"]["phoneCallStats"]
    assert page["nodes"] == everything[4:6]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, True)
    for wrong in ("nonsense", "W10=", "WzEsMl0=", "é"):
        answer = await ask(ours, "phoneCallStats", "id", **asked, after=wrong)
        assert answer["data"]["phoneCallStats"]["nodes"] == []


async def test_a_cursor_works_after_its_group_is_gone(ours: Door, platform: Door, account: str) -> None:
    await new_call(platform, account, status="BUSY")
    ringing = await new_call(platform, account, status="RINGING")
    await new_call(platform, account, status="NO_ANSWER")
    answer = await ask(ours, "phoneCallStats", "status", groupBy=["STATUS"], first=2)
    page = answer["data"]["phoneCallStats"]
    assert [node["status"] for node in page["nodes"]] == ["BUSY", "NO_ANSWER"]
    await platform.do("changePhoneCallStatus", "phoneCall", id=ringing, status="FAILED")
    before = page["pageInfo"]["endCursor"]
    assert await stats(ours, "phoneCallStats", "status", groupBy=["STATUS"], before=before) == [
        {"status": "BUSY"},
        {"status": "FAILED"},
    ]


@pytest.mark.parametrize(
    ("asked", "argument", "message"),
    [
        (
            {"timeZone": "Mars/Olympus", "interval": "DAY"},
            "timeZone",
            "timeZone 'Mars/Olympus' is no time zone; give an IANA name such as \"Asia/Phnom_Penh\"",
        ),
        ({"timeZone": "../../etc/passwd"}, "timeZone", None),
        ({"timeZone": "localtime"}, "timeZone", None),
        ({"timeZone": "a" * 5000}, "timeZone", None),
        ({"timeZone": "\x00"}, "timeZone", None),
        ({"first": 1001}, "first", "first is 1001; a page has 1 to 1000 rows"),
        (
            {"interval": "HOUR"},
            "interval",
            (
                "there are more than 10000 buckets of one HOUR from 2020-01-01 to 2026-01-01; "
                "narrow fromDate and toDate or take a longer interval"
            ),
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence(
    ours: Door, platform: Door, account: str, asked: dict[str, Any], argument: str, message: str | None
) -> None:
    for year in (2020, 2026):
        await new_call(platform, account, createdAt=f"{year}-01-01T00:00:00Z")
    (error,) = (await ask(ours, "phoneCallStats", "count", **asked))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}
    assert message is None or error["message"] == message


async def test_more_than_an_int_holds_is_refused_in_a_sentence(
    database_url: str, ours: Door, account: str
) -> None:
    fill = """INSERT INTO phone_call (id, created_at, updated_at, carrier_id, account_id,
                                      "to", from_, direction, status, duration, country)
              SELECT ('019a0000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, now(), now(), $1, $2,
                     '1', '2', 'inbound', 'completed', 600000, ''
              FROM generate_series(1, 4000) i"""
    connection = await asyncpg.connect(database_url)
    await connection.execute(fill, ours.carrier_id, account)
    await connection.close()
    (error,) = (await ask(ours, "phoneCallStats", "seconds"))["errors"]
    assert error["message"] == (
        "seconds is 2400000000 here, more than an Int holds; narrow the filter or group by more"
    )


async def test_countries_of_rows_from_before_the_column_are_filled_in(
    ours: Door, platform: Door, account: str, database_url: str
) -> None:
    await new_call(platform, account, to="+12015550123")
    await new_message(platform, account, to="2442")
    connection = await asyncpg.connect(database_url)
    for table in ("phone_call", "message"):
        forget = f"UPDATE {table} SET country = NULL WHERE carrier_id = $1"
        await connection.execute(forget, ours.carrier_id)
    assert await stats(ours, "phoneCallStats", "country count", groupBy=["COUNTRY"]) == [
        {"country": None, "count": 1}
    ]
    assert await countries.fill(connection) == 2
    assert await countries.fill(connection) == 0
    await connection.close()
    assert await stats(ours, "phoneCallStats", "country", groupBy=["COUNTRY"]) == [{"country": "US"}]
    assert await stats(ours, "messageStats", "country", groupBy=["COUNTRY"]) == [{"country": None}]
