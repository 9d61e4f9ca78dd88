"""Compiled and prepared operations answer what graphql-core answers: generated operations, faults within."""

import logging
import random
from collections.abc import Iterator
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
from resolvers.context import Context
from schema.completion import Source
from schema.execution import CarrierSchema
from schema.prepared import Reader
from schema.scalars import SCALARS

OPERATIONS = 1200


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


@strawberry.input
class Place:
    name: str
    color: Color | None = None


@strawberry.input
class Filter:
    id: strawberry.ID | None = None
    color: Color | None = None
    since: datetime | None = None
    places: list[Place] | None = None


@dataclass
class Request:
    """What is asked of a context, with the tree that this operation answers from."""

    tree: Any
    operation: Any = None
    found: Any = None

    planned = Context.planned
    selections = Context.selections
    _plan = Context._plan


class Told(Reader):
    """Answers with the arguments that it was given, or fails."""

    def prepare(self, *_: Any) -> None:
        return None

    async def fetch(self, context: Any, plan: Any, **arguments: Any) -> Branch:
        if arguments.get("yes"):
            raise ValueError(f"told to fail: {arguments}")
        context.tree.text = repr(sorted(arguments.items()))
        found: Branch = context.tree
        return found


class Rows(Reader):
    """Answers from rows that hold anything, of which nothing is certain."""

    NAMES = ("text", "maybe", "whole", "yes", "ratio", "id", "amount", "moment", "color", "colors")

    def prepare(self, *_: Any) -> None:
        return None

    async def fetch(self, context: Any, plan: Any, **arguments: Any) -> list[Any]:
        leaves = [leaf for leaf in context.tree.leaves if isinstance(leaf, Leaf)]
        return [tuple(getattr(leaf, name) for name in self.NAMES) for leaf in leaves]

    def source(self, plan: Any) -> Source:
        members = {name: Source(f"c{number}") for number, name in enumerate(self.NAMES)}
        target = "(" + ", ".join(part.code for part in members.values()) + ")"
        return Source("it", item=Source("row", nullable=False, members=members, target=target))

    def build(self, context: Any, plan: Any, found: Any) -> Any:
        return [Leaf(**dict(zip(self.NAMES, row, strict=True))) for row in found]


TOLD, ROWS = Told(), Rows()


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

    @strawberry.field(metadata={"reader": TOLD})  # type: ignore[untyped-decorator] # by its overloads
    async def told(
        self,
        info: strawberry.Info,
        id: strawberry.ID,  # noqa: A002 - as the schema's own arguments are called
        text: str | None = strawberry.UNSET,
        number: int | None = strawberry.UNSET,
        yes: bool | None = strawberry.UNSET,
        colors: list[Color] | None = strawberry.UNSET,
        amount: Decimal | None = strawberry.UNSET,
        filter: Filter | None = strawberry.UNSET,  # noqa: A002 - likewise
    ) -> Branch | None:
        given_to = locals()
        names = ("id", "text", "number", "yes", "colors", "amount", "filter")
        given = {name: value for name in names if (value := given_to[name]) is not strawberry.UNSET}
        found: Branch = await info.context.planned(info, TOLD, **given)
        return found

    @strawberry.field(metadata={"reader": ROWS})  # type: ignore[untyped-decorator] # by its overloads
    async def rows(self, info: strawberry.Info) -> list[Leaf]:
        found: list[Leaf] = await info.context.planned(info, ROWS)
        return found

    @strawberry.field
    def branches(self, info: strawberry.Info) -> list[Branch]:
        return [info.context.tree, info.context.tree]


def built(**options: Any) -> CarrierSchema:
    return CarrierSchema(Query, config=StrawberryConfig(scalar_map=SCALARS), **options)


