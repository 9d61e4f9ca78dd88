"""Who asks: from the Authorization header to a Viewer."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import Database
from models.secrets import fingerprint
from resolvers.context import Home, Viewer

MAX_KEY = 256

# One statement knows the key, notes its use (to the minute), and tells an account's token from nothing.
LOOK_UP = """
WITH key AS (
    SELECT k.id, k.role, k.access, k.expires_at, k.revoked_at, k.last_used_at,
           k.carrier_id, c.country_code, c.billing_currency
    FROM api_key k LEFT JOIN carrier c ON c.id = k.carrier_id WHERE k.token_hash = $1
), used AS (
    UPDATE api_key SET last_used_at = now()
    FROM key WHERE api_key.id = key.id AND key.revoked_at IS NULL
      AND (key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute')
)
SELECT id, role, access, carrier_id, country_code, billing_currency,
       revoked_at IS NOT NULL AS revoked, coalesce(expires_at <= now(), false) AS expired, false AS account
FROM key
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, false, false, true FROM account WHERE auth_token_hash = $1
"""


@dataclass
class Unauthorized(Exception):
    """A request without a key that lets it in: status 401 (no such key) or 403 (a key without the right)."""

    status: int
    error: str
    description: str


async def authenticate(database: Database, authorization: str | None) -> Viewer:
    """The viewer of a Bearer key, or of Basic auth's password. Raises Unauthorized."""
    token = _token(authorization)
    row = await database.reads.fetchrow(LOOK_UP, fingerprint(token))
    if row is None:
        raise _invalid("this key is unknown")
    if row["account"]:
        raise Unauthorized(403, "insufficient_scope", "an account's auth token is no key of the Carrier API")
    if row["revoked"] or row["expired"]:
        raise _invalid("this key was revoked" if row["revoked"] else "this key has expired")
    return _viewer(row)


def _viewer(row: Any) -> Viewer:
    home = (
        Home(row["carrier_id"], row["country_code"], row["billing_currency"]) if row["carrier_id"] else None
    )
    return Viewer(row["id"], ApiKeyRole(row["role"]), ApiKeyAccess(row["access"]), home)


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
