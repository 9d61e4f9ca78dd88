"""The settings, read from a real environment by a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GIVEN = {
    "DATABASE_URL": "postgres://user:password@host/database",
    "BROKER_URL": "redis://host/0",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


def read(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=False)


def complaint(**environment: str) -> str:
    done = read("import settings; settings.load()", **environment)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_what_is_left_out_has_its_documented_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import settings; print(settings.load().model_dump())"
    assert read(code, **GIVEN).stdout.strip() == str(
        {
            "database_url": "postgresql://user:password@host/database",
            "broker_url": "redis://host/0",
            "secret_key": GIVEN["SECRET_KEY"],
            "secret_key_previous": None,
            "public_url": None,
            "port": 8000,
            "web_concurrency": 1,
            "forwarded_allow_ips": "127.0.0.1",
            "rate_limit": 60_000,
            "platform_rate_limit": 600_000,
            "wrong_key_limit": 30,
            "webhook_issuer": "Somleng",
            "webhook_allow_private_addresses": False,
            "webhook_attempt_seconds": 15.0,
            "webhook_retry_schedule": (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
            "log_format": "json",
        }
    )


def test_a_dotenv_file_is_read_and_the_environment_wins_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=9000\nWEB_CONCURRENCY=2\nSOMETHING_ELSE=1\n")
    code = "import settings; found = settings.load(); print(found.port, found.web_concurrency)"
    assert read(code, **GIVEN, PORT="9001").stdout == "9001 2\n"


def test_all_that_is_missing_is_named_at_once() -> None:
    assert complaint() == (
        "settings.SettingsError: DATABASE_URL is not set; BROKER_URL is not set; SECRET_KEY is not set"
    )


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert complaint(**GIVEN | {"SECRET_KEY": ""}) == "settings.SettingsError: SECRET_KEY is not set"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        (
            "DATABASE_URL",
            "mysql://host/database",
            "give a PostgreSQL URL, such as postgresql://user:password@host/database",
        ),
        (
            "BROKER_URL",
            "kafka://host",
            "give a URL of one of redis, rediss, unix, amqp, amqps, such as redis://host/0",
        ),
        ("SECRET_KEY", "short", "String should have at least 32 characters"),
        ("PUBLIC_URL", "api.example.com", "give an origin, such as https://api.example.com"),
        ("PUBLIC_URL", "https://example.com/api", "give an origin, such as https://api.example.com"),
        ("PORT", "99999", "Input should be less than or equal to 65535"),
        ("WEB_CONCURRENCY", "0", "Input should be greater than or equal to 1"),
        ("WEBHOOK_RETRY_SCHEDULE", "0,-5", "Input should be greater than or equal to 0"),
        ("WEBHOOK_ATTEMPT_SECONDS", "0", "Input should be greater than 0"),
        ("WEBHOOK_ATTEMPT_SECONDS", "61", "Input should be less than or equal to 60"),
        ("LOG_FORMAT", "xml", "Input should be 'console' or 'json'"),
    ],
)
def test_a_wrong_variable_is_named_with_what_would_be_right(variable: str, value: str, reason: str) -> None:
    assert complaint(**GIVEN | {variable: value}) == f"settings.SettingsError: {variable} is wrong: {reason}"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = read("import settings; print(settings.load())", **GIVEN).stdout
    assert "password" not in shown
    assert GIVEN["SECRET_KEY"] not in shown
