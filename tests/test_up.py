"""`carrierql up`, as a user runs it: started, used, killed in parts and as a whole, and stopped."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.commands import Up, carrierql, free_port, wait_until_dead

JSON_API = "application/vnd.api+json"


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Not pytest's own: root's PostgreSQL runs as somebody who has to pass through."""
    with tempfile.TemporaryDirectory(prefix="carrierql-") as found:
        Path(found).chmod(0o711)
        yield Path(found)


@pytest.fixture(scope="module")
def first(directory: Path) -> Iterator[Up]:
    with Up.running(directory / "data") as up:
        yield up


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def shown_key(line: str) -> str:
    return line.split("key")[1].split(maxsplit=1)[0]


def graphql(up: Up, key: str, query: str) -> Any:
    answer = httpx.post(f"{up.origin}/graphql", json={"query": query}, headers=bearer(key), timeout=30)
    return answer.json()["data"]


def make_carrier(up: Up) -> dict[str, str]:
    command = ["carriers", "create", "--name", "Khmer Net", "--country", "KH", "--currency", "KHR", "--json"]
    done = carrierql(*command, "--data-dir", str(up.data_dir), cwd=up.data_dir.parent)
    assert (done.returncode, done.stderr) == (0, "")
    made: dict[str, str] = json.loads(done.stdout)
    return made


def send(up: Up, method: str, path: str, key: str, body: str | None = None) -> httpx.Response:
    """Ask again where the answer says when: a database that has just come back may refuse once."""
    headers = bearer(key) | ({"Content-Type": JSON_API} if body else {})
    for _ in range(10):
        answer = httpx.request(
            method, f"{up.origin}/carrier/v1/{path}", content=body, headers=headers, timeout=30
        )
        if answer.status_code != 503:
            return answer
        time.sleep(int(answer.headers["Retry-After"]))
    return answer


def make_account(up: Up, key: str, name: str) -> str:
    body = {"data": {"type": "account", "attributes": {"name": name}}}
    answer = send(up, "POST", "accounts", key, json.dumps(body))
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["data"]["id"]
    return identifier


def account_names(up: Up, key: str) -> list[str]:
    answer = send(up, "GET", "accounts", key)
    assert answer.status_code == 200, answer.text
    return [account["attributes"]["name"] for account in answer.json()["data"]]


def test_the_first_start_says_where_everything_is_and_shows_a_key_that_works(first: Up) -> None:
    said = first.said()
    for name, path in (("REST", "/carrier/v1"), ("GraphQL", "/graphql"), ("health", "/health/ready")):
        assert f"  {name:<13} {first.origin}{path}" in said
    key = shown_key(first.wait_for("  platform key  "))
    viewer = graphql(first, key, "{ viewer { key { role access } carrier { id } } }")["viewer"]
    assert viewer == {"key": {"role": "PLATFORM", "access": "WRITE"}, "carrier": None}


def test_a_second_up_on_the_same_data_is_refused_in_one_line(first: Up) -> None:
    port = str(free_port())
    done = carrierql("up", "--port", port, "--data-dir", str(first.data_dir), cwd=first.data_dir.parent)
    data = first.data_dir.resolve()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"carrierql: another carrierql up runs under {data}; choose a --data-dir\n"


