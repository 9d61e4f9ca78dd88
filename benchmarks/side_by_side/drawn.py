"""What the cases are drawn from: right values, few enough that they meet again, and some wrong ones."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

HISTORY = ["2021-11-01T01:00:00Z", "2021-11-01T23:59:59Z", "2021-11-02T00:00:00Z", "2021-11-03T00:00:00Z"]
DATES = [
    "2021-11-01T00:00:00Z",
    "2021-11-01",
    "2021-11-02T00:00:00Z",
    "2021-11-02T07:00:01+07:00",
    "2021-11-03",
]
CALL_STATUSES = ["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"]
MESSAGE_STATUSES = ["accepted", "scheduled", "queued", "sending", "sent"]
MESSAGE_STATUSES += ["failed", "received", "canceled", "delivered"]
DIRECTIONS = {
    "phone_calls": ["inbound", "outbound-api", "outbound-dial"],
    "messages": ["inbound", "outbound-api", "outbound-call", "outbound-reply", "outbound"],
}
Given = dict[str, Any]


def some(right: dict[str, list[Any]], wrong: dict[str, list[Any]] | None = None) -> SearchStrategy[Given]:
    """Some of these attributes; in every fourth case a wrong one or two among them."""
    chosen = {name: st.sampled_from(values) for name, values in right.items()}
    good = st.fixed_dictionaries({}, optional=chosen)
    if wrong is None:
        return good
    each = st.sampled_from([(name, value) for name, values in wrong.items() for value in values])
    bad = st.sampled_from([0, 0, 0, 1, 2]).flatmap(lambda n: st.lists(each, min_size=n, max_size=n))
    return st.builds(lambda attributes, others: attributes | dict(others), good, bad)


METADATA = st.sampled_from(
    [
        {},
        {"a": {"b": 1}},
        {"a": {"c": [1, {"d": None}]}, "x": True},
        {"a": {"b": {"c": 1}}},
        {"a": {"b": {"d": {}}}},
        {"a": {"b": None}, "x": None},
        {"a": 1.5, "b": 2**53},
        {"a": []},
        {"\u00e9 \u0000": "\U0001f600"},
    ]
)
WRONG_METADATA: list[Any] = [None, [], "text", 5]


def with_metadata(attributes: SearchStrategy[Given]) -> SearchStrategy[Given]:
    """The attributes, half of the time with metadata where they have none yet."""
    return st.tuples(attributes, st.just({}) | METADATA.map(lambda value: {"metadata": value})).map(
        lambda both: both[1] | both[0]
    )


ACCOUNT = with_metadata(
    some(
        {
            "name": ["Rocket Rides", "Bob Cats", "ភ្នំពេញ \U0001f680", "n" * 255],
            "default_tts_voice": ["Basic.Kal", "Basic.Slt", "Polly.Joanna-Neural"],
            "billing_enabled": [True, False],
            "billing_mode": ["prepaid"],
        },
        {
            "name": ["", "  ", 5, None],
            "default_tts_voice": ["Nobody", ""],
            "billing_enabled": ["yes", 1],
            "billing_mode": ["postpaid"],
            "metadata": WRONG_METADATA,
        },
    )
)
STATUS = some({"status": ["enabled", "disabled"]}, {"status": ["gone", None]})
AMERICAN: list[Given] = [
    {},
    {"country": "US"},
    {"country": "us", "region": "ar", "locality": "little rock"},
    {"country": "US", "region": "AR", "locality": "Little Rock"},
    {"country": "US", "region": "AL"},
    {"country": "US", "locality": "Mobile"},
    {"country": "CA", "region": "NB"},
]
ANYWHERE: list[Given] = [
    {},
    {"country": "KH", "region": "12", "locality": "Phnom Penh"},
    {"country": "US", "region": "AR"},
]
STOCK: list[tuple[list[str], list[str], list[Given]]] = [
    *[([f"+1205234567{n}", f"1 (205) 234-567{n}"], ["local"], AMERICAN) for n in range(5)],
    (["+1 (506) 702-0972", "15067020972"], ["local", "toll_free"], AMERICAN),
    (
        ["+85512334667", "855 12 334-667"],
        ["mobile", "local"],
        [{}, {"region": "12", "locality": "PHNOM PENH"}],
    ),
    (["+44 20 7946 0018"], ["local"], [{}, {"country": "JE"}]),
    (["+7 701 234 56 78"], ["mobile"], [{}, {"country": "KZ"}]),
    (["1294", "1-294"], ["short_code"], ANYWHERE),
    (["2442"], ["short_code"], ANYWHERE),
]
SPELLED = [text for texts, _, _ in STOCK for text in texts]
NUMBER = st.sampled_from(STOCK).flatmap(
    lambda kind: st.tuples(*[st.sampled_from(choices) for choices in kind]).map(
        lambda drawn: {"number": drawn[0], "type": drawn[1], **drawn[2]}
    )
)
MORE: dict[str, list[Any]] = {
    "visibility": ["private", "public", "disabled"],
    "price": ["0", "1.15", "1.15", 5, "-0", "2.000001"],
    "lata": ["528", None],
    "rate_center": ["LittleRock", None],
    "latitude": ["34.748463", "-90", None],
    "longitude": ["-92.284434", None],
}
WRONG: dict[str, list[Any]] = {
    "type": ["local", "mobile", "short_code", "satellite"],
    "visibility": ["hidden"],
    "country": ["ZZ", "KH", "US"],
    "price": ["-1", "dear", "1.0000001"],
    "region": ["ZZ", "AR", "12"],
    "locality": [" "],
    "lata": ["052", "52"],
    "latitude": ["91"],
    "longitude": ["181", "east"],
    "metadata": WRONG_METADATA,
}
NEW_NUMBER = st.builds(
    lambda number, more: number | more,
    NUMBER,
    with_metadata(some(MORE, WRONG | {"number": ["", "abc", "1" * 20]})),
)
CHANGED_NUMBER = with_metadata(
    some(
        MORE | {"locality": ["Little Rock", "LITTLE ROCK", None], "region": [None]},
        WRONG | {"number": SPELLED},
    )
)
PRICE = some(
    {"price": ["-0.05", "-1.123456", 0, "-0", "-0.000001", -2]},
    {"price": ["0.05", "-0.1234567", "cheap"]},
)
PARTIES = {
    "to": st.sampled_from(["+855 12 334 667", "1294"]),
    "from": st.sampled_from(["2442", "15067020972"]),
    "created_at": st.none() | st.sampled_from(HISTORY),
}


def party(path: str, statuses: list[str], **more: SearchStrategy[Any]) -> SearchStrategy[Given]:
    """A call or a message, as the platform reports it."""
    direction = st.sampled_from(DIRECTIONS[path])
    status = st.none() | st.sampled_from(statuses[:4]) | st.sampled_from(statuses)
    return st.fixed_dictionaries({**PARTIES, "direction": direction, "status": status, **more})


CALL = party("phone_calls", CALL_STATUSES, duration=st.none() | st.integers(0, 100))
MESSAGE = party("messages", MESSAGE_STATUSES, body=st.sampled_from(["Hello World", "សួស្តី \U0001f600", ""]))


@dataclass(frozen=True)
class Manner:
    """How a write is sent: `match` is the ETag of If-Match, None without one."""

    door: str
    stranger: bool = False
    twice: bool = False
    match: str | None = None


MANNER = st.builds(
    Manner,
    door=st.sampled_from(["rest", "graphql"]),
    stranger=st.sampled_from([False] * 9 + [True]),
    twice=st.sampled_from([False, False, True]),
    match=st.sampled_from([None, None, None, "*", "present", "stale"]),
)
PLATFORM = Manner("graphql")
