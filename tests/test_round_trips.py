"""How often a call waits for PostgreSQL, counted on the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from app import create_app
from settings import Settings
from tests.conftest import ORIGIN, Door, new_call
from tests.test_keys import remembers
from tests.wire import Wire

WARM = 3  # calls after which statements are prepared, operations compiled and the key is known
NESTED = (
    """{ accounts(first: 5) { nodes { name phoneCalls(first: 2) { nodes { to account { name } } } } } }"""
)


@pytest.fixture
async def wire(database_url: str, tmp_path: Path) -> AsyncIterator[Wire]:
    async with Wire(database_url, tmp_path).open() as found:
        yield found


@pytest.fixture
async def counted(wire: Wire, ours: Door, broker_url: str) -> AsyncIterator[Door]:
    """Our door to an application whose every statement goes over the wire."""
    settings = Settings.read(database_url=wire.url, broker_url=broker_url, secret_key="k" * 32)
    application = create_app(settings)
    async with (
        application.router.lifespan_context(application),
        AsyncClient(transport=ASGITransport(app=application), base_url=ORIGIN) as http,
    ):
        await remembers(application)
        yield replace(ours, http=http)


@pytest.mark.parametrize(
    "path", ["phone_calls", "phone_calls?page[size]=2&filter[status]=queued", "phone_calls?include=account"]
)
async def test_a_page_costs_one_round_trip_with_its_key_check(
    wire: Wire, counted: Door, platform: Door, account: str, path: str
) -> None:
    for _ in range(3):
        await new_call(platform, account)
    for _ in range(WARM):
        await counted.rest("GET", path)
    with wire.counted() as trips:
        assert len((await counted.rest("GET", path)).json()["data"]) >= 2
    assert trips == [1]


async def test_a_record_costs_one_round_trip(wire: Wire, counted: Door, account: str) -> None:
    for _ in range(WARM):
        await counted.rest("GET", f"accounts/{account}")
    with wire.counted() as trips:
        assert (await counted.rest("GET", f"accounts/{account}")).status_code == 200
    assert trips == [1]


async def test_a_write_costs_its_statement_and_its_answer_and_the_entry_nothing(
    wire: Wire, counted: Door, platform: Door, account: str
) -> None:
    call = await new_call(platform, account)
    price = {"data": {"type": "phone_call", "id": call, "attributes": {"price": "-0.05"}}}
    for number in range(1290, 1290 + WARM + 1):
        with wire.counted() as creating:
            await counted.do("createPhoneNumber", "phoneNumber", number=str(number), type="SHORT_CODE")
        with wire.counted() as pricing:
            assert (await counted.rest("PATCH", f"phone_calls/{call}", price)).status_code == 200
    assert (creating, pricing) == ([2], [2])


async def test_lists_within_a_list_cost_one_round_trip_more(
    wire: Wire, counted: Door, platform: Door, account: str
) -> None:
    await new_call(platform, account)
    await new_call(platform, str((await counted.do("createAccount", "account", name="Second"))["id"]))
    for _ in range(WARM):
        await counted.graphql(NESTED)
    with wire.counted() as trips:
        assert len((await counted.graphql(NESTED))["data"]["accounts"]["nodes"]) == 2
    assert trips == [2]


async def test_a_new_number_costs_three_round_trips_at_most_with_its_key_check(
    wire: Wire, counted: Door
) -> None:
    new = (f"8551233{serial:04}" for serial in count())

    async def by_rest() -> None:
        attributes = {"number": next(new), "type": "mobile", "country": "KH"}
        body = {"data": {"type": "phone_number", "attributes": attributes}}
        answer = await counted.rest("POST", "phone_numbers", body)
        assert answer.status_code == 201, answer.text

    async def by_graphql() -> None:
        await counted.do("createPhoneNumber", "phoneNumber", number=next(new), type="MOBILE")

    for write in (by_rest, by_graphql):
        assert await trips(wire, write) <= 3


async def test_a_price_costs_two_round_trips_at_most_with_its_key_check(
    wire: Wire, counted: Door, platform: Door, account: str
) -> None:
    call = await new_call(platform, account)

    async def by_rest() -> None:
        body = {"data": {"id": call, "type": "phone_call", "attributes": {"price": "-0.05"}}}
        answer = await counted.rest("PATCH", f"phone_calls/{call}", body)
        assert answer.status_code == 200, answer.text

    async def by_graphql() -> None:
        done = await counted.payload("updatePhoneCall", "phoneCall", "{ price }", id=call, price="-0.06")
        assert done["phoneCall"]["price"] == "-0.06"

    for write in (by_rest, by_graphql):
        assert await trips(wire, write) <= 2


async def trips(wire: Wire, write: Callable[[], Awaitable[None]]) -> int:
    """How often a write waits for PostgreSQL once it is warm."""
    for _ in range(WARM):
        await write()
    with wire.counted() as counted:
        await write()
    return counted[0]
