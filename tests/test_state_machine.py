"""REST, GraphQL and a model side by side, shortly and always the same: the long one is in `benchmarks`."""

import os
from collections.abc import AsyncIterator

import pytest

from benchmarks.side_by_side.doors import Place, place
from benchmarks.side_by_side.run import run
from tests.servers import TEMPLATE, fresh_database

CASES, STEPS = 25, 50
DONE = {"createAccount done", "createPhoneNumber done", "recordPhoneCall done", "PATCH accounts/:id 422"}


@pytest.fixture(scope="module")
async def where(broker_url: str) -> AsyncIterator[Place]:
    async with fresh_database(os.environ[TEMPLATE]) as url:
        with place(url, broker_url) as made:
            yield made


@pytest.mark.timeout(400)
def test_both_doors_show_what_the_model_says_whatever_is_done(where: Place) -> None:
    run(where, CASES, STEPS)
    assert where.answers.keys() >= DONE
