"""Two carriers, `ours` and `theirs`, behind every test, and the doors to the service."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

from app import create_app
from resolvers.context import operator
from schema.root import schema
from settings import Settings
from tests.servers import broker_url, database_url, pytest_sessionfinish, pytest_sessionstart

__all__ = ["broker_url", "database_url", "pytest_sessionfinish", "pytest_sessionstart"]

SECRET_KEY = "k" * 32
ORIGIN = "https://api.example.com"
JSON_API = "application/vnd.api+json"


@pytest.fixture(scope="session")
async def app(database_url: str, broker_url: str) -> AsyncIterator[Starlette]:
    settings = Settings.read(
        database_url=database_url,
        broker_url=broker_url,
        secret_key=SECRET_KEY,
        wrong_key_limit=0,  # all tests come from one address
        webhook_allow_private_addresses=True,  # the tests' own receivers listen on loopback
    )
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture(scope="session")
async def http(app: Starlette) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app=app), base_url=ORIGIN) as client:
        yield client


@dataclass
class Door:
    """A key and what one can do with it, through either door."""

    http: AsyncClient
    key: str
    carrier_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def rest(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        known = {
            "Authorization": f"Bearer {self.key}",
            **({"Content-Type": JSON_API} if body is not None else {}),
        }
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        content = (
            {"content": body} if isinstance(body, str | bytes) else {"json": body} if body is not None else {}
        )
        return await self.http.request(method, f"/carrier/v1/{path}", headers=known | extra, **content)

    async def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        response = await self.http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def do(self, name: str, field: str, /, **given: Any) -> Any:
        """Run a mutation; its object, which must have come without userErrors."""
        payload = await self.payload(name, field, **given)
        assert payload["userErrors"] == [], payload
        return payload[field]

    async def payload(self, name: str, field: str, select: str = "{ id }", /, **given: Any) -> dict[str, Any]:
        type_ = name[0].upper() + name[1:]
        asked = f"{field} {select} userErrors {{ message field code }}"
        text = f"mutation($i: {type_}Input!) {{ {name}(input: $i) {{ {asked} }} }}"
        answer = await self.graphql(text, i=given)
        assert "errors" not in answer, answer
        payload: dict[str, Any] = answer["data"][name]
        return payload


@pytest.fixture(scope="session")
async def platform(app: Starlette, http: AsyncClient) -> Door:
    service = app.state.service
    text = 'mutation { createApiKey(input: {name: "platform", role: PLATFORM}) { token } }'
    result = await schema.run(text, None, operator(service.database, service.cipher))
    assert result.data is not None
    return Door(http, result.data["createApiKey"]["token"])


async def new_carrier(platform: Door, name: str, country: str = "KH", currency: str = "KHR") -> Door:
    carrier = await platform.do(
        "createCarrier", "carrier", name=name, countryCode=country, billingCurrency=currency
    )
    return await new_key(platform, carrier["id"])


async def new_key(platform: Door, carrier_id: str, access: str = "WRITE") -> Door:
    text = "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { token } }"
    given = {"name": "test", "role": "CARRIER", "access": access, "carrierId": carrier_id}
    answer = await platform.graphql(text, i=given)
    return Door(platform.http, answer["data"]["createApiKey"]["token"], carrier_id)


@pytest.fixture
async def ours(platform: Door) -> Door:
    return await new_carrier(platform, "Ours")


@pytest.fixture
async def theirs(platform: Door) -> Door:
    return await new_carrier(platform, "Theirs")


@pytest.fixture
async def account(ours: Door) -> str:
    return str((await ours.do("createAccount", "account", name="Rocket Rides"))["id"])


async def new_call(platform: Door, account: str, **more: Any) -> str:
    given = {"accountId": account, "to": "+85512334667", "from": "2442", "direction": "OUTBOUND_API"} | more
    return str((await platform.do("recordPhoneCall", "phoneCall", **given))["id"])


async def new_message(platform: Door, account: str, **more: Any) -> str:
    given = {"accountId": account, "to": "+85512334667", "from": "2442", "body": "Hello World"}
    given |= {"direction": "OUTBOUND_API"} | more
    return str((await platform.do("recordMessage", "message", **given))["id"])
