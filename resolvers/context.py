"""What an operation is given: who asks, the database, and what it shares among its parts."""

from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import strawberry
from graphql import FieldNode
from graphql.execution.collect_fields import FieldDetails
from strawberry.dataloader import DataLoader

from models.api_key import ApiKeyAccess, ApiKeyRole
from models.database import Database
from models.networks import Network
from models.secrets import Cipher
from resolvers.admission import Admission
from resolvers.budget import Budget
from resolvers.event_stream import EventStream
from resolvers.planner import named_type
from resolvers.readers import PAGES, ROWS, node_type_name
from resolvers.window import MAX_SIZE
from schema.errors import forbidden
from schema.selections import Operation, Selections


@dataclass(frozen=True, slots=True)
class Home:
    """What of a carrier its operations need: they need not read it again."""

    id: UUID
    country_code: str
    billing_currency: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. The platform has no carrier, and `key_id` is None for an operator at the command line."""

    key_id: UUID | None
    role: ApiKeyRole
    access: ApiKeyAccess
    carrier: Home | None
    networks: tuple[Network, ...] = ()  # that the key may be used from; none: anywhere

    @property
    def carrier_id(self) -> UUID | None:
        return self.carrier.id if self.carrier else None


OPERATOR = Viewer(key_id=None, role=ApiKeyRole.PLATFORM, access=ApiKeyAccess.WRITE, carrier=None)


@dataclass(slots=True)
class Context:
    """Made anew for each operation; `schema.run` sets `operation`, and `found` where it has read already."""

    database: Database
    cipher: Cipher
    viewer: Viewer
    private_webhooks: bool = False  # whether webhooks may go to private addresses
    events: EventStream | None = None  # what a subscription follows: the process's own
    forget_key: Callable[[UUID], None] | None = None  # told of a key that was just revoked
    budget: Budget | None = None  # the key's; None where nothing is counted
    admission: Admission | None = None  # the process's; None where nobody waits for a turn
    charged: int = 0  # units that the request has cost so far
    operation: Operation | None = None
    action: str = ""  # the mutation's field that is being done
    found: tuple[Any] | None = None
    _loaders: dict[Hashable, DataLoader[str, Any]] = field(default_factory=dict)

    def anew(self) -> "Context":
        """The same for another event of a subscription, which must not share what this one has loaded."""
        return replace(self, _loaders={})

    async def charge(self, units: int) -> None:
        """Spend units of the key's budget. Raises RateLimited, and UNAVAILABLE's."""
        if self.budget is not None:
            await self.budget.charge(units)
            self.charged += units

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Where an operation is run. Raises Busy and RateLimited at its beginning."""
        if self.admission is None:
            return nullcontext()
        return self.admission.turn(self.viewer.carrier_id)

    def allow(self, roles: frozenset[ApiKeyRole], access: ApiKeyAccess) -> None:
        """Raise FORBIDDEN where the key's role or access does not suffice."""
        if self.viewer.role not in roles:
            wanted = " or ".join(sorted(role.value for role in roles))
            raise forbidden(f"this takes a {wanted} key, and yours is a {self.viewer.role.value} key")
        if access is ApiKeyAccess.WRITE and self.viewer.access is ApiKeyAccess.READ:
            raise forbidden("this takes a key with access WRITE, and yours may only read")

    def selections(self, info: strawberry.Info) -> Selections:
        assert self.operation is not None
        return self.operation.selections(info.variable_values)

    async def planned(self, info: strawberry.Info, reader: Any, **arguments: Any) -> Any:
        """Read the field of `info` through `reader`; the plan is made once for each operation."""
        plan = self._plan(info, reader)
        if self.found is None:
            return await reader.read(self, plan, **arguments)
        return reader.build(self, plan, *self.found)

    async def page_within(self, info: strawberry.Info, parent: str, key: str, given: dict[str, Any]) -> Any:
        """The page of a list inside an object, loaded for all such objects together."""
        return await self._within(info, PAGES[node_type_name(info._raw_info.return_type)], parent, key, given)

    async def rows_within(self, info: strawberry.Info, parent: str, key: str) -> Any:
        """The short list inside an object, loaded for all such objects together."""
        return await self._within(info, ROWS[named_type(info._raw_info.return_type).name], parent, key, {})

    async def _within(
        self, info: strawberry.Info, reader: Any, parent: str, key: str, given: dict[str, Any]
    ) -> Any:
        plan = self._plan(info, reader)
        if plan not in self._loaders:

            async def load(parents: list[str]) -> list[Any]:
                pages: list[Any] = await reader.read_within(self, plan, key, parents, **given)
                return pages

            self._loaders[plan] = DataLoader(load, max_batch_size=MAX_SIZE)
        return await self._loaders[plan].load(parent)

    def _plan(self, info: strawberry.Info, reader: Any) -> Any:
        raw = info._raw_info
        selections = self.selections(info)
        nodes: list[FieldNode] = raw.field_nodes
        details = [FieldDetails(node, None) for node in nodes]
        return selections.once(
            ("plan", *[id(node) for node in nodes]),
            lambda: reader.prepare(selections, raw.return_type, details),
        )


def operator(database: Database, cipher: Cipher) -> Context:
    """The context of a command: it may do what the platform may."""
    return Context(database=database, cipher=cipher, viewer=OPERATOR)
