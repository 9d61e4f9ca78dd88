"""Rules 37 to 39 of the REST contract, by number: statistics of phone numbers."""

from hashlib import sha256
from typing import Any

import pytest

from tests.conftest import ORIGIN, Door, new_carrier
from tests.test_rest_every_call import UNKNOWN, sources

GROUPS = "group_by[]=country&group_by[]=region&group_by[]=locality"
AVAILABLE = "filter[available]=true&filter[type]=local"
PLACES = [
    ("AL", "Birmingham"),
    ("AL", "Birmingham"),
    ("AL", "BIRMINGHAM"),
    ("AL", "Huntsville"),
    ("AR", "Hot Springs"),
    ("AR", None),
    (None, None),
]


async def stats(door: Door, query: str) -> Any:
    response = await door.rest("GET", f"phone_numbers/stats?{query}")
    assert response.status_code == 200, response.text
    return response.json()


def counted(document: Any) -> list[tuple[Any, ...]]:
    """(region, locality in lower case, count) of each group, in order."""
    found = [row["attributes"]["statistic"] for row in document["data"]]
    return [(row["region"], row["locality"] and row["locality"].lower(), row["value"]) for row in found]


@pytest.fixture
async def stock(platform: Door) -> Door:
    """A carrier with numbers in PLACES, and three that are not available or not local."""
    door = await new_carrier(platform, "Stock", "US", "USD")
    account = await door.do("createAccount", "account", name="Rocket Rides")
    for index, (region, locality) in enumerate(PLACES):
        await new_number(door, index, region=region, locality=locality)
    await new_number(door, 97, visibility="DISABLED", region="AL", locality="Huntsville")
    await new_number(door, 98, type="MOBILE", region="AL", locality="Huntsville")
    assigned = await new_number(door, 99, region="AL", locality="Huntsville")
    await platform.do("assignPhoneNumber", "phoneNumber", id=assigned, accountId=account["id"])
    return door


async def new_number(door: Door, index: int, **more: Any) -> str:
    given = {"number": f"+1251309{5500 + index}", "type": "LOCAL", "country": "US"} | more
    row_id: str = (await door.do("createPhoneNumber", "phoneNumber", **given))["id"]
    return row_id


ALL = [
    ("AL", "birmingham", 3),
    ("AL", "huntsville", 1),
    ("AR", "hot springs", 1),
    ("AR", None, 1),
    (None, None, 1),
]


# Rule 37


@pytest.mark.parametrize(
    "groups",
    [GROUPS, "group_by[]=locality&group_by[]=country&group_by[]=region", GROUPS.replace("[]", "%5B%5D")],
)
async def test_groups_come_in_any_order(stock: Door, groups: str) -> None:
    assert counted(await stats(stock, f"{AVAILABLE}&{groups}")) == ALL


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        (AVAILABLE, "group_by"),
        (f"{AVAILABLE}&group_by[]=country", "group_by"),
        (f"{AVAILABLE}&{GROUPS}&group_by[]=type", "group_by"),
        (f"{AVAILABLE}&{GROUPS}&group_by[]=country", "group_by"),
        (f"filter[type]=local&{GROUPS}", "filter[available]"),
        (f"filter[available]=false&filter[type]=local&{GROUPS}", "filter[available]"),
        (f"filter[available]=true&{GROUPS}", "filter[type]"),
        (f"filter[available]=true&filter[type]=mobile&{GROUPS}", "filter[type]"),
        (f"{AVAILABLE}&{GROUPS}&filter[country]=", "filter[country]"),
        (f"{AVAILABLE}&{GROUPS}&filter[lata]=528", "filter[lata]"),
        (f"{AVAILABLE}&{GROUPS}&having[count][lt]=-1", "having[count][lt]"),
        (f"{AVAILABLE}&{GROUPS}&having[count][lt]=", "having[count][lt]"),
        (f"{AVAILABLE}&{GROUPS}&having[count][lt]=two", "having[count][lt]"),
    ],
)
async def test_what_stats_do_not_know_is_refused(ours: Door, query: str, parameter: str) -> None:
    response = await ours.rest("GET", f"phone_numbers/stats?{query}")
    assert (response.status_code, sources(response)) == (400, [{"parameter": parameter}])


async def test_stats_of_nothing_name_all_that_is_missing(ours: Door) -> None:
    response = await ours.rest("GET", "phone_numbers/stats")
    missing = [{"parameter": name} for name in ("filter[available]", "filter[type]", "group_by")]
    assert (response.status_code, sources(response)) == (400, missing)


