"""Fields that answer a page of a list: the same arguments everywhere, each described."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import strawberry

FIRST = "How many rows from the start of the list: 1 to 100; 10 where neither first nor last is given."
AFTER = "Only rows that follow this cursor."
LAST = "How many rows from the end of the list: 1 to 100."
BEFORE = "Only rows that precede this cursor."
PAGE = {"first": (int, FIRST), "after": (str, AFTER), "last": (int, LAST), "before": (str, BEFORE)}


def arguments(**described: tuple[Any, str]) -> list[inspect.Parameter]:
    """Optional arguments by name, each with its type and description."""
    return [
        _parameter(name, type_ | None, text, strawberry.UNSET) for name, (type_, text) in described.items()
    ]


def required(name: str, type_: Any, description: str) -> inspect.Parameter:
    return _parameter(name, type_, description, inspect.Parameter.empty)


def _parameter(name: str, type_: Any, description: str, default: Any) -> inspect.Parameter:
    annotation = Annotated[type_, strawberry.argument(description=description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def field(
    resolve: Callable[..., Any],
    returns: Any,
    description: str,
    parameters: list[inspect.Parameter],
    metadata: dict[str, Any],
) -> Any:
    """A field whose arguments are data instead of a signature: `resolve(self, info, **arguments)`."""

    async def resolver(self: Any, info: strawberry.Info, **given: Any) -> Any:
        return await resolve(self, info, **given)

    own = list(inspect.signature(resolver).parameters.values())[:2]
    resolver.__signature__ = inspect.Signature([*own, *parameters])  # type: ignore[attr-defined] # functions may have one
    return strawberry.field(
        resolver=resolver, graphql_type=returns, description=description, metadata=metadata
    )


def list_within(returns: Any, filter_type: Any, key: str, description: str) -> Any:
    """A list inside an object, read for all objects of the page in one statement; `key` names the parent."""

    async def resolve(self: Any, info: strawberry.Info, **given: Any) -> Any:
        return await info.context.page_within(info, self.id, key, given)

    parameters = arguments(**({"filter": (filter_type, "Which rows.")} if filter_type else {}), **PAGE)
    return field(resolve, returns, description, parameters, {"needs": ("id",)})


def rows_within(returns: Any, key: str, description: str) -> Any:
    """All rows that belong to an object, without pages: a short list by its nature."""

    async def resolve(self: Any, info: strawberry.Info) -> Any:
        return await info.context.rows_within(info, self.id, key)

    return field(resolve, returns, description, [], {"needs": ("id",)})
