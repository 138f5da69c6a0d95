"""A real server and Debian's Chromium. Without Chromium these tests are skipped, but where `CI` is set they fail."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from support.browsing import log_in

CHROMIUM = next(
    (path for path in (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")) if path.exists()), None
)
"""The one without a window of its own needs a third less."""
ONCE = "--single-threaded --max-optimized-bytecode-size=0 --no-maglev"
"""For V8: no page lives long enough to be worth compiling its scripts well, nor threads of their own for that."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="apt-get install chromium-headless-shell fonts-noto-cjk"))


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    with httpx.Client(timeout=2, trust_env=False) as http:  # one: each reads all authorities' certificates
        while time.monotonic() < deadline and server.poll() is None:
            try:
                http.get(url).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
    raise RuntimeError("the server did not come up")


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[str]:
    """The application under Granian; its address."""
    port = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--workers-kill-timeout", "5", "saas.app:create_app"]
    server = subprocess.Popen(command, env={**os.environ, **environ, "PUBLIC_URL": f"http://127.0.0.1:{port}"})  # noqa: S603  # our own server
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def site(database: None, environ: dict[str, str]) -> Iterator[str]:  # migrated before it serves
    """On the same database as this process's."""
    with serving(environ) as address:
        yield address


@pytest.fixture(scope="session")
def selling_site(database: None, environ: dict[str, str], stripe_process: Any) -> Iterator[str]:
    """One where chains can pay, on the sandbox of Stripe."""
    with serving({**environ, **stripe_process.environ}) as address:
        yield address


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    assert CHROMIUM is not None, "apt-get install chromium-headless-shell fonts-noto-cjk"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", f"--js-flags={ONCE}"]
        )
        yield browser
        await browser.close()


@dataclass
class Window:
    """A page with what its console said: errors, warnings and reports of the content security policy."""

    page: Page
    site: str
    console: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(f"{message.type}: {message.text}")

    async def open(self, path: str) -> None:
        await self.page.goto(self.site + path)

    async def log_in(self, chain: Any, password: str | None = None) -> None:
        await self.open("/login")
        await self.page.fill("#email", chain.email)
        await self.page.fill("#password", password or chain.password)
        await self.page.press("#password", "Enter")

    async def enter(self, chain: Any) -> None:
        """Logged in without a page: the form has tests of its own."""
        async with httpx.AsyncClient(base_url=self.site, headers={"Accept": "text/html"}, trust_env=False) as browser:
            answer = await log_in(browser, chain.email, chain.password)
            assert answer.status_code == 303, answer.text
            cookies = [one for one in browser.cookies.jar if one.name != "regulars_language"]
        await self.page.context.add_cookies(
            [{"name": one.name, "value": str(one.value), "url": self.site} for one in cookies]
        )


@pytest.fixture
def window(chromium: Browser, site: str) -> Callable[..., Any]:
    """`async with window(width=390, dark=True, language="en") as w:`; at the end the console must be empty.
    `zoom`: what a browser's zoom makes of a window: so many times fewer CSS pixels, each so many times larger.
    """

    @asynccontextmanager
    async def opened(
        *,
        width: int = 1440,
        dark: bool = False,
        language: str = "zh-CN",
        javascript: bool = True,
        at: str = site,
        zoom: int = 1,
    ) -> AsyncIterator[Window]:
        context = await chromium.new_context(
            viewport={"width": width // zoom, "height": 900 // zoom},
            device_scale_factor=zoom,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=javascript,
        )
        await context.add_cookies([{"name": "regulars_language", "value": language, "url": at}])
        seen = Window(await context.new_page(), at)
        seen.page.on("console", seen.hear)
        seen.page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        try:
            yield seen
            assert seen.console == []
        finally:
            await context.close()

    return opened


@pytest.fixture(scope="session")
def chain_with_facts(new_chain: Callable[..., Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """A new chain with a few members, purchases and decisions."""

    async def made() -> Any:
        chain = await new_chain()
        for n, name in enumerate(("林悦", "王秀", "何涵霞", "赵雨华")):
            member = await chain.http.post("/v1/members", json={"name": name, "phone": f"+861811234865{n}"})
            assert member.status_code == 201, member.text
            bought = await chain.http.post(
                "/v1/purchases",
                json={
                    "member_id": member.json()["id"],
                    "branch_id": chain.branch_id,
                    "external_id": f"t{n}",
                    "amount": 5_000 + 60_000 * n,
                    "external_amounts": True,
                },
            )
            assert bought.status_code == 201, bought.text
        return chain

    return made
