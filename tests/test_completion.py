"""Compiled completion answers what graphql-core answers: generated operations, right and faulty data."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from observability.logs import configure_logging
from schema.execution import CarrierSchema
from schema.scalars import SCALARS

OPERATIONS = 2000


@strawberry.enum
class Color(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.type
class Leaf:
    text: str
    maybe: str | None
    whole: int
    yes: bool
    ratio: float
    id: strawberry.ID
    amount: Decimal
    moment: datetime
    color: Color
    colors: list[Color | None] | None


@strawberry.type
class Branch:
    text: str
    leaf: Leaf
    other: Leaf | None
    leaves: list[Leaf]
    sparse: list[Leaf | None] | None

    @strawberry.field
    def shout(self) -> str:
        return self.text.upper()

    @strawberry.field
    async def late(self) -> Leaf | None:
        return self.other


@dataclass
class Request:
    """What the executor asks of a context, with the tree that this operation answers from."""

    tree: Any
    operation: Any = None


@strawberry.type
class Query:
    @strawberry.field
    async def branch(self, info: strawberry.Info) -> Branch:
        found: Branch = info.context.tree
        return found

    @strawberry.field
    def maybe(self, info: strawberry.Info) -> Branch | None:
        found: Branch = info.context.tree
        return found

    @strawberry.field
    def branches(self, info: strawberry.Info) -> list[Branch]:
        return [info.context.tree, info.context.tree]


def built(**options: Any) -> CarrierSchema:
    return CarrierSchema(Query, config=StrawberryConfig(scalar_map=SCALARS), **options)


COMPILED = built()
STOCK = built(execution_context_class=StrawberryGraphQLCoreExecutionContext)
LEAF = ("text", "maybe", "whole", "yes", "ratio", "id", "amount", "moment", "color", "colors", "__typename")
FAULTS: tuple[Any, ...] = (None, ValueError("a fault"), 1.5, 2**40, "x", object(), [], True)


class Chance:
    """Operations and trees from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fault = self.random.choice((0, 0, 0.01, 0.05))

    def leaf_fields(self) -> str:
        names = self.random.choices(LEAF, k=self.random.randint(1, 6))
        return "{ " + " ".join(self.field(name) for name in names) + " }"

    def field(self, name: str) -> str:
        alias = f"a{self.random.randint(0, 99)}_{name}: " if self.random.random() < 0.2 else ""
        directive = self.random.choice(("", "", "", "", " @include(if: $yes)", " @skip(if: $yes)"))
        return f"{alias}{name}{directive}"

    def branch_fields(self) -> str:
        parts = [f"{name} {self.leaf_fields()}" for name in ("leaf", "other", "leaves", "sparse", "late")]
        chosen = self.random.sample(
            [*parts, "text", "shout", "__typename", "... F"], k=self.random.randint(1, 6)
        )
        return "{ " + " ".join(chosen) + " }"

    def operation(self) -> str:
        roots = self.random.sample(("branch", "maybe", "branches"), k=self.random.randint(1, 3))
        body = " ".join(f"{root} {self.branch_fields()}" for root in roots)
        fragment = f" fragment F on Branch {{ leaf {self.leaf_fields()} }}" if "... F" in body else ""
        used = " __typename @skip(if: $yes)"
        return f"query($yes: Boolean! = false) {{ {body}{used} }}{fragment}"

    def value(self, right: Any) -> Any:
        return self.random.choice(FAULTS) if self.random.random() < self.fault else right

    def leaf(self) -> Leaf:
        return Leaf(
            text=self.value("text"),
            maybe=self.value(self.random.choice((None, "m"))),
            whole=self.value(7),
            yes=self.value(True),
            ratio=self.value(0.5),
            id=self.value("id"),
            amount=self.value(self.random.choice((Decimal("1.20"), "1.20"))),
            moment=self.value(datetime(2026, 1, 1, tzinfo=UTC)),
            color=self.value(self.random.choice((Color.RED, "blue"))),
            colors=self.value(self.random.choice((None, [Color.RED, None, "blue"]))),
        )

    def tree(self) -> Branch:
        return Branch(
            text=self.value("branch"),
            leaf=self.value(self.leaf()),
            other=self.value(self.random.choice((None, self.leaf()))),
            leaves=self.value([self.value(self.leaf()) for _ in range(self.random.randint(0, 3))]),
            sparse=self.value(self.random.choice((None, [None, self.leaf()], (self.leaf(),)))),
        )


def shown(result: Any) -> tuple[str, list[Any]]:
    errors = [
        (error.path, error.locations, error.extensions and error.extensions.get("code"))
        for error in result.errors or ()
    ]
    return repr(result.data), sorted(map(repr, errors))


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """Faults are logged with tracebacks: the service's own form of them, which is quick to write."""
    configure_logging("json")


@pytest.mark.parametrize("part", range(4))
async def test_compiled_and_stock_executors_answer_alike(part: int) -> None:
    failing = 0
    for seed in range(part * OPERATIONS // 4, (part + 1) * OPERATIONS // 4):
        chance = Chance(seed)
        text, variables = chance.operation(), {"yes": chance.random.random() < 0.5}
        tree = chance.tree()
        expected = await STOCK.run(text, variables, Request(tree))
        for _ in range(2):  # compiled anew, and kept
            found = await COMPILED.run(text, variables, Request(tree))
            assert shown(found) == shown(expected), (seed, text)
        failing += bool(expected.errors)
    assert failing > OPERATIONS // 4 // 20, "too few operations failed to say anything about failures"
