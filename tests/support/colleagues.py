"""Somebody to work with: invited through the API, joining by the page behind the link."""

import re
import secrets
from typing import Any

import httpx

from support.browsing import new_browser
from support.chains import Chain

PASSWORD = "quite a long secret"


def address_of() -> str:
    return f"{secrets.token_hex(8)}@example.com"


async def invite(chain: Chain, *, email: str | None = None, **place: Any) -> dict[str, Any]:
    body = {"email": email or address_of(), "name": "王芳", **place}
    answer = await chain.http.post("/v1/staff", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def path_of(invited: dict[str, Any]) -> str:
    return "/invitation/" + str(invited["invitation"]["url"]).rpartition("/")[2]


def form_of(page: str) -> str:
    """The hidden token of the invitation's form."""
    found = re.search(r'name="_form" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def accept(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = form_of((await browser.get(path)).text)
    return await browser.post(path, data={"_form": token, "name": "王芳", "password": PASSWORD, **fields})


async def hire(app: Any, chain: Chain, **place: Any) -> dict[str, Any]:
    """Invited and here; its password is PASSWORD."""
    invited = await invite(chain, **place)
    async with new_browser(app) as browser:
        answer = await accept(browser, path_of(invited))
        assert answer.status_code == 303, answer.text
    return invited
