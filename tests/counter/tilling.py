"""A till in short words: pages of the counter by httpx, their forms sent back as they are."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type")
        if tag != "input" or not name or (kind in {"checkbox", "radio"} and "checked" not in given):
            return
        self.fields[name] = given.get("value") or ""


def form_of(page: str, action: str) -> dict[str, str]:
    """The fields of the page's form, as a browser would send them untouched."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>.*?</form>', page, re.DOTALL)
    assert found, f"no form {action}"
    parser = _Fields()
    parser.feed(found[0])
    return parser.fields


async def send(browser: httpx.AsyncClient, path: str, action: str, **fields: str) -> httpx.Response:
    """Opens the page and sends its form with these fields."""
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    return await browser.post(action, data={**form_of(page.text, action), **fields})


async def sell(browser: httpx.AsyncClient, member_id: str, amount: str, **fields: str) -> httpx.Response:
    return await send(browser, f"/counter/members/{member_id}", "/counter/sale", amount=amount, **fields)


async def sold(browser: httpx.AsyncClient, member_id: str, amount: str, **fields: str) -> str:
    """The page that shows what came of a sale."""
    answer = await sell(browser, member_id, amount, **fields)
    assert answer.status_code == 303, answer.text
    return (await browser.get(answer.headers["location"])).text


async def enrolled(chain: Any, **fields: Any) -> str:
    answer = await chain.http.post("/v1/members", json={"name": "林悦", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
