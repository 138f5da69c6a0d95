"""An owner with the editor: a pharmacy's rules, with members that stand on every class."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx
from support.browsing import csrf_of, log_in, new_browser


class Editor:
    """A browser of somebody who edits the draft."""

    def __init__(self, browser: httpx.AsyncClient, token: str) -> None:
        self.browser, self.token = browser, token

    async def page(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Without the way on."""
        return await self.browser.post(path, data={"_csrf": self.token, **fields})

    async def fill(self, path: str, to: str | None = None, /, **changes: str) -> httpx.Response:
        """The form of a page as it is, with some of its fields changed; goes where the form goes, or `to`."""
        fields, action = form_of(await self.page(path), to)
        return await self.send(action, **{**fields, **changes})

    async def drop(self) -> None:
        """Back to the rules in force."""
        page = await self.page("/programme/publish")
        found = re.search(r'name="revision" value="([^"]+)"', page)
        if found:
            await self.send("/programme/draft/drop", revision=found[1])


def form_of(page: str, to: str | None) -> tuple[dict[str, str], str]:
    """Names and values of the first form of the draft on a page, or of the one that goes `to`; and where it goes."""
    forms = re.findall(r'<form[^>]*action="(/programme/[^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL)
    action, body = next((one for one in forms if to in {None, one[0]} and 'name="seen"' in one[1]), forms[-1])
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and (('type="checkbox"' not in tag and 'type="radio"' not in tag) or " checked" in tag):
            fields[name[1]] = unescape(value[1]) if value else ""
    for name_, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        fields[name_] = unescape(chosen[1]) if chosen else ""
    return fields, action


@asynccontextmanager
async def editor(app: Any, chain: Any, *, language: str = "en", email: str = "") -> AsyncIterator[Editor]:
    async with new_browser(app, language=language) as browser:
        answer = await log_in(browser, email or chain.email, chain.password)
        assert answer.status_code == 303, answer.text
        browser.cookies["regulars_language"] = language
        yield Editor(browser, csrf_of((await browser.get("/programme")).text))


async def draft_of(chain: Any) -> dict[str, Any]:
    answer = await chain.http.get("/v1/programme/draft")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def texts(page: str) -> str:
    """What a page says, without its tags."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
