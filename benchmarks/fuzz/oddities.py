"""What a generator would not find: values, texts and bodies that broke services before."""

from typing import Any


def nested(depth: int, of: Any = None) -> Any:
    value = of
    for _ in range(depth):
        value = [value]
    return value


def _deep_object(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "a\udfff\ud800b",
    "\ufffe\uffff",
    "\u202e\u0301\u200d",
    "\U0001f1f0\U0001f1ed",
    "\u0663\u0664\u0665",
    "\uff11\uff12\uff13",
    "\r\n\t\x1b\x7f",
    "NaN",
    "-Infinity",
    "1e999999999",
    "-0",
    "0x10",
    "1_000",
    "9" * 5000,
    "0." + "1" * 40,
    "x" * 70_000,
    "null",
    "0000-00-00T00:00:00Z",
    "2026-02-30",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-W01-1T24:00:00",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "{00000000-0000-4000-8000-000000000000}",
    "urn:uuid:00000000-0000-4000-8000-000000000000",
    "'; DROP TABLE account; --",
    "%s%n%00",
    "{{7*7}}${7*7}",
    "+" + "1" * 15,
    "http://[::1]:99999/\0",
    "https://" + "a" * 300 + ".example",
    "https://user:pa ss@xn--/",
)
VALUES: tuple[Any, ...] = (
    *TEXTS,
    None,
    True,
    0,
    -1,
    2**31,
    -(2**31) - 1,
    2**53 + 1,
    2**63,
    2**64,
    10**400,
    -(10**30),
    1e308,
    5e-324,
    -0.0,
    1.0000000001,
    [],
    {},
    [None],
    [[]],
    {"": {"\0": "\ud800"}},
    {"__proto__": {"constructor": None}},
    nested(200),
    nested(500, 1),
    _deep_object(200),
    _deep_object(500),
    list(range(5000)),
    {str(n): n for n in range(5000)},
    ["x" * 100] * 1000,
)
CREATE = b"mutation($i: CreateAccountInput!) { createAccount(input: $i) { account { metadata } } }"
AROUND = (  # what is deep is put in a place where it is taken
    (b'{"data": {"type": "account", "attributes": {"name": "a", "metadata": {"a": ', b"}}}}"),
    (b'{"query": "' + CREATE + b'", "variables": {"i": {"name": "a", "metadata": {"a": ', b"}}}}"),
)
PERSISTED = b'"persistedQuery": {"version": 1, "sha256Hash": '
BODIES = (
    b"",
    b" ",
    b"\0",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"{}\0",
    "{}".encode("utf-16"),
    "{}".encode("utf-32"),
    b'{"data": "\xff"}',
    b'{"data": "\xed\xa0\x80"}',
    b'{"query": "\xff"}',
    b'{"query": "{ viewer { key { id } } }", "variables": "\xc0\x80"}',
    b'"\\ud800"',
    b'{"\\ud800": 1}',
    b'{"a": 1, "a": 2',
    b"NaN",
    b"-",
    b"1e400",
    b"9" * 10_000,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 1000 + b"]" * 1000,
    *(start + b"[" * 1000 + b"]" * 1000 + end for start, end in AROUND),
    b"null",
    b"true",
    b'"text"',
    b"[]",
    b"[1, 2]",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {"type": {}}}',
    b'{"data": {"type": "account", "attributes": []}}',
    b'{"query": null}',
    b'{"query": {}}',
    b'{"query": "", "variables": []}',
    b'{"query": "{ viewer { key { id } } }", "operationName": 5}',
    b'{"query": "{ viewer { key { id } } }", "extensions": {"persistedQuery": 1}}',
    b'{"query": "{ viewer { key { id } } }", "extensions": {' + PERSISTED + b"1}}}",
    b'{"extensions": {' + PERSISTED + b'"\\u0000"}}}',
    b'{"query": "#\\ud83d", "extensions": {' + PERSISTED + b'"a"}}}',
)
# Header values as they go over the wire; control characters no client can send.
HEADERS = (
    b"",
    b"\xff\xfe",
    b"caf\xe9",
    b"*",
    b",",
    b",,;;==",
    b'W/"',
    b'"\t"',
    b"a" * 5000,
    b"; q=",
    b"q=1e999",
)
# Queries and parts of paths, percent-encoded.
ENCODED = (
    "",
    "%00",
    "a%00b",
    "%FF",
    "%C0%80",
    "%ED%A0%80",
    "%F4%90%80%80",
    "%EF%BF%BE",
    "%D9%A3",
    "%2e%2e",
    "%2F",
    "%25",
    "%0D%0A",
    "-0",
    "1e9",
    "9" * 3000,
    "x" * 5000,
    "%5B%5D",
    "2026-02-30",
    "0000-01-01",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00%2B23:59",
    "{00000000-0000-4000-8000-000000000000}",
    ",,,",
    "a,b,",
)
LITERALS = (
    "9" * 5000,
    "-" + "9" * 5000,
    "1e400",
    "-1e400",
    "1e-400",
    "-0",
    "-0.0",
    '"\\u0000"',
    "[1e400]",
    "{a: 1e400}",
)
DOCUMENTS = (
    *(
        f'mutation {{ createAccount(input: {{name: "a", metadata: {{a: {literal}}}}}) {{ account {{ metadata }} }} }}'
        for literal in LITERALS
    ),
    *(
        f'mutation {{ createPhoneNumber(input: {{number: "{4000 + number}", type: SHORT_CODE, {name}: {literal}}})'
        f" {{ phoneNumber {{ id price latitude longitude }} userErrors {{ message }} }} }}"
        for number, literal in enumerate(LITERALS)
        for name in ("price", "latitude", "country")
    ),
    *(f"{{ phoneCall(id: {literal}) {{ id }} }}" for literal in LITERALS),
    *(f"{{ phoneCalls(filter: {{fromDate: {literal}}}) {{ nodes {{ id }} }} }}" for literal in LITERALS),
    *(
        f"{{ phoneNumberStats(groupBy: [COUNTRY], having: {{gt: {literal}}}) {{ nodes {{ value }} }} }}"
        for literal in LITERALS
    ),
    "",
    "\0",
    "\ufeff{ viewer { key { id } } }",
    "{ viewer { key { id } } }\0",
    "#\ud800",
    '{ account(id: "\\u0000") { id } }',
    '{ account(id: "\0") { id } }',
    '{ account(id: "\\uD800") { id } }',
    '{ account(id: "\\u{D800}") { id } }',
    '{ account(id: "\\u{110000}") { id } }',
    '{ account(id: """\0""") { id } }',
    "{ accounts(first: " + "9" * 5000 + ") { nodes { id } } }",
    "{ accounts(first: -0) { nodes { id } } }",
    "{ accounts(first: 1e400) { nodes { id } } }",
    "{ accounts(first: 1.5) { nodes { id } } }",
    '{ accounts(filter: {fromDate: "9999-12-31T23:59:59-23:59"}) { nodes { id } } }',
    "{" * 15_000,
    "{ a " * 4_000,
    "{ viewer { key " + "{ id " * 3_000 + "} " * 3_000 + "} }",
    "{ account(id: " + "[" * 9_000 + ") { id } }",
    "{ account(id: " + "[" * 1_500 + "]" * 1_500 + ") { id } }",
    "{ account(id: " + "{a: " * 1_200 + "1" + "}" * 1_200 + ") { id } }",
    "query($v: " + "[" * 1_900 + "ID" + "]" * 1_900 + ") { account(id: $v) { id } }",
    "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    "{ ...a } fragment a on Nothing { id }",
    "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { name } } } } } } } } }",
    "{ __typename @skip(if: true) @include(if: false) }",
    "{ viewer { key { id @skip(if: 5) } } }",
    "query($v: Boolean!) { viewer { key { id @skip(if: $v) } } }",
    "query($v: ID = null) { account(id: $v) { id } }",
    "query q { __typename } query q { __typename }",
    "{ __typename } { __typename }",
    "subscription { events { id } }",
    "subscription { __typename }",
    "type Query { a: Int }",
    "{ a: viewer { key { id } } a: accounts { nodes { id } } }",
    "mutation { __typename }",
    "{ node(id: 5) { id } }",
    "{ node(id: 1.5) { id } }",
    "{ node(id: true) { id } }",
    "{ node(id: ENUM) { id } }",
    "{ node(id: null) { id } }",
    '{ phoneCallStats(first: 1, timeZone: "../../etc/passwd") { nodes { __typename } } }',
    '{ phoneCallStats(first: 1, timeZone: "\\u0000") { nodes { __typename } } }',
)
