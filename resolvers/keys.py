"""Who asks: from the Authorization header to a Viewer.

A process remembers the keys that it has seen for up to a minute, and forgets one the moment that its
revocation is committed: by notification (docs/decisions/0008-remembered-keys.md).
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from models import key_token
from models.api_key import REVOKED as CHANNEL
from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import UNAVAILABLE, Database
from models.networks import address_of, is_within, parsed
from models.secrets import fingerprint
from resolvers.budget import Guesses, network
from resolvers.context import Home, Viewer

MAX_KEY = 256
REMEMBERED_SECONDS = 60  # which is also how exact last_used_at is
MAX_REMEMBERED = 10_000
BEAT_SECONDS = 2
SILENCE_SECONDS = 5  # after which a connection that says nothing is not believed to listen

log = logging.getLogger("carrierql")

# One statement knows the key, notes its use (to the minute), and tells an account's token from nothing.
LOOK_UP = """
WITH key AS (
    SELECT k.id, k.role, k.access, k.expires_at, k.revoked_at, k.last_used_at,
           k.allowed_addresses, k.carrier_id, c.country_code, c.billing_currency
    FROM api_key k LEFT JOIN carrier c ON c.id = k.carrier_id WHERE k.token_hash = $1
), used AS (
    UPDATE api_key SET last_used_at = now()
    FROM key WHERE api_key.id = key.id AND key.revoked_at IS NULL
      AND (key.expires_at IS NULL OR key.expires_at > now())
      AND (key.allowed_addresses IS NULL OR $2::inet <<= ANY (key.allowed_addresses::cidr[]))
      AND (key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute')
)
SELECT id, role, access, allowed_addresses, carrier_id, country_code, billing_currency,
       revoked_at IS NOT NULL AS revoked, coalesce(expires_at <= now(), false) AS expired,
       extract(epoch FROM expires_at - now())::float8 AS seconds_left, false AS account
FROM key
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, false, NULL, true
FROM account WHERE auth_token_hash = $1
"""


@dataclass
class Unauthorized(Exception):
    """A request without a key that lets it in: status 401 (no such key) or 403 (a key without the right)."""

    status: int
    error: str
    description: str


class Keys:
    """The keys of this process's callers: read from the database, and remembered while it listens."""

    def __init__(self, database: Database, guesses: Guesses) -> None:
        self._database, self._guesses = database, guesses
        self._remembered: dict[bytes, tuple[Viewer, float]] = {}  # by fingerprint, each with its end
        self._listening_until = 0.0
        self._forgotten = 0  # how often something was: what was read before that is not remembered after

    @property
    def remembers(self) -> bool:
        """Whether a revocation would be heard of now."""
        return monotonic() < self._listening_until

    async def viewer(self, authorization: str | None, address: str = "") -> Viewer:
        """The viewer of a Bearer key, or of Basic auth's password, at this address.

        Raises Unauthorized, and RateLimited: an address that has sent too many wrong keys is answered for
        keys that were right before alone.
        """
        try:
            token = _token(authorization)
            known = fingerprint(token)
            now = monotonic()
            found = self._remembered.get(known)
            if found and now < found[1] and self.remembers:
                if found[0].networks:
                    _check_address(found[0], address)
                return found[0]
            if found is None:
                self._guesses.check(network(address))
            if key_token.is_mistyped(token):
                raise _invalid("this key is mistyped or incomplete: its checksum is wrong")
            return await self._look_up(known, now, address)
        except Unauthorized:
            self._guesses.note(network(address))
            raise

    async def _look_up(self, known: bytes, now: float, address: str) -> Viewer:
        forgotten = self._forgotten if self.remembers else None
        row = await self._database.reads.fetchrow(LOOK_UP, known, address_of(address))
        if row is None:
            raise _invalid("this key is unknown")
        if row["account"]:
            message = "an account's auth token is no key of the Carrier API"
            raise Unauthorized(403, "insufficient_scope", message)
        if row["revoked"] or row["expired"]:
            raise _invalid("this key was revoked" if row["revoked"] else "this key has expired")
        viewer = _viewer(row)
        if viewer.networks:
            _check_address(viewer, address)  # before it is remembered, so that its next good use is noted
        if forgotten == self._forgotten:
            left = row["seconds_left"]
            self._remember(known, viewer, now + min(REMEMBERED_SECONDS, left or REMEMBERED_SECONDS))
        return viewer

    def _remember(self, known: bytes, viewer: Viewer, end: float) -> None:
        self._remembered.pop(known, None)
        self._remembered[known] = viewer, end
        if len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    def forget(self, key_id: UUID | None = None) -> None:
        """Have a key, or all of them, read again at their next use."""
        self._forgotten += 1
        kept = self._remembered.items() if key_id else ()
        self._remembered = {known: found for known, found in kept if found[0].key_id != key_id}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear of revocations meanwhile."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        """Listen until cancelled; nothing is remembered while that does not work."""
        while True:
            try:
                async with self._database.connection() as connection:
                    await connection.add_listener(CHANNEL, self._hear)
                    while True:
                        await connection.execute(f"NOTIFY {CHANNEL}", timeout=BEAT_SECONDS)
                        await asyncio.sleep(BEAT_SECONDS)
            except UNAVAILABLE as error:
                log.warning("keys are not remembered: the database is away", extra={"error": repr(error)})
            finally:
                self._listening_until = 0.0
                self.forget()
            await asyncio.sleep(BEAT_SECONDS)

    def _hear(self, connection: Any, sender: int, _channel: str, revoked: str) -> None:
        """A revoked key's id, or the beat that every process sends to itself, the way that ids come."""
        if revoked:
            self.forget(UUID(revoked))
        elif not connection.is_closed() and sender == connection.get_server_pid():
            self._listening_until = monotonic() + SILENCE_SECONDS


def _viewer(row: Any) -> Viewer:
    home = (
        Home(row["carrier_id"], row["country_code"], row["billing_currency"]) if row["carrier_id"] else None
    )
    networks = parsed(row["allowed_addresses"] or ())
    return Viewer(row["id"], ApiKeyRole(row["role"]), ApiKeyAccess(row["access"]), home, networks)


def _check_address(viewer: Viewer, address: str) -> None:
    if not is_within(address, viewer.networks):
        message = f"this key may not be used from {address or 'an unknown address'}"
        raise Unauthorized(403, "insufficient_scope", message)


def _token(authorization: str | None) -> str:
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "basic":
        credentials = _password(credentials)
    elif scheme.lower() != "bearer":
        raise _invalid("send your API key as Authorization: Bearer KEY")
    if not credentials or len(credentials) > MAX_KEY:
        raise _invalid("send your API key as Authorization: Bearer KEY")
    return credentials


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise _invalid("the credentials of Basic auth are not valid base64") from None


def _invalid(description: str) -> Unauthorized:
    return Unauthorized(401, "invalid_token", description)
