"""The parameters of the calls."""

from typing import Any

from jsonapi_facade.explain import PARAMETER, READS, VALUE
from jsonapi_facade.openapi.schemas import Json, input_fields, told, value
from jsonapi_facade.operations import inputs, members
from jsonapi_facade.query import GROUPS, MAX_PAGE_SIZE, OPERATORS, PAGE_SIZE, STATS_ARE_OF
from jsonapi_facade.resources import BY_TYPE, Resource
from models.idempotency_key import KEPT_HOURS
from resolvers.idempotency import HEADER as IDEMPOTENCY_KEY
from resolvers.idempotency import MAX_LENGTH

MATCHING = frozenset({"Update", "Delete"})  # done to what its sender has seen
IF_MATCH = """\
The `ETag` of the object's own address without parameters, or several with commas between: the write is done
to that state alone. `*` is any."""
ONCE = f"""\
Makes the write safe to repeat: for {KEPT_HOURS} hours the same request with the same key gets the same answer
and is not done again."""


def call_parameters(resource: Resource, verb: str) -> list[Json]:
    shared = ["If-None-Match"] if verb in READS else [IDEMPOTENCY_KEY]
    if verb in MATCHING:
        shared.append("If-Match")
    own = []
    if verb == "Stats":
        own = _statistics_parameters()
    elif verb == "List":
        own = [_filter(resource, name, kind) for name, kind in resource.filters.items()]
    if verb in ("List", "Stats"):
        shared = ["page[size]", "page[after]", "page[before]", *shared]
    if verb not in ("Stats", "Delete"):
        own += _shape_parameters(resource)
    return [*own, *map(parameter_ref, [*shared, PARAMETER])]


def parameter_ref(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{_key(name)}"}


def _key(name: str) -> str:
    """A parameter's name as a key of components, which may have no brackets."""
    return name.replace("[", ".").replace("]", "")


def _query(name: str, schema: Json, description: str, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _header(name: str, schema: Json, description: str) -> Json:
    return {**_query(name, schema, description), "in": "header"}


def shared_parameters() -> Json:
    cursor = {"type": "string", "format": "uuid"}
    key = {"type": "string", "pattern": f"^[ -~]{{1,{MAX_LENGTH}}}$"}
    size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
    shown = [
        {**_query("id", cursor, "The id of the object."), "in": "path", "required": True},
        _query("page[size]", size, "How many rows; what is out of range is brought into range."),
        _query("page[after]", {"type": "string"}, "Rows that follow the row of this id."),
        _query(
            "page[before]",
            {"type": "string"},
            "Rows that precede the row of this id; wins over `page[after]`.",
        ),
        _query(PARAMETER, {"const": VALUE}, "Answers the GraphQL operation instead of running it."),
        _header("If-None-Match", {"type": "string"}, "The `ETag` of a document that is there already."),
        _header("If-Match", {"type": "string"}, IF_MATCH),
        _header(IDEMPOTENCY_KEY, key, ONCE),
    ]
    return {_key(parameter["name"]): parameter for parameter in shown}


def _filter(resource: Resource, name: str, kind: str) -> Json:
    input_type = f"{resource.graphql_type}Filter"
    field = input_fields(input_type)[inputs(input_type)[name][0]]
    if kind not in ("from", "to"):
        return _query(f"filter[{name}]", value(field.type), told(field))
    schema = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    text = told(field) + (" It reaches one day further than it says." if kind == "to" else "")
    return _query(f"filter[{name}]", schema, text)


def _statistics_parameters() -> list[Json]:
    fields = input_fields("PhoneNumberFilter")
    comparisons = input_fields("CountComparison")
    count = {"type": "integer", "minimum": 0}
    groups = {"type": "array", "items": {"enum": list(GROUPS)}, "minItems": len(GROUPS), "uniqueItems": True}
    return [
        *(
            _query(
                f"filter[{name}]",
                {"const": only},
                f"{fields[name].description} Must be {only}.",
                required=True,
            )
            for name, only in STATS_ARE_OF.items()
        ),
        *(_query(f"filter[{name}]", {"type": "string"}, fields[name].description) for name in GROUPS),
        _query("group_by[]", groups, "What to count by: all three, in any order.", required=True),
        *(
            _query(
                f"having[count][{name}]",
                count,
                f"The count: {comparisons[name].description} One comparison at most.",
            )
            for name in OPERATORS
        ),
    ]


def _shape_parameters(resource: Resource) -> list[Json]:
    """What to include, and the sparse fieldsets."""
    names = {"style": "form", "explode": False}
    relationships = members(resource)[1]
    shown = []
    if relationships:
        schema = {"type": "array", "items": {"enum": list(relationships)}}
        shown = [_query("include", schema, "Related objects to show in `included`.", **names)]
    for one in (resource, *(BY_TYPE[name] for name in relationships)):
        attributes, related = members(one)
        schema = {"type": "array", "items": {"enum": [*attributes, *related]}}
        shown.append(_query(f"fields[{one.type}]", schema, f"The fields to show of a `{one.type}`.", **names))
    return shown