COMPILED = built()
STOCK = built(execution_context_class=StrawberryGraphQLCoreExecutionContext)
LEAF = ("text", "maybe", "whole", "yes", "ratio", "id", "amount", "moment", "color", "colors", "__typename")
WRONG: tuple[Any, ...] = (None, 1, 1.5, 2**40, "x", True, [], {}, ["RED"], {"id": 1}, {"unknown": 1}, "RED")
ARGUMENTS: dict[str, tuple[str, tuple[str, ...], tuple[Any, ...]]] = {
    "id": ("ID!", ('"a"', "1"), ("a", 7)),
    "text": ("String", ('"t"', "null"), ("t", "", None)),
    "number": ("Int", ("3", "null"), (3, -1, 0, None, 3.0)),
    "yes": ("Boolean", ("false", "true"), (False, False, False, True, None)),
    "colors": ("[Color!]", ("[RED]", "BLUE"), (["RED", "BLUE"], [], "RED", None, [None])),
    "amount": ("Decimal", ('"1.50"', "2"), ("1.50", 2, 1.25, None, "x")),
    "filter": (
        "Filter",
        ('{id: "a", color: RED}', "{}", '{places: [{name: "x"}]}', "{id: null}"),
        (
            None,
            {},
            {"id": "a", "color": "BLUE", "since": "2026-01-01"},
            {"places": [{"name": "x"}, {"name": "y", "color": None}]},
            {"since": "never"},
            {"places": [{}]},
            {"places": {"name": "one"}},
        ),
    ),
}
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

    def told(self) -> tuple[str, dict[str, Any]]:
        """A query whose arguments are variables, literals or left out, and variables right and wrong."""
        declared, passed, variables = [], [], {}
        for name, (type_, literals, values) in ARGUMENTS.items():
            way = self.random.choice(("variable", "variable", "variable", "literal", "nothing"))
            if way == "variable":
                default = self.random.choice(("", "", f" = {literals[0]}"))
                declared.append(f"${name}: {type_}{default}")
                passed.append(f"{name}: ${name}")
                if self.random.random() < 0.8:
                    wrong = self.random.random() < 0.1
                    variables[name] = self.random.choice(WRONG if wrong else values)
            elif way == "literal":
                passed.append(f"{name}: {self.random.choice(literals)}")
        plain = f"{{ text leaf {self.leaf_fields()} leaves {self.leaf_fields()} }}"
        fields = self.random.choice((plain, self.branch_fields()))
        body = f"told({', '.join(passed)}) {fields}".replace("told()", "told")
        fragment = f" fragment F on Branch {{ leaf {self.leaf_fields()} }}" if "... F" in body else ""
        return f"query({', '.join([*declared, '$yes2: Boolean = true'])}) {{ {body} }}{fragment}".replace(
            "if: $yes)", "if: $yes2)"
        ), variables

    def rows(self) -> str:
        return f"query($yes: Boolean! = false) {{ rows {self.leaf_fields()} __typename @skip(if: $yes) }}"

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
def quiet() -> Iterator[None]:
    """Thousands of faults need not be logged with their tracebacks."""
    configure_logging("json", least=logging.CRITICAL)
    yield
    configure_logging("json")


async def compared(seed: int, text: str, variables: dict[str, Any], chance: Chance) -> Any:
    """What the stock executor answers, once the compiled one was found to answer the same."""
    tree = chance.tree()
    expected = await STOCK.run(text, variables, Request(tree))
    for _ in range(3):  # by graphql-core, compiled, and by what was kept of that
        found = await COMPILED.run(text, variables, Request(tree))
        assert shown(found) == shown(expected), (seed, text, variables)
    return expected


@pytest.mark.parametrize("part", range(4))
async def test_compiled_and_stock_executors_answer_alike(part: int) -> None:
    failing = 0
    for seed in range(part * OPERATIONS // 4, (part + 1) * OPERATIONS // 4):
        chance = Chance(seed)
        text, variables = chance.operation(), {"yes": chance.random.random() < 0.5}
        failing += bool((await compared(seed, text, variables, chance)).errors)
    assert failing > OPERATIONS // 4 // 20, "too few operations failed to say anything about failures"


async def test_prepared_and_stock_executors_are_told_and_answer_alike() -> None:
    failing = prepared = 0
    for seed in range(OPERATIONS // 3):
        chance = Chance(seed)
        text, variables = chance.told()
        failing += bool((await compared(seed, text, variables, chance)).errors)
        prepared += await runs_prepared(text, variables, chance)
    assert failing > OPERATIONS // 15, "too few operations failed to say anything about failures"
    assert prepared > OPERATIONS // 60, "too few operations took the fast path to say anything about it"


async def test_rows_and_objects_answer_alike() -> None:
    failing = prepared = 0
    for seed in range(OPERATIONS // 3):
        chance = Chance(seed)
        text = chance.rows()
        failing += bool((await compared(seed, text, {"yes": True}, chance)).errors)
        prepared += await runs_prepared(text, {"yes": True}, chance)
    assert failing > OPERATIONS // 100, "too few operations failed to say anything about failures"
    assert prepared > OPERATIONS // 6, "too few operations took the fast path to say anything about it"


async def runs_prepared(text: str, variables: dict[str, Any], chance: Chance) -> bool:
    operation = COMPILED.document(text).operation(None)
    if operation is None or operation.prepared is None:
        return False
    return await operation.prepared.run(variables, Request(chance.tree())) is not None
