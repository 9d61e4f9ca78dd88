"""A process that cannot serve all says so at once, and a carrier that floods waits for itself alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from httpx import Response
from starlette.applications import Starlette

from resolvers.admission import Admission
from tests.conftest import Door, new_carrier

PAGE = "{ phoneCalls(first: 1) { nodes { id } } }"
Small = Callable[..., Admission]


@pytest.fixture
async def small(app: Starlette) -> AsyncIterator[Small]:
    """Gives the service a queue of another size."""
    service = app.state.service

    def of(slots: int, queue: int, most: int) -> Admission:
        admission = Admission(slots, queue, most)
        app.state.service = replace(service, admission=admission)
        return admission

    yield of
    app.state.service = service


@asynccontextmanager
async def calls_locked(database_url: str) -> AsyncIterator[None]:
    """Whoever reads calls meanwhile waits."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE phone_call IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def until(admission: Admission, **figures: int) -> None:
    async with asyncio.timeout(30):
        while not figures.items() <= admission.figures().items():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.005)


def many(door: Door, count: int) -> list[asyncio.Task[Response]]:
    return [asyncio.create_task(door.rest("GET", "phone_calls")) for _ in range(count)]


def statuses(answers: list[Any]) -> list[int]:
    return [answer.status_code for answer in answers]


async def by_graphql(door: Door, query: str) -> Response:
    bearer = {"Authorization": f"Bearer {door.key}"}
    return await door.http.post("/graphql", json={"query": query}, headers=bearer)


async def test_beyond_a_full_queue_both_doors_answer_503_at_once_and_all_who_wait_are_served(
    small: Small, database_url: str, platform: Door, ours: Door, theirs: Door
) -> None:
    third = await new_carrier(platform, "Third")
    admission = small(slots=2, queue=4, most=2)
    async with calls_locked(database_url):
        asked = many(ours, 2)
        await until(admission, running=2)
        asked += many(ours, 2) + many(theirs, 2)
        await until(admission, running=2, waiting=4)
        refused = await third.rest("GET", "phone_calls")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        error = refused.json()["errors"][0]
        assert (error["code"], error["detail"]) == (
            "unavailable",
            "the service has more to do than it can; try again in 1 s",
        )
        refused = await by_graphql(third, PAGE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["errors"] == [
            {
                "message": "the service has more to do than it can; try again in 1 s",
                "extensions": {"code": "UNAVAILABLE"},
            }
        ]
    assert statuses(await asyncio.gather(*asked)) == [200] * 6
    assert (await third.rest("GET", "phone_calls")).status_code == 200
    assert admission.figures() == {"running": 0, "waiting": 0, "held": 0, "most": 2}
    figures = (await third.http.get("/metrics")).text
    assert 'carrierql_refused_total{reason="busy"}' in figures


async def test_refusals_are_held_back_while_there_are_many(
    small: Small, database_url: str, platform: Door, ours: Door, theirs: Door
) -> None:
    """Each costs what could serve somebody: without a pause a process at its limit does little but refuse."""
    third = await new_carrier(platform, "Third")
    admission = small(slots=1, queue=2, most=1)
    async with calls_locked(database_url):
        asked = many(ours, 2)
        await until(admission, running=1, waiting=1)
        asked += many(theirs, 1)
        await until(admission, running=1, waiting=2)
        refused = many(third, 50)
        async with asyncio.timeout(30):
            while admission.figures()["held"] < 10:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
        assert statuses(await asyncio.gather(*refused)) == [503] * 50
        assert admission.figures() == {"running": 1, "waiting": 2, "held": 0, "most": 1}
    assert statuses(await asyncio.gather(*asked)) == [200] * 3


async def test_a_carrier_that_holds_all_it_may_hold_keeps_nobody_else_waiting(
    small: Small, database_url: str, ours: Door, theirs: Door
) -> None:
    admission = small(slots=4, queue=8, most=2)
    async with calls_locked(database_url):
        asked = many(ours, 4)
        await until(admission, running=2, waiting=2)
        assert (await theirs.rest("GET", "accounts")).status_code == 200
        assert admission.figures() == {"running": 2, "waiting": 2, "held": 0, "most": 4}
    assert statuses(await asyncio.gather(*asked)) == [200] * 4


async def test_a_carrier_that_fills_its_half_of_the_queue_is_answered_429(
    small: Small, database_url: str, ours: Door, theirs: Door
) -> None:
    admission = small(slots=1, queue=4, most=1)
    async with calls_locked(database_url):
        asked = many(ours, 3)
        await until(admission, running=1, waiting=2)
        refused = await ours.rest("GET", "accounts")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["errors"][0]["detail"] == (
            "2 requests of your carrier are waiting for their turn; try again in 1 s"
        )
        waiting = asyncio.create_task(theirs.rest("GET", "accounts"))
        await until(admission, running=1, waiting=3)
    assert statuses(await asyncio.gather(*asked, waiting)) == [200] * 4


async def test_carriers_take_turns(small: Small, database_url: str, ours: Door, theirs: Door) -> None:
    admission = small(slots=1, queue=8, most=1)
    served: list[str] = []

    async def ask(door: Door) -> None:
        assert (await door.rest("GET", "phone_calls")).status_code == 200
        served.append("ours" if door is ours else "theirs")

    async with asyncio.TaskGroup() as group, calls_locked(database_url):
        for number, door in enumerate((ours, ours, ours, ours, theirs)):
            group.create_task(ask(door))
            await until(admission, running=1, waiting=number)
    assert served == ["ours", "ours", "theirs", "ours", "ours"]


async def test_what_takes_no_statement_is_done_in_turns_too(ours: Door, theirs: Door) -> None:
    served: list[str] = []

    async def ask(door: Door) -> None:
        assert "errors" in (await by_graphql(door, "{ refused }")).json()
        served.append("ours" if door is ours else "theirs")

    await ask(ours)
    await ask(theirs)  # several carriers ask from here on
    await asyncio.gather(*[ask(ours) for _ in range(40)], ask(theirs))
    assert served[2:].index("theirs") < 20


async def test_who_goes_while_waiting_leaves_no_gap(small: Small, database_url: str, ours: Door) -> None:
    admission = small(slots=1, queue=8, most=1)
    async with calls_locked(database_url):
        asked = many(ours, 4)
        await until(admission, running=1, waiting=3)
        for task in asked[1:3]:
            task.cancel()
        await until(admission, running=1, waiting=1)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [getattr(answer, "status_code", "gone") for answer in found] == [200, "gone", "gone", 200]
    assert admission.figures() == {"running": 0, "waiting": 0, "held": 0, "most": 1}
