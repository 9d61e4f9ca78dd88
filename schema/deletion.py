"""What came of a deletion."""

import strawberry

from schema.errors import UserError


@strawberry.type(description="What came of a deletion.")
class DeletePayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The id of what is gone; null where nothing is."
    )
    user_errors: list[UserError] = strawberry.field(description="All that is wrong with the input.")
