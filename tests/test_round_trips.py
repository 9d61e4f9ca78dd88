"""How often a call waits for PostgreSQL, counted on the wire."""

from collections.abc import AsyncIterator
from dataclasses import replace
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
