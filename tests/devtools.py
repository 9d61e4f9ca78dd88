"""Headless Chromium, told what to do by its own protocol (needs Debian's `chromium` and `npm`)."""

import asyncio
import base64
import itertools
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

PACKAGES = ("axe-core@4.14.1", "@seriousme/openapi-schema-validator@2.11.0")
SECONDS = 30
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "about:blank",
)
KEYS = {
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13},
}


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the npm packages that the tests use."""
    directory = tmp_path_factory.mktemp("npm")
    (directory / "package.json").write_text("{}")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=100,
    )
    return directory / "node_modules"


@pytest.fixture(scope="session")
async def origin(app: Starlette) -> AsyncIterator[str]:
    """Where the application answers over a real socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
        serving = asyncio.create_task(server._serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


class Browser:
    """One page: what it asked for, what it complained of, and ways to look at it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._connection = connection
        self._numbers = itertools.count(1)
        self._loaded = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, *, width: int, height: int = 900, scheme: str = "light"
    ) -> AsyncIterator[Self]:
        """A page of this size whose user prefers this colour scheme."""
        process = await asyncio.create_subprocess_exec(
            "chromium",
            f"--user-data-dir={directory / 'chromium'}",
            *ARGUMENTS,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SECONDS), connect(await _page(process), max_size=None) as connection:
                browser = cls(connection)
                listening = asyncio.create_task(browser._listen())
                try:
                    await browser._prepare(width, height, scheme)
                    yield browser
                finally:
                    listening.cancel()
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()

    async def _prepare(self, width: int, height: int, scheme: str) -> None:
        for name in ("Page", "Network", "Runtime", "Log"):
            await self._say(f"{name}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self._say("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self._say("Emulation.setEmulatedMedia", features=features)

    async def go(self, url: str) -> None:
        """Open the page and wait until all of it is there."""
        self._loaded.clear()
        await self._say("Page.navigate", url=url)
        await self._loaded.wait()

    async def evaluate(self, expression: str) -> Any:
        answer = await self._say(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        for type_ in ("keyDown", "keyUp"):
            await self._say("Input.dispatchKeyEvent", type=type_, key=key, **KEYS[key])

    async def screenshot(self) -> bytes:
        answer = await self._say("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    async def axe(self, script: str) -> list[str]:
        """What axe-core, given as its text, finds wrong: rule and place."""
        await self.evaluate(script)
        found = await self.evaluate("axe.run().then(result => result.violations)")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]

    async def _say(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return await answer

    async def _listen(self) -> None:
        async for text in self._connection:
            said = json.loads(text)
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said.get("result", said))
            self._note(said.get("method"), said.get("params", {}))

    def _note(self, event: str | None, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"]["text"])
        elif event == "Page.loadEventFired":
            self._loaded.set()


async def _page(process: asyncio.subprocess.Process) -> str:
    """The address of the browser's first page, once it says where it listens."""
    assert process.stderr is not None
    async for line in process.stderr:
        if b"DevTools listening on " in line:
            browser = line.decode().split()[-1]
            break
    async with connect(browser) as connection:
        await connection.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        targets = json.loads(await connection.recv())["result"]["targetInfos"]
    page = next(target["targetId"] for target in targets if target["type"] == "page")
    return f"{browser.partition('/devtools/')[0]}/devtools/page/{page}"
