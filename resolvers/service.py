"""What lives as long as the process: the database and the cipher, and contexts made from them."""

from dataclasses import dataclass

from models.database import Database
from models.secrets import Cipher
from resolvers.context import Context
from resolvers.event_stream import EventStream
from resolvers.keys import Keys


@dataclass(frozen=True, slots=True)
class Service:
    database: Database
    cipher: Cipher
    private_webhooks: bool
    events: EventStream
    keys: Keys

    async def context_for(self, authorization: str | None, client: tuple[str, int] | None = None) -> Context:
        """The context of a request with this Authorization header. Raises keys.Unauthorized.

        `client` is the connection's (ASGI), in which the server has put what a trusted proxy says.
        """
        viewer = await self.keys.viewer(authorization, client[0] if client else "")
        return Context(
            self.database, self.cipher, viewer, self.private_webhooks, self.events, self.keys.forget
        )
