"""How a field of a type says which column it shows, where that is not simply the one of its name."""

from collections.abc import Callable
from typing import Any

import strawberry

#: (context of the operation, value of the column) -> value of the field
Decode = Callable[[Any, Any], Any]


def decoded(description: str, decode: Decode, name: str | None = None) -> Any:
    """A field that shows a column through `decode`; null stays null."""
    return strawberry.field(name=name, description=description, metadata={"decode": decode})
