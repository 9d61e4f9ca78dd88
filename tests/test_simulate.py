"""`carrierql simulate`: lives that are begun at a rate and all come to their end."""

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.commands import CARRIERQL, SECRET_KEY, carrierql, clean_environment
from tests.conftest import Door

ENDED = {"COMPLETED", "NO_ANSWER", "BUSY", "FAILED", "CANCELED"}
STATUSES = "{ phoneCalls(first: 100) { nodes { status } } messages(first: 100) { nodes { status } } }"


@pytest.fixture
async def carrier(ours: Door, platform: Door, account: str) -> Door:
    """Ours, with a number that its account has."""
    number = await ours.do("createPhoneNumber", "phoneNumber", number="1294", type="SHORT_CODE", country="KH")
    await platform.do("assignPhoneNumber", "phoneNumber", id=number["id"], accountId=account)
    return ours


async def statuses(door: Door) -> dict[str, Counter[str]]:
    data: dict[str, Any] = (await door.graphql(STATUSES))["data"]
    return {name: Counter(node["status"] for node in data[name]["nodes"]) for name in data}


async def test_as_many_as_were_asked_for_come_to_their_ends_and_are_counted(
    carrier: Door, database_url: str, tmp_path: Path
) -> None:
    command = ["simulate", "--carrier", carrier.carrier_id, "--calls", "7", "--messages", "5"]
    command += ["--rate", "100", "--speed", "1000", "--json"]
    done = carrierql(*command, cwd=tmp_path, DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = await statuses(carrier)
    assert told == {
        "calls": {status.lower(): count for status, count in found["phoneCalls"].items()},
        "messages": {status.lower(): count for status, count in found["messages"].items()},
        "failures": 0,
    }
    assert (found["phoneCalls"].total(), found["messages"].total()) == (7, 5)
    assert set(found["phoneCalls"]) <= ENDED


async def test_ctrl_c_brings_what_has_begun_to_its_end(
    carrier: Door, database_url: str, tmp_path: Path
) -> None:
    command = ("simulate", "--carrier", carrier.carrier_id, "--calls", "1000", "--speed", "0.1")
    process = await asyncio.create_subprocess_exec(
        *CARRIERQL,
        *command,
        cwd=tmp_path,
        env=clean_environment(DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY),
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(60):
        while not (await statuses(carrier))["phoneCalls"]:  # noqa: ASYNC110  another process's doing
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, complaint = await process.communicate()
    assert process.returncode == 0, complaint
    calls = (await statuses(carrier))["phoneCalls"]
    assert set(calls) <= ENDED
    assert said.decode().startswith(f"{calls.total()} call")


def test_a_carrier_without_a_number_is_told_what_is_missing(
    ours: Door, database_url: str, tmp_path: Path
) -> None:
    command = ["simulate", "--carrier", ours.carrier_id]
    done = carrierql(*command, cwd=tmp_path, DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"carrierql: carrier {ours.carrier_id} has no phone number that is assigned to an account: "
        "make an account and a number, and assign it\n"
    )


def test_seconds_and_counts_do_not_go_together(tmp_path: Path) -> None:
    done = carrierql("simulate", "--seconds", "5", "--calls", "3", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give either --seconds, or --calls and --messages" in done.stderr
