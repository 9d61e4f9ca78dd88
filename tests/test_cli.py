"""The commands that make, show and change things, as processes against a real database."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from models import key_token
from schema.root import schema
from tests.commands import SECRET_KEY, carrierql, free_port
from tests.servers import fresh_database

NOBODY = "00000000-0000-7000-8000-000000000000"
COMMANDS = [
    ["up"],
    ["serve"],
    ["migrate"],
    ["carriers"],
    ["carriers", "create"],
    ["keys"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "rotate"],
    ["keys", "revoke"],
    ["schema"],
    ["webhooks"],
    ["webhooks", "listen"],
    ["webhooks", "resume"],
    ["simulate"],
    ["backup"],
    ["restore"],
]
CREATE_CARRIER = ["carriers", "create", "--name", "Khmer Net", "--country", "KH", "--currency", "KHR"]


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_every_command_explains_itself(command: list[str], tmp_path: Path) -> None:
    done = carrierql(*command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: {' '.join(['carrierql', *command])} " in done.stdout


def test_a_carrier_is_made_with_its_first_key(database_url: str, tmp_path: Path) -> None:
    done = carrierql(
        *CREATE_CARRIER, "--json", cwd=tmp_path, DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY
    )
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    assert made == {
        "id": str(UUID(made["id"])),
        "name": "Khmer Net",
        "country_code": "KH",
        "billing_currency": "KHR",
        "api_key": made["api_key"],
    }
    assert key_token.FORM.fullmatch(made["api_key"])


def test_without_json_the_same_is_printed_line_by_line(database_url: str, tmp_path: Path) -> None:
    done = carrierql(*CREATE_CARRIER, cwd=tmp_path, DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY)
    fields = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert fields == ["id", "name", "country_code", "billing_currency", "api_key"]


def test_all_that_is_wrong_with_a_carrier_is_told_in_one_line(database_url: str, tmp_path: Path) -> None:
    wrong = ["carriers", "create", "--name", "Nowhere", "--country", "XX", "--currency", "YYY"]
    done = carrierql(*wrong, cwd=tmp_path, DATABASE_URL=database_url, SECRET_KEY=SECRET_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "carrierql: countryCode must be an ISO 3166-1 alpha-2 code of a country, such as KH; "
        "billingCurrency must be an ISO 4217 code of a currency, such as KHR\n"
    )


def test_a_platform_key_is_made_and_revoked(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    command = ["keys", "create", "--platform", "--access", "read", "--json"]
    made = json.loads(carrierql(*command, cwd=tmp_path, **environment).stdout)
    assert made == {"id": made["id"], "role": "platform", "access": "read", "api_key": made["api_key"]}
    revoked = carrierql("keys", "revoke", made["id"], cwd=tmp_path, **environment)
    assert (revoked.returncode, revoked.stdout) == (0, f"{made['id']} is revoked\n")


def test_keys_are_listed_and_rotated_with_their_properties(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}

    def keys(*arguments: str) -> str:
        done = carrierql("keys", *arguments, cwd=tmp_path, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    carrier = json.loads(carrierql(*CREATE_CARRIER, "--json", cwd=tmp_path, **environment).stdout)["id"]
    limits = ["--expires", "2099-01-01", "--allow", "203.0.113.0/24", "--allow", "2001:db8::1"]
    made = json.loads(keys("create", "--carrier", carrier, "--access", "read", *limits, "--json"))
    new = json.loads(keys("rotate", made["id"], "--overlap", "0", "--json"))
    assert new == {"id": new["id"], "role": "carrier", "access": "read", "api_key": new["api_key"]}
    assert new["api_key"] != made["api_key"]
    listed = json.loads(keys("list", "--carrier", carrier, "--json"))["api_keys"]
    assert [key["id"] for key in listed[:2]] == [new["id"], made["id"]]
    assert [key["allowedAddresses"] for key in listed] == [["203.0.113.0/24", "2001:db8::1/128"]] * 2 + [None]
    assert [bool(key["expiresAt"]) for key in listed] == [True, True, False]
    lines = keys("list", "--carrier", carrier).splitlines()
    assert lines[0] == (
        f"{new['id']}  carrier  read  carrier {carrier}  until {listed[0]['expiresAt'][:19]}Z  never used  "
        'from 203.0.113.0/24, 2001:db8::1/128  "command line"'
    )
    assert lines[2].endswith('  for ever  never used  from anywhere  "first key"')


def test_a_key_for_a_carrier_that_is_not_there_is_refused(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    done = carrierql("keys", "create", "--carrier", NOBODY, cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("carrierql: ")


def test_a_key_that_is_not_there_is_not_revoked(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    done = carrierql("keys", "revoke", NOBODY, cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["keys", "create"],
        ["keys", "create", "--platform", "--carrier", NOBODY],
        ["keys", "revoke"],
        ["nothing"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_code_2(arguments: list[str], tmp_path: Path) -> None:
    done = carrierql(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: carrierql" in done.stderr


async def test_an_empty_database_is_migrated_and_may_be_again(tmp_path: Path) -> None:
    async with fresh_database() as url:
        for _ in range(2):
            done = carrierql("migrate", cwd=tmp_path, DATABASE_URL=url)
            assert (done.returncode, done.stderr) == (0, "")
        environment = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
        assert carrierql(*CREATE_CARRIER, cwd=tmp_path, **environment).returncode == 0


@pytest.mark.parametrize("arguments", [["migrate"], ["keys", "create", "--platform"]], ids=" ".join)
def test_a_database_that_is_away_is_told_in_one_line(arguments: list[str], tmp_path: Path) -> None:
    url = f"postgresql://somebody@127.0.0.1:{free_port()}/nothing"
    done = carrierql(*arguments, cwd=tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET_KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("carrierql: the database ")
    assert len(done.stderr.splitlines()) == 1


def test_without_a_database_the_way_to_one_is_told(tmp_path: Path) -> None:
    done = carrierql("keys", "create", "--platform", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "carrierql: DATABASE_URL is not set, and no carrierql up runs under .carrierql\n"


def test_serving_with_a_wrong_setting_names_it(database_url: str, broker_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "SECRET_KEY": "short"}
    done = carrierql("serve", cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "carrierql: SECRET_KEY is wrong: String should have at least 32 characters\n"


def test_the_schema_is_printed(tmp_path: Path) -> None:
    assert carrierql("schema", cwd=tmp_path).stdout == f"{schema.as_str()}\n"
