"""Somebody of staff with a session: the browser, its token, and its PIN."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from saas.scope import tenant_scope
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain
from support.colleagues import PASSWORD, hire
from tenants.staff.pins import hash_pin, keep_pin

PIN = "2580"


async def give_pin(chain: Chain, staff_id: str, pin: str = PIN) -> None:
    hashed = await hash_pin(pin)
    async with tenant_scope(chain.tenant_id):
        await keep_pin(UUID(staff_id), hashed)


@asynccontextmanager
async def session(app: Any, email: str, password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is logged in; its token goes with every request."""
    async with new_browser(app) as browser:
        answer = await log_in(browser, email, password)
        assert answer.status_code == 303, answer.text
        page = await browser.get("/overview")
        browser.headers["X-CSRF-Token"] = csrf_of(page.text)
        browser.cookies["regulars_language"] = "en"
        yield browser


@asynccontextmanager
async def clerk_of(app: Any, chain: Chain, **place: Any) -> AsyncIterator[httpx.AsyncClient]:
    hired = await hire(app, chain, **{"role": "clerk", **place})
    async with session(app, hired["email"]) as browser:
        yield browser
