"""GraphQL over WebSocket: graphql-transport-ws, by Strawberry's handler of that protocol.

The key comes with `connection_init`, as {"Authorization": "Bearer KEY"}, or with the request's header. It is
looked up again for each operation. The older protocol `graphql-ws` is refused.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types.execution import ExecutionResult as Answer
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET

from models.database import UNAVAILABLE
from resolvers.keys import Unauthorized
from schema.over_http import was_not_run
from schema.root import schema
from schema.streaming import stream

INIT_SECONDS = 10
MAX_OPERATIONS = 100  # at once, on one connection
MAX_ID = 100
MAX_REASON = 120  # bytes; a closing frame holds 123
TYPES = ("connection_init", "ping", "pong", "subscribe", "complete")
GOING_AWAY, TRY_AGAIN, FORBIDDEN, NOT_ACCEPTABLE = 1001, 1013, 4403, 4406


@dataclass(slots=True)
class Connection:
    """One WebSocket; `connection_params` is the payload of its `connection_init`."""

    websocket: WebSocket
    connection_params: dict[str, Any] = field(default_factory=dict)

    async def context(self) -> Any:
        """The context of one operation. Raises Unauthorized, and UNAVAILABLE's."""
        given = {name.lower(): value for name, value in self.connection_params.items()}
        key = given.get("authorization", self.websocket.headers.get("authorization"))
        service, client = self.websocket.app.state.service, self.websocket.scope["client"]
        return await service.context_for(key if isinstance(key, str) else None, client)


class Adapter(ASGIWebSocketAdapter):
    """Strawberry's, for a connection that may be closed already, and reasons of any length."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().send_json(message)

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            short = reason.encode()[:MAX_REASON].decode(errors="ignore")
            await self.ws.close(code, short)


class View:
    """What Strawberry's handler asks of the view it belongs to."""

    def decode_json(self, text: str | bytes) -> object:
        return orjson.loads(text)

    def encode_json(self, message: Mapping[str, object]) -> str:
        return orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()

    async def on_ws_connect(self, connection: Connection) -> Any:
        try:
            await connection.context()
        except Unauthorized as error:
            await connection.websocket.close(FORBIDDEN, error.description)
            raise ConnectionRejectionError from None
        except UNAVAILABLE:
            await connection.websocket.close(TRY_AGAIN, "the database is away; try again")
            raise ConnectionRejectionError from None
        return UNSET


class Streams:
    """What Strawberry's handler runs operations by: a context for each, and the limits of the schema."""

    async def stream(
        self,
        query: str,
        variable_values: Any,
        context_value: Connection,
        root_value: Any,  # noqa: ARG002 - the handler's call
        operation_name: Any,
    ) -> AsyncGenerator[Any, None]:
        return self._answers(query, variable_values, context_value, operation_name)

    async def _answers(
        self, text: str, variables: Any, connection: Connection, name: str | None
    ) -> AsyncGenerator[Any, None]:
        try:
            context = await connection.context()
        except Unauthorized as error:
            yield _refused(error.description, error.error.upper())
            return
        except UNAVAILABLE:
            yield _refused("the database is away; try again", "UNAVAILABLE")
            return
        async with aclosing(stream(schema, text, variables, context, name)) as results:
            async for result in results:
                yield _shown(result)
        if context.events.over:  # not `complete`: the client shall come back, to another process
            await connection.websocket.close(GOING_AWAY, "the server is about to end; subscribe again")


def _refused(message: str, code: str) -> Any:
    return PreExecutionError(None, [GraphQLError(message, extensions={"code": code})])


def _shown(result: ExecutionResult) -> Any:
    kind = PreExecutionError if result.errors and was_not_run(result) else Answer
    return kind(result.data, result.errors)


class Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """Strawberry's, for messages of any shape; an error of syntax ends its operation alone."""

    async def handle_message(self, message: Any) -> None:
        if _well_formed(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("that is no message of graphql-transport-ws")

    @staticmethod
    def _get_pre_execution_close_reason(_error: GraphQLError) -> str | None:
        return None


def _well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("type") not in TYPES:
        return False
    if message["type"] in ("subscribe", "complete"):
        identifier = message.get("id")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_ID:
            return False
    asked = message.get("payload")
    return message["type"] != "subscribe" or (
        isinstance(asked, dict)
        and isinstance(asked.get("query"), str)
        and isinstance(asked.get("variables"), dict | None)
        and isinstance(asked.get("operationName"), str | None)
    )


async def websocket(socket: WebSocket) -> None:
    """Serve one connection until either side closes it."""
    if GRAPHQL_TRANSPORT_WS_PROTOCOL not in socket.scope["subprotocols"]:
        await socket.accept()
        await socket.close(NOT_ACCEPTABLE, f"speak the subprotocol {GRAPHQL_TRANSPORT_WS_PROTOCOL}")
        return
    await socket.accept(GRAPHQL_TRANSPORT_WS_PROTOCOL)
    view: Any = View()
    streams: Any = Streams()
    wait = timedelta(seconds=INIT_SECONDS)
    adapter = Adapter(view, socket, socket)
    handler = Handler(view, adapter, Connection(socket), None, streams, wait, MAX_OPERATIONS)
    await handler.handle()
