"""The reference at /docs: a page of our own that says all and asks for nothing from elsewhere."""

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, expect

from jsonapi_facade import openapi
from tests.browser import chromium, origin, visiting
from tests.conftest import ORIGIN, Door
from tests.document import examples

__all__ = ["chromium", "origin"]  # fixtures

OPERATIONS = {
    operation["operationId"]: operation
    for item in openapi.document()["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
}


class Page(HTMLParser):
    """What a page refers to, its ids and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "srcset")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        assert not {name for name, _ in attrs if name.startswith("on") or name == "style"}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
async def page(ours: Door) -> Page:
    response = await ours.http.get("/docs")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return Page(response.text)


async def test_it_allows_its_own_origin_alone(ours: Door) -> None:
    policy = (await ours.http.get("/docs")).headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules["style-src"], rules["script-src"]} == {"'self'"}


async def test_every_link_stays_here_and_leads_somewhere(ours: Door, page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif not link.startswith("/graphql") and link != "data:,":
            assert (await ours.http.get(link)).status_code == 200
    assert (await ours.http.get("/docs/page.html")).status_code == 404


async def test_every_operation_is_there_with_its_call_and_its_twin(page: Page) -> None:
    twins = [parse_qs(urlsplit(link).query) for link in page.links if link.startswith("/graphql?")]
    shown = {twin["query"][0]: json.loads(twin["variables"][0]) for twin in twins}
    for name, operation in OPERATIONS.items():
        assert name in page.ids
        twin = operation["x-graphql"]
        assert shown[twin["operation"]] == twin["variables"]
        assert twin["operation"] in page.text
    for example in examples():
        assert f"{ORIGIN}{example.path}" in page.text


async def test_the_twins_are_accepted_by_graphql(ours: Door) -> None:
    for operation in OPERATIONS.values():
        twin = operation["x-graphql"]
        answer = await ours.graphql(twin["operation"], **twin["variables"])
        assert "errors" not in answer


@pytest.mark.debian
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_a_browser_finds_it_accessible(chromium: Browser, origin: str, width: int, scheme: Any) -> None:
    size: Any = {"width": width, "height": 900}
    async with visiting(chromium, origin, viewport=size, color_scheme=scheme) as visit:
        await visit.open("/docs")
        assert await visit.barriers() == []
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.debian
async def test_it_can_be_used_by_the_keyboard(chromium: Browser, origin: str) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/docs")
        keyboard = visit.page.keyboard
        await keyboard.press("Tab")
        assert await visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await keyboard.press("Enter")
        assert await visit.page.evaluate("location.hash") == "#content"
        await visit.page.locator(".twin summary").first.focus()
        await keyboard.press("Enter")
        assert await visit.page.evaluate("document.querySelector('.twin').open")


@pytest.mark.debian
async def test_a_twin_opens_in_graphiql(chromium: Browser, origin: str, ours: Door) -> None:
    async with visiting(chromium, origin) as visit:
        await visit.open("/docs")
        article = visit.page.locator("#ListAccounts")
        await article.locator(".twin summary").click()
        await article.get_by_role("link", name="Open in GraphiQL").click()
        await visit.page.get_by_label("API key").fill(ours.key)
        await visit.page.get_by_role("button", name="Continue").click()
        await expect(visit.page.locator("body")).to_contain_text("query ListAccounts", timeout=30_000)
