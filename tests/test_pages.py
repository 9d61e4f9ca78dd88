"""GraphiQL and the dashboard as they are served: what the server says, and what a browser shows."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from graphql import parse, validate
from httpx import AsyncClient
from playwright.async_api import Browser, expect

import pages
from schema.root import schema
from tests.browser import PAGES, Visit, chromium, origin, visiting
from tests.conftest import Door, new_call

__all__ = ["chromium", "origin"]

EXAMPLES = json.loads((PAGES / "src/graphiql/examples.json").read_text())
HTML = {"Accept": "text/html"}
# What GraphiQL 5.4 itself brings: grey line numbers, and tabs that hold a button.
GRAPHIQLS_OWN = {"color-contrast", "nested-interactive"}
RUN = "Execute query (Ctrl-Enter)"


@pytest.mark.parametrize("path", ["/graphql", "/dashboard"])
async def test_a_page_allows_nothing_from_elsewhere(http: AsyncClient, path: str) -> None:
    response = await http.get(path, headers=HTML)
    assert response.status_code == 200
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["style-src"] == ("'self' 'unsafe-inline'" if path == "/graphql" else "'self'")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/graphql", "/dashboard"])
async def test_a_page_that_is_not_built_says_what_to_run(
    http: AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path)
    response = await http.get(path, headers=HTML)
    assert (response.status_code, response.text) == (503, pages.NOT_BUILT)


async def test_assets_are_kept_for_a_year_and_come_packed(http: AsyncClient) -> None:
    page = (await http.get("/graphql", headers=HTML)).text
    script = page.partition('<script type="module" src="')[2].partition('"')[0]
    packed = await http.get(script, headers={"Accept-Encoding": "gzip, br"})
    plain = await http.get(script, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    for response in (packed, plain):
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"] == "text/javascript; charset=utf-8"
        assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fgraphiql.html", "%2e%2e%2fbuilt", "a%00b", "."])
async def test_a_name_that_is_no_asset_is_not_found(http: AsyncClient, name: str) -> None:
    assert (await http.get(f"/assets/{name}")).status_code == 404


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["query"].split("\n")[1][:30])
async def test_an_example_is_valid(example: dict[str, Any]) -> None:
    assert validate(schema._schema, parse(example["query"])) == []


async def test_the_examples_run(ours: Door) -> None:
    for example in EXAMPLES:
        if "subscription" not in example["query"]:
            answer = await ours.graphql(example["query"], **example.get("variables", {}))
            assert "errors" not in answer


@pytest.mark.debian
async def test_a_wrong_key_is_told_and_a_right_one_is_kept_for_the_session(
    chromium: Browser, origin: str, ours: Door
) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/graphql", "wrong")
        await expect(visit.page.get_by_role("alert")).to_have_text("this key is unknown")
        visit.complaints.clear()  # the console tells of the 401
        assert await visit.barriers() == []
        await visit.page.get_by_label("API key").fill(ours.key)
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.get_by_role("button", name=RUN)).to_be_visible()
        await visit.page.reload()
        await expect(visit.page.get_by_role("button", name=RUN)).to_be_visible()
        assert ours.key not in visit.page.url
        assert ours.key not in await visit.page.evaluate("JSON.stringify(localStorage)")
        await visit.page.get_by_role("button", name="Forget key").click()
        await expect(visit.page.get_by_label("API key")).to_be_visible()
        assert await visit.page.evaluate("sessionStorage.length") == 0


@pytest.mark.debian
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_example_tabs_run(
    chromium: Browser, origin: str, ours: Door, platform: Door, account: str, scheme: str
) -> None:
    await new_call(platform, account, status="COMPLETED")
    async with visiting(chromium, origin, color_scheme=scheme) as visit:
        await visit.open("/graphql", ours.key)
        await run(visit, "viewer")
        await expect(response(visit)).to_contain_text('"name": "Ours"')
        await visit.page.get_by_role("tab", name="Calls", exact=True).click()
        await run(visit, "phoneCalls")
        await expect(response(visit)).to_contain_text("Rocket Rides")
        assert await visit.barriers("html", ".graphiql-container") == []
        assert {rule for rule, _ in await visit.barriers()} <= GRAPHIQLS_OWN


@pytest.mark.debian
async def test_a_subscription_shows_events_as_they_come(
    chromium: Browser, origin: str, ours: Door, platform: Door, account: str
) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/graphql", ours.key)
        await visit.page.get_by_role("tab", name="Events").click()
        await run(visit, "subscription")
        async with asyncio.timeout(60):
            while not await response(visit).inner_text():  # nothing tells when a subscription has begun
                await new_call(platform, account, status="COMPLETED")
        await expect(response(visit)).to_contain_text("phone_call.completed")


@pytest.mark.debian
async def test_the_documentation_is_searched(chromium: Browser, origin: str, ours: Door) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/graphql", ours.key)
        await visit.page.get_by_role("button", name="Show Documentation Explorer").click()
        await visit.page.get_by_label("Search").click()
        await visit.page.keyboard.type("billingCurr")
        await visit.page.get_by_role("option", name="Carrier.billingCurrency", exact=True).click()
        title = visit.page.locator(".graphiql-doc-explorer-title")
        await expect(title).to_have_text("billingCurrency")


@pytest.mark.debian
async def test_the_explorer_adds_a_field(chromium: Browser, origin: str, ours: Door) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/graphql", ours.key)
        await visit.page.get_by_role("button", name="Show GraphiQL Explorer").click()
        await visit.page.locator('[data-field-name="carriers"]').first.click()
        await expect(visit.page.locator(".graphiql-query-editor")).to_contain_text("carriers")


@pytest.mark.debian
async def test_a_link_opens_its_operation(chromium: Browser, origin: str, ours: Door) -> None:
    query = "query Linked($n: Int) { accounts(first: $n) { nodes { name } } }"
    link = "/graphql?" + urlencode({"query": query, "variables": '{"n": 3}'})
    async with visiting(chromium, origin) as visit:
        await visit.open(link, ours.key)
        await expect(visit.page.get_by_role("tab", selected=True)).to_contain_text("Linked")
        await run(visit, "accounts")
        await expect(response(visit)).to_contain_text('"nodes": []')


async def run(visit: Visit, word: str) -> None:
    """Run the document with this word once it is shown: a tab is chosen before its text is there."""
    await expect(visit.page.locator(".graphiql-query-editor")).to_contain_text(word)
    await visit.page.get_by_role("button", name=RUN).click()


def response(visit: Visit) -> Any:
    return visit.page.locator(".graphiql-response")
