"""Every request of the API's document, sent as it stands: the answer is the document's, masked."""

import json
import re
from typing import Any

import pytest

from tests.conftest import Door, new_call, new_carrier, new_message
from tests.document import Example, examples

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PLACES = (
    ("AL", "Birmingham"),
    ("AL", "Huntsville"),
    ("AL", "Tuscaloosa"),
    ("AR", "Hot Springs"),
    (None, None),
)


def masked(value: Any, key: str = "") -> Any:
    """The value without what differs from run to run: ids, times, tokens, origins."""
    if isinstance(value, dict):
        return {name: masked(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part) for part in value]
    if key == "auth_token":
        return "TOKEN"
    if isinstance(value, str):
        value = re.sub(r"https://api\.[a-z.]+", "ORIGIN", value)
        return TIME.sub("TIME", UUID.sub("ID", re.sub(r"2026-04-26", "DATE", value)))
    return value


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
async def test_an_example_of_the_document_is_answered_as_documented(platform: Door, example: Example) -> None:
    door = await new_carrier(platform, "Documented", *world(example))
    path, body = await Scene(platform, door).prepare(example)
    response = await door.rest(example.method, path.removeprefix("/carrier/v1/"), body)
    assert response.status_code == example.status, response.text
    shown = response.json() if response.content else None
    assert masked(shown) == masked(ended(example.response))


def ended(documented: Any) -> Any:
    """The document's events are about calls that were still queued; real ones about a call's end."""
    text = json.dumps(documented)
    if "phone_call.completed" in text:
        text = text.replace('"status": "queued"', '"status": "canceled"').replace(
            '"duration": null', '"duration": "0"'
        )
    return json.loads(text)


def world(example: Example) -> tuple[str, str]:
    """The carrier's country and currency that the example's answer shows."""
    text = json.dumps(example.response or {})
    return ("CA", "CAD") if '"CAD"' in text else ("US", "USD") if '"USD"' in text else ("KH", "KHR")


class Scene:
    """Makes what an example's answer shows, and puts its ids into the request."""

    def __init__(self, platform: Door, door: Door) -> None:
        self.platform, self.door = platform, door

    async def prepare(self, example: Example) -> tuple[str, str | None]:
        path = example.path + (f"?{example.query}" if example.query else "")
        body = example.body
        if example.method == "POST":
            return path, body
        section = example.path.removeprefix("/carrier/v1/").partition("/")[0]
        made = await getattr(self, section)(example)
        wanted = example.response.get("data") if example.response else None
        documented = UUID.findall(example.path)
        for old, new in zip(documented, [made["id"]], strict=False):
            path = path.replace(old, new)
            body = body.replace(old, new) if body else body
        for name in ("account", "phone_call"):
            if match := re.search(rf"filter\[{name}\]=({UUID.pattern})", path):
                path = path.replace(match[1], made[name])
        assert wanted is not None or example.method == "DELETE"
        return path, body

    async def accounts(self, example: Example) -> dict[str, str]:
        shown = [example.response["data"]] if example.response else [{"attributes": {}}]
        shown = shown[0] if isinstance(shown[0], list) else shown
        made = {}
        for one in reversed(shown):
            attributes = one["attributes"]
            kind = attributes.get("type", "carrier_managed").upper()
            metadata = {"foo": "bar"} if example.method == "PATCH" else attributes.get("metadata", {})
            given = {"name": attributes.get("name", "Rocket Rides"), "type": kind, "metadata": metadata}
            made = await self.platform.do("createAccount", "account", carrierId=self.door.carrier_id, **given)
        return dict(made)

    async def account(self) -> str:
        return str((await self.door.do("createAccount", "account", name="Rocket Rides"))["id"])

    async def phone_calls(self, example: Example) -> dict[str, str]:
        account = await self.account()
        more = {"createdAt": "2021-11-01T01:00:00Z"} if "filter" in example.query else {}
        call = await new_call(self.platform, account, **more)
        if example.method == "PATCH":
            for step in (
                {"status": "RINGING"},
                {"status": "IN_PROGRESS"},
                {"status": "COMPLETED", "duration": 5},
            ):
                await self.platform.do("changePhoneCallStatus", "phoneCall", id=call, **step)
        return {"id": call, "account": account}

    async def messages(self, example: Example) -> dict[str, str]:
        account = await self.account()
        sent = "filter" in example.query or example.method == "PATCH"
        more = {"createdAt": "2021-11-01T01:00:00Z"} if "filter" in example.query else {}
        message = await new_message(self.platform, account, status="SENT" if sent else "ACCEPTED", **more)
        return {"id": message, "account": account}

    async def phone_numbers(self, example: Example) -> dict[str, str]:
        if "stats" in example.path:
            for i, (region, locality) in enumerate(PLACES):
                await self._number(f"+1205555012{i}", "LOCAL", country="US", region=region, locality=locality)
            return {"id": ""}
        if example.method == "PATCH":
            return await self._number("+15067020972", "MOBILE", country="CA")
        shown = example.response["data"] if example.response else [{"attributes": {"number": "1294"}}]
        made: dict[str, str] = {}
        for one in reversed(shown if isinstance(shown, list) else [shown]):
            number = one["attributes"]["number"]
            made = await self._number(number, "MOBILE" if number.startswith("+") else "SHORT_CODE")
        return made

    async def _number(self, number: str, type_: str, **more: Any) -> dict[str, str]:
        return dict(await self.door.do("createPhoneNumber", "phoneNumber", number=number, type=type_, **more))

    async def tts_events(self, example: Example) -> dict[str, str]:
        account = await self.account()
        call = await new_call(self.platform, account)
        characters = (100, 200) if "filter" in example.query else (100,)
        for count in characters:
            made = await self.platform.do("recordTtsEvent", "ttsEvent", phoneCallId=call, characters=count)
        return {"id": made["id"], "account": account, "phone_call": call}

    async def events(self, _: Example) -> dict[str, str]:
        call = await new_call(self.platform, await self.account())
        await self.platform.do("changePhoneCallStatus", "phoneCall", id=call, status="CANCELED")
        answer = await self.door.graphql("{ events { nodes { id } } }")
        return dict(answer["data"]["events"]["nodes"][0])
