"""What the tests of these pages say in short."""

import re
from html import unescape
from typing import Any

import httpx

from support.browsing import csrf_of


async def send(browser: httpx.AsyncClient, path: str, at: str = "/coupons", **fields: Any) -> httpx.Response:
    """A form of the page at `at`, with the page's own token."""
    token = csrf_of((await browser.get(at)).text)
    return await browser.post(path, data={"_csrf": token, **fields})


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])


def said_of(page: str, field: str) -> str | None:
    """The message beside a field."""
    found = re.search(rf'<p class="bad" id="about-{re.escape(field)}">([^<]*)</p>', page)
    return unescape(found[1]) if found else None


def rows(page: str) -> list[str]:
    """Names of a list's rows."""
    return [unescape(name) for name in re.findall(r'class="row-link[^"]*"[^>]*>([^<]+)<', page)]
