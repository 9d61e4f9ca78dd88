"""Debian's Chromium without a window, a server for it, and a record of what a page did there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.serving import served

PAGES = Path(__file__).parent.parent / "pages"
AXE = PAGES / "node_modules" / "axe-core" / "axe.min.js"
# Chromium of its own asks for updates and the like; every name but the server's leads nowhere.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} refused ${event.blockedURI}`));
"""
# Those of WCAG 2.2 AA, and what axe calls best practice.
FIND_BARRIERS = """async ([inside, without]) => {
  const found = await axe.run({ include: [inside], exclude: without });
  return found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.target.join(" "))]);
}"""


@pytest.fixture(scope="session")
def origin(database_url: str, broker_url: str) -> Iterator[str]:
    with served(database_url, broker_url) as server:
        yield server.origin


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Visit:
    """One person's visit: a page with storage of its own, and what it asked for and complained of."""

    origin: str
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    async def open(self, path: str, key: str | None = None) -> None:
        """Open a page of ours and, where it is given, enter the key."""
        await self.page.goto(self.origin + path)
        if key is not None:
            await self.page.get_by_label("API key").fill(key)
            await self.page.get_by_role("button", name="Continue").click()

    async def barriers(self, inside: str = "html", *without: str) -> list[Any]:
        """What axe finds against people with disabilities: [rule, [places]]."""
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[Any] = await self.page.evaluate(FIND_BARRIERS, [inside, list(without)])
        return found

    def strangers(self) -> list[str]:
        """What was asked for elsewhere than at the origin."""
        ours = (f"{self.origin}/", f"{self.origin.replace('http', 'ws', 1)}/", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]


@asynccontextmanager
async def visiting(chromium: Browser, origin: str, **options: Any) -> AsyncIterator[Visit]:
    """A visit that must have asked no stranger and ended without a complaint."""
    context = await chromium.new_context(**options)
    await context.add_init_script(TELL_VIOLATIONS)
    visit = Visit(origin, await context.new_page())
    visit.watch()
    yield visit
    await context.close()
    assert visit.strangers() == []
    assert visit.complaints == []
