"""If-Match: a write is done to what its sender has seen, or not at all."""

import asyncio
from typing import Any

import pytest
from httpx import Response

from tests.conftest import Door
from tests.test_rest_accounts import attributes_of, create, update
from tests.test_rest_every_call import UNKNOWN, shown


async def tag(door: Door, account: str) -> str:
    return str((await door.rest("GET", f"accounts/{account}")).headers["ETag"])


async def rename(door: Door, account: str, name: str, match: str, **headers: str) -> Response:
    data = {"type": "account", "id": account, "attributes": {"name": name}}
    return await door.rest("PATCH", f"accounts/{account}", {"data": data}, If_Match=match, **headers)


async def test_the_tag_of_the_present_state_lets_a_write_in_once(ours: Door) -> None:
    metadata = {"é": [1.5, {"b": None}], "a": 2**53}
    account = (await create(ours, name="Bob Cats", metadata=metadata)).json()["data"]["id"]
    seen = await tag(ours, account)
    assert (await rename(ours, account, "New", f'"other", {seen}')).status_code == 200
    late = await rename(ours, account, "Newer", seen)
    assert late.status_code == 412
    (error,) = shown(late)
    assert (error["code"], error["source"]) == ("precondition_failed", {"header": "If-Match"})
    assert (await attributes_of(ours, account))["name"] == "New"
    assert (await ours.rest("DELETE", f"accounts/{account}", If_Match=seen)).status_code == 412
    present = await tag(ours, account)
    assert (await ours.rest("DELETE", f"accounts/{account}", If_Match=present)).status_code == 204


@pytest.mark.parametrize("match", ["*", 'W/"x"'])
async def test_what_is_not_there_is_not_found(ours: Door, theirs: Door, account: str, match: str) -> None:
    assert (await rename(theirs, account, "Mine", match)).status_code == 404
    assert (await rename(ours, UNKNOWN, "Mine", match)).status_code == 404
    assert (await rename(ours, account, "New", "*")).status_code == 200


async def test_of_two_at_once_with_one_tag_one_wins(ours: Door, account: str) -> None:
    seen = await tag(ours, account)
    answers = await asyncio.gather(*(rename(ours, account, f"Name {n}", seen) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]


async def test_a_retry_with_a_key_gets_its_answer_though_the_tag_is_old_by_then(
    ours: Door, account: str
) -> None:
    seen = await tag(ours, account)
    first = await rename(ours, account, "New", seen, Idempotency_Key="once")
    again = await rename(ours, account, "New", seen, Idempotency_Key="once")
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


async def test_merges_at_once_lose_no_key(ours: Door, account: str) -> None:
    merges: list[dict[str, Any]] = [{"shared": {f"k{n}": n}} for n in range(20)]
    await asyncio.gather(*(update(ours, account, metadata=merge) for merge in merges))
    assert (await attributes_of(ours, account))["metadata"] == {"shared": {f"k{n}": n for n in range(20)}}
