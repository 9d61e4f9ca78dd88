"""What lives as long as the process: the database and the cipher, and contexts made from them."""

from dataclasses import dataclass

from models.api_key import ApiKeyRole
from models.database import Database
from models.secrets import Cipher
from observability.requests import answer_with
from resolvers.admission import Admission
from resolvers.budget import Budgets
from resolvers.context import Context
from resolvers.event_stream import EventStream
from resolvers.keys import Keys


@dataclass(frozen=True, slots=True)
class Service:
    """`limits`: units a minute that a key of a role may spend; 0 is no limit."""

    database: Database
    cipher: Cipher
    private_webhooks: bool
    events: EventStream
    keys: Keys
    budgets: Budgets
    limits: dict[ApiKeyRole, int]
    admission: Admission

    async def context_for(self, authorization: str | None, client: tuple[str, int] | None = None) -> Context:
        """The context of a request with this Authorization header, which has cost one unit.

        `client` is the connection's (ASGI), in which the server has put what a trusted proxy says. Raises
        keys.Unauthorized, RateLimited, and UNAVAILABLE's.
        """
        viewer = await self.keys.viewer(authorization, client[0] if client else "")
        context = Context(
            self.database,
            self.cipher,
            viewer,
            self.private_webhooks,
            self.events,
            self.keys.forget,
            admission=self.admission,
        )
        limit = self.limits[viewer.role]
        if limit and viewer.key_id:
            budget = context.budget = self.budgets.of(viewer.key_id, limit)
            answer_with(budget.headers)
            if not budget.spend(1):
                await budget.charge(1, hold=True)
            context.charged = 1
        return context
