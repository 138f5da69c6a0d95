"""A browser without pictures: httpx with a cookie jar, an address of its own, and the log-in form's token."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx


def new_browser(app: Any, *, address: str | None = None, language: str = "en") -> httpx.AsyncClient:
    where = address or f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(where, 4711)),
        base_url="http://testserver",
        headers={"Accept": "text/html", "Accept-Language": language},
    )


def hidden(page: str, name: str) -> str:
    """A hidden field of the log-in forms (those of language and colours come before them)."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page[page.index('action="/login') :])
    assert found, page
    return found[1]


async def log_in(browser: httpx.AsyncClient, email: str, password: str, *, next_path: str = "") -> httpx.Response:
    form = (await browser.get("/login", params={"next": next_path} if next_path else {})).text
    fields = {
        "_form": hidden(form, "_form"),
        "next": hidden(form, "next"),
        "email": email,
        "password": password,
    }
    return await browser.post("/login", data=fields)


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found, page
    return found[1]


@asynccontextmanager
async def logged_in(app: Any, chain: Any, *, language: str = "en") -> AsyncIterator[httpx.AsyncClient]:
    async with new_browser(app, language=language) as browser:
        answer = await log_in(browser, chain.email, chain.password)
        assert answer.status_code == 303, answer.text
        browser.cookies["regulars_language"] = language  # the account's own would come first
        yield browser
