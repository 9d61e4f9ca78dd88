"""The wall, tried where no packet can leave: `walled.py` in a network namespace that has loopback alone."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.walled import PUBLIC

pytestmark = pytest.mark.debian
MAY_NOT = "which webhooks may not reach"
PRIVATE = {
    "127.0.0.1": "127.0.0.1",
    "10.1.2.3": "10.1.2.3",
    "172.16.0.1": "172.16.0.1",
    "192.168.1.1": "192.168.1.1",
    "100.64.0.1": "100.64.0.1",
    "[::1]": "::1",
    "[fd00::1]": "fd00::1",
    "[64:ff9b::a01:203]": "64:ff9b::a01:203",
    "[2606:2800::5efe:a01:203]": "2606:2800::5efe:a01:203",
    "[::ffff:127.0.0.1]": "127.0.0.1",
    "[::ffff:10.1.2.3]": "10.1.2.3",
}
REACHED = {"93.184.216.34": "93.184.216.34", "[2606:2800::1]": "2606:2800::1"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.walled"]
    done = subprocess.run(
        [*command, tmp_path_factory.mktemp("walled")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def reached(attempts: dict[str, Any]) -> dict[str, str]:
    """By the host of the URL, the address where a connection arrived; each was answered."""
    assert all(bool(arrived) == (ending == 204) for ending, arrived in attempts.values())
    return {host: arrived[0] for host, (_, arrived) in attempts.items() if arrived}


def test_without_a_wall_every_address_is_reached(found: dict[str, Any]) -> None:
    assert len(reached(found["without a wall"])) == len(found["without a wall"]) == 27
    assert found["rebinding without a wall"] == [[204, ["93.184.216.34"]], [204, ["127.0.0.1"]]]


def test_only_public_addresses_are_reached(found: dict[str, Any]) -> None:
    assert reached(found["refused"]) == REACHED
    refusals = [ending for ending, arrived in found["refused"].values() if not arrived]
    assert len(refusals) == 25
    assert all(refusal.endswith(MAY_NOT) for refusal in refusals)


def test_private_addresses_may_be_allowed_and_metadata_never(found: dict[str, Any]) -> None:
    assert reached(found["private allowed"]) == REACHED | PRIVATE
    assert found["private allowed"]["169.254.169.254"] == [
        f"169.254.169.254 is a cloud's metadata address, {MAY_NOT}",
        [],
    ]


def test_a_name_leads_only_to_the_address_that_was_checked(found: dict[str, Any]) -> None:
    public = [204, [PUBLIC[0]]]
    refused = [f"the host name is refused: 127.0.0.1 is a loopback address, {MAY_NOT}", []]
    rebinding = [attempt for name, *attempt in found["names"] if name == "rebinding.test"]
    assert rebinding == [public, refused] * 5
    others = {name: attempt for name, *attempt in found["names"] if name != "rebinding.test"}
    assert others == {
        "public.test": public,
        "public6.test": [204, [PUBLIC[1]]],
        "mixed.test": public,
        "inner.test": [f"the host name is refused: 10.1.2.3 is a private address, {MAY_NOT}", []],
        "metadata.test": [
            f"the host name is refused: 169.254.169.254 is a cloud's metadata address, {MAY_NOT}",
            [],
        ],
        "mapped.test": [
            f"the host name is refused: ::ffff:7f00:1 carries 127.0.0.1, a loopback address, {MAY_NOT}",
            [],
        ],
    }
