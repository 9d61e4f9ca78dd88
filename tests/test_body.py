"""A body that trickles in keeps nothing waiting for ever, at either door."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Door

JSON = {"Content-Type": "application/json"}


async def without_end() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("path", "code"), [("/carrier/v1/accounts", "timeout"), ("/graphql", "TIMEOUT")], ids=["REST", "GraphQL"]
)
async def test_a_body_that_is_not_whole_in_time_is_refused_and_its_connection_ends(
    monkeypatch: pytest.MonkeyPatch, ours: Door, path: str, code: str
) -> None:
    monkeypatch.setattr("schema.body.SECONDS", 0.05)
    headers = JSON | {"Authorization": f"Bearer {ours.key}"}
    response = await ours.http.post(path, content=without_end(), headers=headers)
    (error,) = response.json()["errors"]
    words = "the body was not whole after 0.05 s; send it at once"
    assert (response.status_code, response.headers["connection"]) == (408, "close")
    if code == "TIMEOUT":
        assert error == {"message": words, "extensions": {"code": code}}
    else:
        assert {**error, "id": ""} == {
            "id": "",
            "status": "408",
            "code": code,
            "title": "Request Timeout",
            "detail": words,
        }
