"""A server to ask, with two keys and some rows of every kind, so that ids hit."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.commands import SECRET_KEY, carrierql
from tests.serving import served

ROWS = 30
BUDGET = "1000000000"  # 429 would hide everything else
SETTINGS = {"RATE_LIMIT": BUDGET, "PLATFORM_RATE_LIMIT": BUDGET, "WRONG_KEY_LIMIT": "0"}


@dataclass
class Site:
    """`ids` are those of the rows, by the paths of the REST API and `webhook_endpoints`."""

    origin: str
    carrier: str
    platform: str
    ids: dict[str, list[str]]
    _turn: int = 0

    def mutate(self, name: str, field: str, key: str, /, **given: Any) -> str:
        type_ = name[0].upper() + name[1:]
        text = f"mutation($i: {type_}Input!) {{ {name}(input: $i) {{ {field} {{ id }} }} }}"
        answer = httpx.post(
            f"{self.origin}/graphql",
            json={"query": text, "variables": {"i": given}},
            headers={"Authorization": f"Bearer {key}"},
        ).json()
        return str(answer["data"][name][field]["id"])

    def next_id(self, *names: str) -> str:
        """The id of another row each time, of the kind that the first possible of these names speaks of."""
        for name in names:
            for kind, ids in self.ids.items():
                if kind.removesuffix("s").replace("_", "") in name.lower():
                    self._turn += 1
                    return ids[self._turn % len(ids)]
        return self.all_ids()[0]

    def all_ids(self) -> list[str]:
        return [row_id for ids in self.ids.values() for row_id in ids]


@contextmanager
def site(database_url: str, broker_url: str) -> Iterator[Site]:
    known = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}

    def printed(*arguments: str) -> Any:
        return json.loads(carrierql(*arguments, "--json", cwd=Path.cwd(), **known).stdout)

    made = printed("carriers", "create", "--name", "Fuzz", "--country", "KH", "--currency", "KHR")
    platform = printed("keys", "create", "--platform")["api_key"]
    with served(database_url, broker_url, LOG_FORMAT="json", **SETTINGS) as server:
        place = Site(server.origin, made["api_key"], platform, ids={})
        _fill(place)
        yield place


def _fill(place: Site) -> None:
    mine, platform = place.carrier, place.platform
    party = {"to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API"}
    accounts = [place.mutate("createAccount", "account", mine, name=f"Account {n}") for n in range(ROWS)]
    numbers = [
        place.mutate("createPhoneNumber", "phoneNumber", mine, number=f"+85512{n:06}", type="MOBILE")
        for n in range(ROWS)
    ]
    calls = [
        place.mutate("recordPhoneCall", "phoneCall", platform, accountId=one, **party)
        for one in accounts[:10]
    ]
    messages = [
        place.mutate("recordMessage", "message", platform, accountId=one, body="Hello", **party)
        for one in accounts[:10]
    ]
    uses = [
        place.mutate("recordTtsEvent", "ttsEvent", platform, phoneCallId=one, characters=5) for one in calls
    ]
    url = "https://hooks.example.com/here"
    endpoints = [place.mutate("createWebhookEndpoint", "webhookEndpoint", mine, url=url) for _ in range(5)]
    for one in calls[:5]:
        place.mutate("changePhoneCallStatus", "phoneCall", platform, id=one, status="CANCELED")
    place.ids |= {"accounts": accounts, "phone_numbers": numbers, "phone_calls": calls, "messages": messages}
    place.ids |= {"tts_events": uses, "events": _events(place), "webhook_endpoints": endpoints}


def _events(place: Site) -> list[str]:
    headers = {"Authorization": f"Bearer {place.carrier}"}
    return [
        row["id"] for row in httpx.get(f"{place.origin}/carrier/v1/events", headers=headers).json()["data"]
    ]
