"""The headers that prove who sent a webhook: the documented JWT, and Standard Webhooks beside it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import jwt
from standardwebhooks import Webhook

TOKEN_SECONDS = 300
"""For so long a token is valid; the time is also what Standard Webhooks' libraries tolerate."""

USER_AGENT = f"carrierql/{version('carrierql')}"


@dataclass(frozen=True, slots=True)
class Signer:
    """An endpoint's secrets, as its owner sees them, and the issuer that its tokens name.

    While a rotation lasts `old_secret` is valid too: both sign the Standard Webhooks header. The token has
    room for one signature: the new secret's, or the old one's with `token_by_old_secret`.
    """

    issuer: str
    secret: str
    old_secret: str | None = None
    token_by_old_secret: bool = False

    def headers(self, webhook_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """All headers of one attempt, made at `at` (aware); `body` is JSON in UTF-8.

        `webhook_id` is the same on each attempt, so that a receiver can drop what it has seen.
        """
        return {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Authorization": f"Bearer {self._token(webhook_id, body, at)}",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signatures(webhook_id, body, at),
        }

    def _token(self, webhook_id: str, body: bytes, at: datetime) -> str:
        """HS256; the claim `body_sha256` (hex) ties the token to this body alone."""
        issued = int(at.timestamp())
        claims = {
            "iss": self.issuer,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": webhook_id,
            "body_sha256": hashlib.sha256(body).hexdigest(),
        }
        by_old = self.old_secret if self.token_by_old_secret else None
        return jwt.encode(claims, by_old or self.secret, algorithm="HS256")

    def _signatures(self, webhook_id: str, body: bytes, at: datetime) -> str:
        secrets = [self.secret, *([self.old_secret] if self.old_secret else [])]
        text, moment = body.decode(), at.astimezone(UTC)
        return " ".join(_standard(secret).sign(webhook_id, moment, text) for secret in secrets)


def _standard(secret: str) -> Webhook:
    """A secret of the Standard's form is base64 of the key; any other text is the key itself."""
    return Webhook(secret if secret.startswith("whsec_") else secret.encode())
