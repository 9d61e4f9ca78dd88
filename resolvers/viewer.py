"""Who asks, as a root field."""

from typing import Any

from graphql.execution.collect_fields import FieldDetails

from resolvers.planner import Plan, named_type
from resolvers.readers import ONES
from schema.api_key import Viewer
from schema.errors import forbidden
from schema.selections import Details, Selections


class ViewerReader:
    """The key of the request and its carrier, read as two rows."""

    def prepare(self, selections: Selections, type_: Any, details: Details) -> dict[str, Plan]:
        viewer = named_type(type_)
        plans: dict[str, list[FieldDetails]] = {}
        for fields in selections.of(viewer, details).values():
            plans.setdefault(fields[0].node.name.value, []).extend(fields)
        names = {"key": "ApiKey", "carrier": "Carrier"}
        return {
            field: ONES[name].prepare(selections, viewer.fields[field].type, plans[field])
            for field, name in names.items()
            if field in plans
        }

    async def read(self, context: Any, plan: dict[str, Plan]) -> Viewer:
        viewer = context.viewer
        if viewer.key_id is None:
            raise forbidden("an operator at the command line has no key to show")
        key: Any = None
        carrier: Any = None
        if "key" in plan:
            key = await ONES["ApiKey"].by_id(context, plan["key"], viewer.key_id)
        if "carrier" in plan and viewer.carrier_id is not None:
            carrier = await ONES["Carrier"].by_id(context, plan["carrier"], viewer.carrier_id)
        return Viewer(key=key, carrier=carrier)


READER = ViewerReader()
