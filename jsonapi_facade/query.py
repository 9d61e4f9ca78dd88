"""The query of a REST call as variables of a GraphQL operation; all that is wrong with it at once."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from jsonapi_facade.errors import Problem, Rejected, at_parameter
from jsonapi_facade.operations import Fields, enum_values, inputs, members
from jsonapi_facade.resources import BY_TYPE, Resource
from schema.scalars import parse_datetime

PAGE_SIZE, MAX_PAGE_SIZE = 10, 100
OPERATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq")
GROUPS = ("country", "region", "locality")
STATS_ARE_OF = {"available": "true", "type": "local"}
LARGEST_INT = 2**31 - 1
FILTER = re.compile(r"filter\[(\w*)\]")
FIELDS = re.compile(r"fields\[(\w*)\]")
CURSORS = frozenset({"page[after]", "page[before]"})
KEPT = 128  # parts of queries, each of which may be nearly as long as a head
WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
PAGE = CURSORS | {"page[size]"}


@dataclass(slots=True)
class Query:
    """What a call asks for beside its path."""

    pairs: list[tuple[str, str]]
    include: tuple[str, ...] = ()
    fields: Fields = ()
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def backwards(self) -> bool:
        return "last" in self.variables

    def links(self, address: str, before: str | None, after: str | None) -> dict[str, str | None]:
        """The addresses of the neighbouring pages: every parameter again, sorted, each with its cursor.

        A cursor comes from an answer: it has nothing to quote.
        """
        head, tail = _around_cursor(*[pair for pair in self.pairs if pair[0] not in CURSORS])
        return {
            "prev": before and f"{address}?{head}page%5Bbefore%5D={before}{tail}",
            "next": after and f"{address}?{head}page%5Bafter%5D={after}{tail}",
        }


def parse_query(raw: str, resource: Resource, kind: str) -> Query:
    """The query of a call of this kind: list, one, or stats. Raises Rejected."""
    if not raw and kind != "stats":  # which have to be told what of
        return Query([], variables={"first": PAGE_SIZE} if kind == "list" else {})
    query = Query(_pairs(raw))
    given = dict(query.pairs)
    if kind == "list" and given.keys() <= PAGE:
        _page(query, given)
        return query
    known = known_parameters(resource, kind)
    others = [name for name in given if name not in known]
    problems = [problem for name in others if (problem := _unknown(name, known, kind))]
    if kind != "stats" and (others or "include" in given):
        _shape_of(query, given, resource, problems)
    if kind == "list":
        _filters(query, given, resource, problems)
    if kind == "stats":
        _stats(query, given, problems)
    if kind != "one":
        _page(query, given)
    if problems:
        raise Rejected(problems)
    return query


@cache
def known_parameters(resource: Resource, kind: str) -> frozenset[str]:
    """The parameters of a call of this kind, without fields[TYPE] and having[…]."""
    filters = {"list": resource.filters, "stats": (*STATS_ARE_OF, *GROUPS), "one": ()}[kind]
    known = {f"filter[{filter_}]" for filter_ in filters} | {"group_by[]" if kind == "stats" else "include"}
    return frozenset(known | PAGE if kind != "one" else known)


def _pairs(raw: str) -> list[tuple[str, str]]:
    """What parse_qsl makes of a query, without its care for other separators and types."""
    parts = [part.partition("=") for part in raw.split("&") if part]
    return [(_name(name), _unquoted(value)) for name, _, value in parts]


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


@lru_cache(KEPT)
def _name(text: str) -> str:
    return _unquoted(text)


@lru_cache(KEPT)
def _around_cursor(*pairs: tuple[str, str]) -> tuple[str, str]:
    """Parameters, sorted, before and after the one of a cursor."""
    head = tail = ""
    for key, value in sorted(pairs, key=itemgetter(0)):
        part = f"{quote_plus(key)}={quote_plus(value)}"
        head, tail = (f"{head}{part}&", tail) if key < "page[after]" else (head, f"{tail}&{part}")
    return head, tail


def _unknown(name: str, known: frozenset[str], kind: str) -> Problem | None:
    """The problem with a parameter that is not known; names that JSON:API leaves to others are ignored."""
    if name.startswith("having[") if kind == "stats" else FIELDS.fullmatch(name):
        return None
    base = name.partition("[")[0]
    if base.isascii() and re.fullmatch(r"[a-z_]+", base):
        return at_parameter(name, f"there is no parameter {name} here; there are {', '.join(sorted(known))}")
    return None


def _shape_of(query: Query, given: dict[str, str], resource: Resource, problems: list[Problem]) -> None:
    include = [name for name in given.get("include", "").split(",") if name]
    paths = members(resource)[1]
    for path in include:
        if path not in paths:
            possible = ", ".join(paths) or "nothing"
            problems.append(
                at_parameter("include", f"{path!r} cannot be included; here one can include {possible}")
            )
    query.include = tuple(sorted({path for path in include if path in paths}))
    fields = {}
    for name, value in given.items():
        if not (match := FIELDS.fullmatch(name)):
            continue
        if (shown := BY_TYPE.get(match[1])) is None:
            problems.append(at_parameter(name, f"there is no type {match[1]!r}"))
            continue
        wanted = [part for part in value.split(",") if part]
        there = [*members(shown)[0], *members(shown)[1]]
        if wrong := [part for part in wanted if part not in there]:
            problems.append(at_parameter(name, f"{shown.type} has no field {', '.join(wrong)}"))
        fields[shown.type] = tuple(sorted(set(wanted)))
    query.fields = tuple(sorted(fields.items()))


def _filters(query: Query, given: dict[str, str], resource: Resource, problems: list[Problem]) -> None:
    filters: dict[str, Any] = {}
    dates: dict[str, datetime] = {}
    for name, kind in resource.filters.items():
        parameter = f"filter[{name}]"
        if parameter not in given:
            continue
        value = given[parameter]
        graphql_name, enum = inputs(f"{resource.graphql_type}Filter")[name]
        try:
            read = _filter_value(kind, value, enum)
            if kind in ("from", "to"):
                dates[kind] = read
                reach = read + timedelta(days=1) if kind == "to" else read  # rule 15
                read = parse_datetime(reach.isoformat()).isoformat()
            filters[graphql_name] = read
        except ValueError as error:
            problems.append(at_parameter(parameter, str(error)))
    if len(dates) == len(("from", "to")) and dates["to"] < dates["from"]:
        problems.append(at_parameter("filter[to_date]", "to_date must not be before from_date"))
    if filters:
        query.variables["filter"] = filters


def _filter_value(kind: str, value: str, enum: str | None) -> Any:
    """Raises ValueError with what is wrong."""
    if not value:
        raise ValueError("a filter must not be empty; leave it out to see everything")
    if enum is not None:
        words = {word: name for name, word in enum_values(enum).items()}
        if value not in words:
            raise ValueError(f"{value!r:.80} is not one of {', '.join(words)}")
        return words[value]
    return parse_datetime(value.replace(" ", "+")) if kind in ("from", "to") else value


def _page(query: Query, given: dict[str, str]) -> None:
    """Rule 12: sizes are brought into range; before wins over after."""
    size = given.get("page[size]", "")
    number = int(size[:9]) if WHOLE.fullmatch(size) else PAGE_SIZE
    number = min(max(number, 1), MAX_PAGE_SIZE)
    if "page[before]" in given:
        query.variables |= {"last": number, "before": given["page[before]"]}
        return
    query.variables["first"] = number
    if "page[after]" in given:
        query.variables["after"] = given["page[after]"]


def _stats(query: Query, given: dict[str, str], problems: list[Problem]) -> None:
    for name, only in STATS_ARE_OF.items():
        if given.get(f"filter[{name}]") != only:
            problems.append(at_parameter(f"filter[{name}]", f"filter[{name}] is required and must be {only}"))
    groups = [value for name, value in query.pairs if name == "group_by[]"]
    if sorted(groups) != sorted(GROUPS):
        problems.append(at_parameter("group_by", f"group_by[] must name {', '.join(GROUPS)}, each once"))
    filters: dict[str, Any] = {"available": True, "type": "LOCAL"}
    for name in GROUPS:
        if (value := given.get(f"filter[{name}]")) == "":
            problems.append(at_parameter(f"filter[{name}]", "a filter must not be empty"))
        elif value is not None:
            filters[name] = value
    query.variables |= {"filter": filters, "groupBy": [name.upper() for name in GROUPS]}
    if having := _having(given, problems):
        query.variables["having"] = having


def _having(given: dict[str, str], problems: list[Problem]) -> dict[str, int] | None:
    """having[count][lt]=2, or the table's literal having[count][operator]=lt and having[count][value]=2."""
    pairs = {name: value for name, value in given.items() if name.startswith("having[")}
    if not pairs:
        return None
    literal = {"having[count][operator]", "having[count][value]"}
    if pairs.keys() == literal:
        pairs = {f"having[count][{pairs['having[count][operator]']}]": pairs["having[count][value]"]}
    (name, value), *others = pairs.items()
    operator = name.removeprefix("having[count][").removesuffix("]")
    if others or operator not in OPERATORS or name != f"having[count][{operator}]":
        allowed = ", ".join(OPERATORS)
        problems.append(
            at_parameter("having", f"having[count][OPERATOR] takes exactly one operator of {allowed}")
        )
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        problems.append(at_parameter(name, f"{value!r:.40} is not an integer of 0 or more"))
        return None
    return {operator: min(int(value), LARGEST_INT)}