@pytest.mark.parametrize(
    "having",
    [
        "having[count][like]=1",
        "having[count][lt]=1&having[count][gt]=0",
        "having[count]=1",
        "having[sum][lt]=1",
        "having[count][operator]=lt",
        "having[count][operator]=like&having[count][value]=2",
    ],
)
async def test_having_takes_exactly_one_comparison(ours: Door, having: str) -> None:
    assert (await ours.rest("GET", f"phone_numbers/stats?{AVAILABLE}&{GROUPS}&{having}")).status_code == 400


@pytest.mark.parametrize(
    ("having", "wanted"),
    [
        ("[eq]=3", [3]),
        ("[neq]=1", [3]),
        ("[gt]=0", [3, 1, 1, 1, 1]),
        ("[gteq]=3", [3]),
        ("[lt]=3", [1, 1, 1, 1]),
        ("[lteq]=1", [1, 1, 1, 1]),
        ("[lt]=0", []),
        ("[lt]=99999999999", [3, 1, 1, 1, 1]),
        ("[operator]=lt&having[count][value]=2", [1, 1, 1, 1]),
    ],
)
async def test_having_compares_the_count(stock: Door, having: str, wanted: list[int]) -> None:
    found = counted(await stats(stock, f"{AVAILABLE}&{GROUPS}&having[count]{having}"))
    assert [value for *_, value in found] == wanted


# Rule 38


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ("filter[country]=us", ALL),
        ("filter[country]=CA", []),
        ("filter[region]=ar", ALL[2:4]),
        ("filter[locality]=bIrMiNgHaM", ALL[:1]),
        ("filter[region]=AR&filter[locality]=Birmingham", []),
    ],
)
async def test_filters_do_not_regard_case(stock: Door, filters: str, wanted: list[tuple[Any, ...]]) -> None:
    assert counted(await stats(stock, f"{AVAILABLE}&{GROUPS}&{filters}")) == wanted


# Rule 39


async def test_the_id_of_a_group_is_the_hash_of_its_parts(stock: Door) -> None:
    rows = (await stats(stock, f"{AVAILABLE}&{GROUPS}"))["data"]
    parts = ["us:al:birmingham", "us:al:huntsville", "us:ar:hot springs", "us:ar", "us"]
    assert [row["id"] for row in rows] == [sha256(part.encode()).hexdigest() for part in parts]
    assert list(rows[3]) == ["id", "type", "attributes"]
    assert (rows[3]["type"], rows[3]["attributes"]) == (
        "aggregate_data",
        {"statistic": {"country": "US", "region": "AR", "locality": None, "value": 1}},
    )


async def test_pages_of_groups_go_by_their_ids(stock: Door) -> None:
    everything = sorted(row["id"] for row in (await stats(stock, f"{AVAILABLE}&{GROUPS}"))["data"])
    query, pages = f"{AVAILABLE}&{GROUPS}&page[size]=2", []
    while query:
        shown = await stats(stock, query)
        pages.append(sorted(row["id"] for row in shown["data"]))
        query = (shown["links"]["next"] or "").partition("?")[2]
    assert pages == [everything[:2], everything[2:4], everything[4:]]
    back = await stats(stock, f"{AVAILABLE}&{GROUPS}&page[size]=2&page[before]={everything[4]}")
    assert sorted(row["id"] for row in back["data"]) == everything[2:4]
    encoded = "filter%5Bavailable%5D=true&filter%5Btype%5D=local&group_by%5B%5D=country&group_by%5B%5D=region"
    assert back["links"]["prev"] == (
        f"{ORIGIN}/carrier/v1/phone_numbers/stats?{encoded}&group_by%5B%5D=locality"
        f"&page%5Bbefore%5D={everything[2]}&page%5Bsize%5D=2"
    )


@pytest.mark.parametrize("cursor", [f"page[after]={UNKNOWN}", "page[after]=%00", "page[before]=a%00b"])
async def test_a_group_that_is_not_there_gives_an_empty_page(stock: Door, cursor: str) -> None:
    shown = await stats(stock, f"{AVAILABLE}&{GROUPS}&{cursor}")
    assert shown == {"data": [], "links": {"prev": None, "next": None}}


async def test_nobody_counts_the_numbers_of_another_carrier(stock: Door, theirs: Door) -> None:
    assert len((await stats(stock, f"{AVAILABLE}&{GROUPS}"))["data"]) == len(ALL)
    assert (await stats(theirs, f"{AVAILABLE}&{GROUPS}"))["data"] == []
