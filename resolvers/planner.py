"""Turns a selection of a table-backed type into the columns and joins of one SQL statement.

A field of the type shows the column of its Python name; an object field `account` follows the column
`account_id`; a field with a resolver names the columns it uses in its metadata's `needs`. Rows become
instances of the Strawberry class with just the selected attributes. UUID and NUMERIC columns are read
as text, which is what ID and Decimal fields write. `Plan.row` tells completion the same, so that an
answer of plain fields is written straight from the row (schema/completion.py).
"""

from collections.abc import Callable, Hashable
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLList, GraphQLNamedType, GraphQLNonNull, GraphQLObjectType
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlmodel import AutoString

from schema.completion import Source
from schema.selections import Details, Selections, declared

# The leaf types that a column's value, as it is selected here, is the answer of; the first kind that fits.
TEXT = frozenset({"String", "ID"})
OWN: tuple[tuple[Any, frozenset[str]], ...] = (
    (sa.Enum, frozenset({"Enum"})),
    ((AutoString, sa.String, sa.Uuid), TEXT),
    (sa.Numeric, frozenset({"Decimal"})),
    (sa.DateTime, frozenset({"DateTime"})),
    (sa.Boolean, frozenset({"Boolean"})),
    (sa.BigInteger, frozenset()),  # which may be more than an Int can hold
    (sa.Integer, frozenset({"Int"})),
    (sa.JSON, frozenset({"JSON"})),
)
DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
Statement = tuple[str, tuple[str, ...]]
"""SQL text, and the names of its parameters in order."""


def compiled(select: sa.Select[Any]) -> Statement:
    found = select.compile(dialect=DIALECT)
    return found.string, tuple(found.positiontup or ())


class Plan:
    """Columns and joins of a selection, its statements, and how to read a row of theirs.

    `make(row, context)` gives the object of a row; `row` says where each of its attributes stands.
    """

    def __init__(
        self, selections: Selections, type_: GraphQLObjectType, details: Details, table: sa.Table
    ) -> None:
        self._selections = selections
        self._columns: dict[tuple[Any, str], sa.ColumnElement[Any]] = {}
        self._joins: list[tuple[Any, Any]] = []
        self._source: list[str] = []
        self._names: dict[str, Any] = {"new": object.__new__}
        self._statements: dict[Hashable, Statement] = {}
        self.table = table
        self.id = self._position(table, "id")
        maker, members = self._object(type_, details, table)
        target = "(" + "".join(f"c{position}, " for position in range(len(self._columns))) + ")"
        self.row = Source("it", members=members, target=target)
        exec("\n".join(self._source), self._names)  # noqa: S102 - holds names of our own schema alone
        self.make: Callable[[Any, Any], Any] = self._names[maker]

    def select(self, *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """SELECT of the planned columns, then `more`, from the table and its joins."""
        labelled = [column.label(f"c{i}") for i, column in enumerate(self._columns.values())]
        source: Any = self.table
        for target, on in self._joins:
            # Outer though each row has its account: else PostgreSQL may read all rows, account by account.
            source = source.join(target, on, isouter=True)
        return sa.select(*labelled, *more).select_from(source)

    def statement(self, shape: Hashable, build: Callable[[], Any]) -> Statement:
        """Compiled once for each shape."""
        if shape not in self._statements:
            self._statements[shape] = compiled(build())
        return self._statements[shape]

    def _position(self, entity: Any, name: str) -> int:
        """Position in the row of a column; a column is selected once."""
        key = (entity, name)
        if key not in self._columns:
            column = entity.c[name]
            as_text = isinstance(column.type, sa.Uuid | sa.Numeric)
            self._columns[key] = sa.cast(column, sa.Text) if as_text else column
        return list(self._columns).index(key)

    def _object(
        self, type_: GraphQLObjectType, details: Details, entity: Any
    ) -> tuple[str, dict[str, Source]]:
        """(name of a generated function (row, context) -> instance of the type's class, its attributes)."""
        values: dict[str, str] = {}
        members: dict[str, Source] = {}
        nested: dict[str, tuple[GraphQLNamedType, Details]] = {}
        for fields in self._selections.of(type_, details).values():
            graphql_field = self._selections.schema.get_field(type_, fields[0].node.name.value)
            field = declared(graphql_field)
            if field is None or graphql_field is None:
                continue  # __typename
            name = field.python_name
            if field.base_resolver is not None:
                values |= {column: self._value(entity, column, None) for column in field.metadata["needs"]}
            elif name in entity.c:
                decode = field.metadata.get("decode")
                values[name] = self._value(entity, name, decode)
                members[name] = self._member(entity, name, decode)
            else:
                nested.setdefault(name, (named_type(graphql_field.type), []))[1].extend(fields)
        for name, (nested_type, nested_details) in nested.items():
            values[name], members[name] = self._nested(entity, name, nested_type, nested_details)
        return self._function(type_, values), members

    def _value(self, entity: Any, name: str, decode: Any) -> str:
        cell = f"row[{self._position(entity, name)}]"
        if decode is None:
            return cell
        self._names[f"decode{len(self._names)}"] = decode
        call = f"decode{len(self._names) - 1}(context, {cell})"
        return f"None if {cell} is None else {call}" if entity.c[name].nullable else call

    def _member(self, entity: Any, name: str, decode: Any) -> Source:
        column = entity.c[name]
        own = next((names for kind, names in OWN if isinstance(column.type, kind)), frozenset())
        return Source(f"c{self._position(entity, name)}", own, column.nullable, decode)

    def _nested(self, entity: Any, name: str, type_: Any, details: Details) -> tuple[str, Source]:
        local = entity.c[f"{name}_id"]
        if self._asks_id_alone(type_, details):  # which the row has: a join would cost a quarter of a page
            key = self._position(entity, local.name)
            make = self._function(type_, {"id": f"row[{key}]"})
            members = {"id": Source(f"c{key}", TEXT, nullable=False)}
        else:
            (foreign_key,) = local.foreign_keys
            target = foreign_key.column.table.alias()
            self._joins.append((target, local == target.c.id))
            make, members = self._object(type_, details, target)
            key = self._position(target, "id")
        if not local.nullable:
            return f"{make}(row, context)", Source("", nullable=False, members=members)
        found = f"None if row[{key}] is None else {make}(row, context)"
        return found, Source(f"c{key}", members=members)

    def _asks_id_alone(self, type_: Any, details: Details) -> bool:
        fields = self._selections.of(type_, details).values()
        return {field[0].node.name.value for field in fields} <= {"id", "__typename"}

    def _function(self, type_: GraphQLObjectType, values: dict[str, str]) -> str:
        number = len(self._names)
        self._names[f"class{number}"] = type_.extensions["strawberry-definition"].origin
        lines = [f" it.{name} = {value}" for name, value in values.items()]
        self._source += [
            f"def make{number}(row, context):",
            f" it = new(class{number})",
            *lines,
            " return it",
        ]
        self._names[f"make{number}"] = None  # takes the number, so that the next one differs
        return f"make{number}"


def named_type(type_: Any) -> Any:
    """The object, enum or scalar type within lists and non-nulls."""
    while isinstance(type_, GraphQLNonNull | GraphQLList):
        type_ = type_.of_type
    return type_
