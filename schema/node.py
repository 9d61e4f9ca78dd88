"""What all objects of the graph have in common: an id, and lists of them in pages."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.interface(description="An object with an id that is unique among all objects.")
class Node:
    id: strawberry.ID = strawberry.field(description="The id, a UUID; the same that the REST API shows.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="Whether rows precede the page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the page's first row, for `before`; null for an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the page's last row, for `after`; null for an empty page."
    )


@strawberry.type(description="A row of a page with its cursor.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The row itself.")
    cursor: str = strawberry.field(description="The row's cursor, for `after` and `before`.")


@strawberry.type(description="A page of a list, newest first.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in its list.")


@strawberry.input(description="Which object is to be deleted.")
class DeleteInput:
    id: strawberry.ID = strawberry.field(description="Its id.")

    def problems(self) -> Iterator[Any]:
        """There is nothing to check before the row is looked for."""
        yield from ()
