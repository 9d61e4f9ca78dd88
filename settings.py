"""Every environment variable the service reads, typed, checked once at the start.

`load` is for a process that serves: it has all it needs. `load_environment` is for the commands
that can fill a gap themselves, such as `up`, which brings its own database where none is named.
"""

import sys
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BROKER_SCHEMES = ("redis", "rediss", "unix", "amqp", "amqps")
FIVE_DAYS_OF_RETRIES = "0,5,300,1800,7200,18000,36000,50400,72000,86400"


class SettingsError(Exception):
    """What is wrong with the environment, in one line that names each variable."""


def _database_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgresql", "postgres") or not rest:
        raise ValueError("give a PostgreSQL URL, such as postgresql://user:password@host/database")
    return f"postgresql://{rest}"


def _broker_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in BROKER_SCHEMES or not rest:
        raise ValueError(f"give a URL of one of {', '.join(BROKER_SCHEMES)}, such as redis://host/0")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("give an origin, such as https://api.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def _seconds(text: object) -> object:
    """What is before the first attempt may be left out: it is nothing."""
    seconds = text.split(",") if isinstance(text, str) else text
    if isinstance(seconds, list) and seconds[0].strip().lstrip("0"):
        return ["0", *seconds]
    return seconds


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
BrokerUrl = Annotated[str, AfterValidator(_broker_url)]
SecretKey = Annotated[str, Field(min_length=32)]
Origin = Annotated[str, AfterValidator(_origin)]
Seconds = Annotated[int, Field(ge=0)]


class Environment(BaseSettings):
    """What the environment and `.env` say; the three addresses and secrets may be missing."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    broker_url: BrokerUrl | None = Field(default=None, repr=False)
    secret_key: SecretKey | None = Field(default=None, repr=False)
    # While SECRET_KEY is being changed: the other one, to read what it encrypted (docs/operations.md).
    secret_key_previous: SecretKey | None = Field(default=None, repr=False)
    public_url: Origin | None = None
    port: int = Field(default=8000, ge=1, le=65535)
    web_concurrency: int = Field(default=1, ge=1)
    # Proxies whose X-Forwarded-* headers are believed: addresses separated by commas, or *.
    forwarded_allow_ips: str = "127.0.0.1"
    # Units a minute that a carrier's key and a platform key may spend (docs/operations.md); 0 is no limit.
    rate_limit: int = Field(default=60_000, ge=0, le=1_000_000_000)
    platform_rate_limit: int = Field(default=600_000, ge=0, le=1_000_000_000)
    # Wrong keys a minute from one address, for each process; 0 is no limit.
    wrong_key_limit: int = Field(default=30, ge=0)
    webhook_issuer: str = "Somleng"
    webhook_allow_private_addresses: bool = False
    webhook_attempt_seconds: float = Field(default=15, gt=0, le=60)
    # Seconds before each attempt, counted from the one before.
    webhook_retry_schedule: Annotated[
        tuple[Seconds, ...], NoDecode, BeforeValidator(_seconds), Field(min_length=1, validate_default=True)
    ] = FIVE_DAYS_OF_RETRIES  # type: ignore[assignment]  # the validator reads the text users would write
    log_format: Literal["console", "json"] = Field(
        default_factory=lambda: "console" if sys.stderr.isatty() else "json"
    )

    @classmethod
    def read(cls, **known: object) -> Self:
        """Read the environment; what a command already `known` wins over it."""
        try:
            return cls(**known)  # type: ignore[arg-type]  # checked by pydantic, not by the caller
        except ValidationError as error:
            raise SettingsError("; ".join(map(_sentence, error.errors()))) from None


class Settings(Environment):
    """What a serving process has: nothing is missing."""

    database_url: DatabaseUrl = Field(repr=False)
    broker_url: BrokerUrl = Field(repr=False)
    secret_key: SecretKey = Field(repr=False)


def load() -> Settings:
    """The settings of a serving process. Raises SettingsError."""
    return Settings.read()


def load_environment() -> Environment:
    """What is set, for a command that can do without the rest. Raises SettingsError."""
    return Environment.read()


def _sentence(error: ErrorDetails) -> str:
    name = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is not set"
    return f"{name} is wrong: {error['msg'].removeprefix('Value error, ')}"
