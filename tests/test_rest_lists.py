"""Rules 11 to 16 of the REST contract, by number: lists, their pages, links and filters."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import ORIGIN, Door, new_call
from tests.test_rest_every_call import UNKNOWN, sources

CALLS = f"{ORIGIN}/carrier/v1/phone_calls"


async def page(door: Door, path: str) -> dict[str, Any]:
    response = await door.rest("GET", path)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


async def listed(door: Door, path: str) -> list[str]:
    return [row["id"] for row in (await page(door, path))["data"]]


@pytest.fixture
async def calls(platform: Door, account: str) -> list[str]:
    """Three calls, the newest first."""
    made = [await new_call(platform, account) for _ in range(3)]
    return made[::-1]


# Rule 11


async def test_the_newest_comes_first(ours: Door, calls: list[str]) -> None:
    assert await listed(ours, "phone_calls") == calls


async def test_rows_of_one_moment_keep_the_order_in_which_they_came(
    platform: Door, ours: Door, account: str
) -> None:
    moment = "2021-11-01T01:00:00Z"
    made = [await new_call(platform, account, createdAt=moment) for _ in range(5)]
    assert await listed(ours, "phone_calls") == made[::-1]


# Rule 12


@pytest.mark.parametrize(
    ("size", "rows"),
    [(None, 10), ("1", 1), ("11", 11), ("100", 12), ("101", 12), ("9" * 5000, 12), ("0", 1), ("-1", 1)],
)
async def test_a_page_has_ten_rows_unless_told_and_one_to_a_hundred(
    platform: Door, ours: Door, account: str, size: str | None, rows: int
) -> None:
    for _ in range(12):
        await new_call(platform, account)
    query = "" if size is None else f"?page[size]={size}"
    assert len(await listed(ours, f"phone_calls{query}")) == rows


@pytest.mark.parametrize("size", ["", "abc", "1.5", "²"])
async def test_a_size_that_is_no_number_is_not_refused(ours: Door, calls: list[str], size: str) -> None:
    found = await listed(ours, f"phone_calls?page[size]={quote(size)}")
    assert found == calls[: len(found)]
    assert found


async def test_a_page_of_more_than_a_hundred_is_a_hundred(platform: Door, ours: Door, account: str) -> None:
    for _ in range(101):
        await new_call(platform, account)
    assert len(await listed(ours, "phone_calls?page[size]=1000")) == 100


async def test_cursors_go_on_from_any_row(ours: Door, calls: list[str]) -> None:
    newest, middle, oldest = calls
    assert await listed(ours, f"phone_calls?page[after]={newest}") == [middle, oldest]
    assert await listed(ours, f"phone_calls?page[before]={oldest}") == [newest, middle]
    assert await listed(ours, f"phone_calls?page[before]={oldest}&page[size]=1") == [middle]


async def test_before_wins_over_after(ours: Door, calls: list[str]) -> None:
    newest, middle, oldest = calls
    assert await listed(ours, f"phone_calls?page[before]={middle}&page[after]={middle}") == [newest]
    assert await listed(ours, f"phone_calls?page[after]={newest}&page[before]={oldest}") == [newest, middle]


@pytest.mark.parametrize("cursor", [UNKNOWN, "no-uuid"])
@pytest.mark.parametrize("way", ["after", "before"])
async def test_a_cursor_that_is_not_there_gives_an_empty_page(
    ours: Door, calls: list[str], cursor: str, way: str
) -> None:
    assert len(await listed(ours, "phone_calls")) == len(calls)
    shown = await page(ours, f"phone_calls?page[{way}]={cursor}")
    assert shown == {"data": [], "links": {"prev": None, "next": None}}


async def test_a_foreign_cursor_gives_an_empty_page(theirs: Door, platform: Door, calls: list[str]) -> None:
    account = await theirs.do("createAccount", "account", name="Theirs")
    await new_call(platform, account["id"])
    for way in ("after", "before"):
        assert await listed(theirs, f"phone_calls?page[{way}]={calls[1]}") == []


async def test_a_cursor_goes_on_working_after_its_row_was_deleted(ours: Door) -> None:
    made = [(await ours.do("createAccount", "account", name=name))["id"] for name in ("a", "b", "c")]
    assert (await ours.rest("DELETE", f"accounts/{made[1]}")).status_code == 204
    assert await listed(ours, f"accounts?page[after]={made[1]}") == [made[0]]
    assert await listed(ours, f"accounts?page[before]={made[1]}") == [made[2]]


# Rule 13


async def test_links_of_the_pages_of_a_list(ours: Door, calls: list[str]) -> None:
    newest, middle, oldest = calls
    before, after = (f"{CALLS}?page%5B{way}%5D=" for way in ("before", "after"))
    expected = {
        "page[size]=1": (before + newest + "&page%5Bsize%5D=1", after + newest + "&page%5Bsize%5D=1"),
        "page[size]=3": (before + newest + "&page%5Bsize%5D=3", None),
        f"page[after]={newest}": (before + middle, None),
        f"page[after]={oldest}": (None, None),
        f"page[before]={newest}": (None, None),
        f"page[before]={oldest}": (None, after + middle),
        f"page[before]={oldest}&page[size]=1": (
            before + middle + "&page%5Bsize%5D=1",
            after + middle + "&page%5Bsize%5D=1",
        ),
    }
    for query, (prev, next_) in expected.items():
        shown = await page(ours, f"phone_calls?{query}")
        assert shown["links"] == {"prev": prev, "next": next_}, query


async def test_an_empty_list_has_two_nulls(ours: Door) -> None:
    assert await page(ours, "phone_calls") == {"data": [], "links": {"prev": None, "next": None}}


async def test_the_links_lead_through_the_whole_list_and_back(
    platform: Door, ours: Door, account: str
) -> None:
    made = [await new_call(platform, account) for _ in range(7)][::-1]
    shown = await page(ours, "phone_calls?page[size]=3")
    forwards = [shown["data"]]
    while shown["links"]["next"]:
        shown = await page(ours, shown["links"]["next"].partition("/carrier/v1/")[2])
        forwards.append(shown["data"])
    backwards: list[Any] = []
    while shown["links"]["prev"]:
        shown = await page(ours, shown["links"]["prev"].partition("/carrier/v1/")[2])
        backwards.insert(0, shown["data"])
    assert [[row["id"] for row in rows] for rows in forwards] == [made[:3], made[3:6], made[6:]]
    assert backwards == forwards[:2]


# Rule 14


async def test_links_repeat_every_parameter_sorted_and_encoded(
    ours: Door, platform: Door, account: str
) -> None:
    call = await new_call(platform, account, createdAt="2021-11-01T01:00:00Z")
    query = "page[size]=1&filter[from_date]=2021-11-01T00:00:00Z&fields[account]=name,status&otherThing=a+b"
    shown = await page(ours, f"phone_calls?{query}")
    assert shown["links"]["prev"] == (
        f"{CALLS}?fields%5Baccount%5D=name%2Cstatus&filter%5Bfrom_date%5D=2021-11-01T00%3A00%3A00Z"
        f"&otherThing=a+b&page%5Bbefore%5D={call}&page%5Bsize%5D=1"
    )


async def test_links_stand_on_the_origin_that_the_request_came_to(ours: Door, account: str) -> None:
    response = await ours.rest("GET", "accounts", Host="carriers.example.org")
    expected = f"https://carriers.example.org/carrier/v1/accounts?page%5Bbefore%5D={account}"
    assert response.json()["links"]["prev"] == expected


# Rule 15


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("filter[from_date]=2021-11-01T00:00:00Z&filter[to_date]=2021-11-01T00:00:00Z", True),
        ("filter[from_date]=2021-11-01&filter[to_date]=2021-11-01", True),
        ("filter[from_date]=2021-11-01T01:00:00Z", True),
        ("filter[from_date]=2021-11-01T01:00:01Z", False),
        ("filter[from_date]=2021-11-01T08:00:00%2B07:00", True),
        ("filter[from_date]=2021-11-01T08:00:01%2B07:00", False),
        ("filter[to_date]=2021-10-31T01:00:00Z", True),
        ("filter[to_date]=2021-10-31T00:59:59Z", False),
        ("filter[to_date]=2021-10-30", False),
    ],
)
async def test_dates_reach_from_the_first_to_a_day_after_the_last(
    platform: Door, ours: Door, account: str, filters: str, found: bool
) -> None:
    call = await new_call(platform, account, createdAt="2021-11-01T01:00:00Z")
    assert await listed(ours, f"phone_calls?{filters}") == ([call] if found else [])


async def test_an_end_before_the_start_is_refused(ours: Door) -> None:
    response = await ours.rest("GET", "messages?filter[from_date]=2021-11-02&filter[to_date]=2021-11-01")
    assert response.status_code == 400
    assert sources(response) == [{"parameter": "filter[to_date]"}]


@pytest.mark.parametrize(
    "date",
    ["yesterday", "2021-13-01", "2021-02-30", "0000-01-01", "9999-12-31", "99999-01-01", "%00", "1e400"],
)
@pytest.mark.parametrize("name", ["from_date", "to_date"])
async def test_a_date_that_is_none_is_refused(ours: Door, name: str, date: str) -> None:
    response = await ours.rest("GET", f"tts_events?filter[{name}]={date}")
    assert response.status_code == 400
    assert sources(response) == [{"parameter": f"filter[{name}]"}]


async def test_an_end_whose_next_day_is_out_of_range_is_refused(ours: Door) -> None:
    response = await ours.rest("GET", "tts_events?filter[to_date]=9000-12-31T23:59:59Z")
    assert response.status_code == 400
    assert sources(response) == [{"parameter": "filter[to_date]"}]


# Rule 16


async def test_filters_find_what_meets_all_of_them(platform: Door, ours: Door, account: str) -> None:
    other = (await ours.do("createAccount", "account", name="Other"))["id"]
    wanted = await new_call(platform, account, direction="INBOUND")
    for owner, direction in ((account, "OUTBOUND_API"), (other, "INBOUND")):
        await new_call(platform, owner, direction=direction)
    ended = await new_call(platform, account, direction="INBOUND")
    await platform.do("changePhoneCallStatus", "phoneCall", id=ended, status="NO_ANSWER")
    filters = f"filter[account]={account}&filter[direction]=inbound"
    assert await listed(ours, f"phone_calls?{filters}&filter[status]=queued") == [wanted]
    assert await listed(ours, f"phone_calls?{filters}&filter[status]=no-answer") == [ended]
    assert await listed(ours, f"phone_calls?{filters}") == [ended, wanted]


@pytest.mark.parametrize("resource", ["phone_calls", "messages", "tts_events"])
async def test_an_account_that_is_not_ours_has_an_empty_list(
    platform: Door, ours: Door, theirs: Door, calls: list[str], resource: str
) -> None:
    assert len(await listed(ours, "phone_calls")) == len(calls)
    foreign = (await theirs.do("createAccount", "account", name="Theirs"))["id"]
    await new_call(platform, foreign)
    for account in (foreign, UNKNOWN, "no-uuid"):
        assert await listed(ours, f"{resource}?filter[account]={account}") == []


@pytest.mark.parametrize("name", ["account", "phone_call", "from_date", "to_date"])
async def test_an_empty_filter_is_refused(ours: Door, name: str) -> None:
    response = await ours.rest("GET", f"tts_events?filter[{name}]=")
    assert response.status_code == 400
    assert sources(response) == [{"parameter": f"filter[{name}]"}]
