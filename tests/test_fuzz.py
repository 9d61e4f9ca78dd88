"""The fuzz, short and always the same: `python -m benchmarks.fuzz` is the long one."""

import os
from collections.abc import AsyncIterator, Callable

import pytest

from benchmarks.fuzz import graphql, rest
from benchmarks.fuzz.findings import Findings
from benchmarks.fuzz.site import Site, site
from tests.servers import TEMPLATE, fresh_database

CASES, SEED, SECONDS = 400, 5, 200


@pytest.fixture(scope="module")
async def place(broker_url: str) -> AsyncIterator[Site]:
    async with fresh_database(os.environ[TEMPLATE]) as url:
        with site(url, broker_url) as made:
            yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fuzz", [rest.fuzz, graphql.fuzz], ids=["rest", "graphql"])
def test_whatever_is_sent_is_answered_as_documented(
    place: Site, fuzz: Callable[[Site, Findings], None]
) -> None:
    findings = Findings(CASES, SEED, SECONDS)
    fuzz(place, findings)
    assert findings.failures == {}, findings.report()
    assert findings.done == CASES
