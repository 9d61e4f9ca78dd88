"""Which part of a list a page is: Relay's first, after, last, before."""

from typing import Any, NamedTuple
from uuid import UUID

from resolvers.conditions import parse_id
from schema.errors import bad_argument

DEFAULT_SIZE = 10
MAX_SIZE = 100


class Window(NamedTuple):
    size: int
    backwards: bool
    after: UUID | None
    before: UUID | None

    @property
    def shape(self) -> tuple[bool, bool, bool]:
        """What of it changes the SQL text."""
        return self.backwards, self.after is not None, self.before is not None


def window(first: Any = None, after: Any = None, last: Any = None, before: Any = None) -> Window:
    """Raises a GraphQLError for sizes out of range, NoMatch for a cursor that is no id."""
    size, backwards = page_size(first, last)
    after = None if after is None else parse_id(after)
    return Window(size, backwards, after, None if before is None else parse_id(before))


def page_size(first: int | None, last: int | None, most: int = MAX_SIZE) -> tuple[int, bool]:
    """(how many rows, whether from the end of the list)."""
    if first is not None and last is not None:
        raise bad_argument("last", "first and last cannot both be given: ask for one end of the list")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= most:
            raise bad_argument(name, f"{name} is {size}; a page has 1 to {most} rows")
    return first or last or DEFAULT_SIZE, last is not None