def test_a_port_that_is_taken_is_named_before_anything_is_started(first: Up, tmp_path: Path) -> None:
    done = carrierql("up", "--port", str(first.port), "--data-dir", str(tmp_path / "other"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"carrierql: cannot listen on port {first.port} of 127.0.0.1: Address already in use\n"
    )
    assert sorted(file.name for file in (tmp_path / "other").iterdir()) == ["lock"]


def test_other_commands_find_the_database_and_a_revoked_key_stops_at_once(first: Up) -> None:
    where = ["--data-dir", str(first.data_dir)]
    made = carrierql("keys", "create", "--platform", "--json", *where, cwd=first.data_dir.parent)
    key = json.loads(made.stdout)
    assert graphql(first, key["api_key"], "{ viewer { key { id } } }") == {
        "viewer": {"key": {"id": key["id"]}}
    }
    revoked = carrierql("keys", "revoke", key["id"], *where, cwd=first.data_dir.parent)
    assert (revoked.returncode, revoked.stderr) == (0, "")
    answer = httpx.post(
        f"{first.origin}/graphql", json={"query": "{ __typename }"}, headers=bearer(key["api_key"])
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("name", "part"), [("web", "serve --fd"), ("postgres", "bin/postgres -D"), ("valkey", "valkey-server")]
)
def test_a_killed_child_comes_back_with_what_was_acknowledged(first: Up, name: str, part: str) -> None:
    carrier = make_carrier(first)
    make_account(first, carrier["api_key"], f"Before {name} died")
    before = sum(f"{name} is back" in line for line in first.said())
    os.kill(first.child(part), signal.SIGKILL)
    first.wait_for(f"{name} is back", times=before + 1)
    assert account_names(first, carrier["api_key"]) == [f"Before {name} died"]


def test_secrets_under_the_data_directory_are_for_their_owner_alone(first: Up) -> None:
    private = {
        name: (first.data_dir / name).stat().st_mode & 0o777 for name in ("secret-key", "addresses.json")
    }
    assert private == {"secret-key": 0o600, "addresses.json": 0o600}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_and_the_next_start_goes_on(
    directory: Path, signum: signal.Signals
) -> None:
    data = directory / signum.name
    with Up.running(data) as up:
        carrier = make_carrier(up)
        account = make_account(up, carrier["api_key"], "Kept")
        children = list(up.children())
        assert up.end(signum) == 0
        assert wait_until_dead(children, seconds=0) == []
        assert up.said()[-1] == "up        | stopped"
    with Up.running(data) as up:
        assert up.wait_for("  platform key  ").split("  ")[-1] == (
            "shown at the first start; another: carrierql keys create --platform"
        )
        query = f'{{ node(id: "{account}") {{ ... on Account {{ name authToken }} }} }}'
        node = graphql(up, carrier["api_key"], query)["node"]
        assert (node["name"], len(node["authToken"])) == ("Kept", 43)


def test_nothing_outlives_an_up_that_is_killed(directory: Path) -> None:
    with Up.running(directory / "killed") as up:
        children = list(up.children())
        up.end(signal.SIGKILL)
        assert wait_until_dead(children) == []
    with Up.running(directory / "killed") as up:
        assert httpx.get(f"{up.origin}/health/ready").status_code == 200


def test_a_stop_in_the_middle_of_the_start_leaves_nothing(directory: Path) -> None:
    up = Up(directory / "early")
    up.wait_for("postgres is ready")
    children = list(up.children())
    assert up.end(signal.SIGINT) == 0
    assert wait_until_dead(children, seconds=0) == []


def test_the_demo_carrier_has_everything_and_its_stream_goes_on(directory: Path) -> None:
    with Up.running(directory / "demo", "--demo") as up:
        key = shown_key(up.wait_for("  its API key  "))
        rest = {
            path: httpx.get(f"{up.origin}/carrier/v1/{path}", headers=bearer(key), timeout=30).json()["data"]
            for path in ("accounts", "phone_calls", "messages", "tts_events", "phone_numbers", "events")
        }
        types = {account["attributes"]["type"] for account in rest["accounts"]}
        assert types == {"carrier_managed", "customer_managed"}
        assert {path: len(rows) for path, rows in rest.items()} == dict.fromkeys(rest, 10) | {"accounts": 5}
        newest = rest["phone_calls"][0]["id"], rest["messages"][0]["id"]
        query = "{ phoneCalls(first: 1) { nodes { id } } messages(first: 1) { nodes { id } } }"
        up.wait_until(lambda: newest_of(graphql(up, key, query)) != newest)
        up.end(signal.SIGINT)
    with Up.running(directory / "demo", "--demo") as up:
        assert "shown at the first start" in up.wait_for("  its API key  ")
        carriers = graphql(up, new_platform_key(up), "{ carriers { nodes { name } } }")["carriers"]
        assert carriers == {"nodes": [{"name": "Mekong Telecom"}]}


def newest_of(data: Any) -> tuple[str, str]:
    return data["phoneCalls"]["nodes"][0]["id"], data["messages"]["nodes"][0]["id"]


def new_platform_key(up: Up) -> str:
    where = ["--data-dir", str(up.data_dir)]
    made = carrierql("keys", "create", "--platform", "--json", *where, cwd=up.data_dir.parent)
    key: str = json.loads(made.stdout)["api_key"]
    return key
