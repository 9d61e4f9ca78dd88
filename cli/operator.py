"""GraphQL operations from the command line, in process, with the rights of the platform."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from cli.database import cipher, database_url, migrated
from cli.errors import CommandError
from models.database import Database
from models.secrets import Cipher
from observability.logs import configure_logging
from resolvers import context
from schema.root import schema

Answer = TypeVar("Answer")


class Operator:
    """Runs operations; what they refuse becomes a CommandError."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, cipher: Cipher, connections: int) -> AsyncIterator["Operator"]:
        async with Database.open(url, size=connections) as database:
            yield cls(database, cipher)

    async def run(self, operation: str, **variables: Any) -> Any:
        """What the operation's only root field answers."""
        result = await schema.run(operation, variables, context.operator(self._database, self._cipher))
        if result.errors:
            raise CommandError(result.errors[0].message)
        assert result.data is not None
        (answer,) = result.data.values()
        return answer

    async def change(self, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
        """The payload of a mutation whose `$input` is what is `given`."""
        payload: dict[str, Any] = await self.run(mutation, input=given)
        if payload["userErrors"]:
            raise CommandError("; ".join(error["message"] for error in payload["userErrors"]))
        return payload


def operate(data_dir: Path, work: Callable[[Operator], Awaitable[Answer]], *, connections: int = 1) -> Answer:
    """Do `work` on the database that the environment or the `up` under `data_dir` names."""
    # What is foreseen becomes the command's one line; only a bug is logged as well.
    configure_logging("console", least=logging.ERROR)

    async def within() -> Answer:
        url = database_url(data_dir)
        async with migrated(url):
            pass
        async with Operator.open(url, cipher(data_dir), connections) as operator:
            return await work(operator)

    return asyncio.run(within())
