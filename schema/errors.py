"""How the schema says no: `userErrors` for what a caller can mend, top-level errors for the rest."""

from collections.abc import Iterable
from enum import Enum

import strawberry
from graphql import GraphQLError


@strawberry.enum(description="What kind of mistake an input has.")
class UserErrorCode(Enum):
    REQUIRED = strawberry.enum_value("REQUIRED", description="It is missing or blank.")
    INVALID = strawberry.enum_value("INVALID", description="It has a wrong form or value.")
    TAKEN = strawberry.enum_value("TAKEN", description="It already exists.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no such object.")
    READ_ONLY = strawberry.enum_value("READ_ONLY", description="It cannot be updated.")
    RESTRICTED = strawberry.enum_value("RESTRICTED", description="Something else still depends on it.")
    CONFLICT = strawberry.enum_value("CONFLICT", description="It is not possible from the present state.")


@strawberry.type(description="One thing that is wrong with a mutation's input.")
class UserError:
    message: str = strawberry.field(description="What is wrong, in a sentence for people.")
    field: list[str] | None = strawberry.field(
        description='Where: the path within `input`, such as ["name"].'
    )
    code: UserErrorCode = strawberry.field(description="What kind of mistake it is.")


class Refused(Exception):
    """A mutation that is not done, with all that is wrong; the transaction around it rolls back."""

    def __init__(self, errors: Iterable[UserError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in self.errors))


class RateLimited(GraphQLError):
    """More was asked for than there is just now; `seconds` later there is more."""

    status, code = 429, "RATE_LIMITED"

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        extensions = {"code": self.code, "retryAfter": seconds}
        super().__init__(f"{message}; try again in {seconds} s", extensions=extensions)

    @property
    def headers(self) -> dict[str, str]:
        return {"retry-after": str(self.seconds)}


class Busy(RateLimited):
    """All callers together asked for more than there is just now."""

    status, code = 503, "UNAVAILABLE"


def wrong(field: str, message: str, code: UserErrorCode = UserErrorCode.INVALID) -> UserError:
    """The error at a field of the input, named as clients name it (`defaultTtsVoice`)."""
    return UserError(message=message, field=[field], code=code)


def bad_argument(argument: str, message: str) -> GraphQLError:
    """The top-level error for an argument of a query, such as a page size over the limit."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "argument": argument})


def forbidden(message: str) -> GraphQLError:
    """The top-level error for an operation that the key may not run."""
    return GraphQLError(message, extensions={"code": "FORBIDDEN"})
