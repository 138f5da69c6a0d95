"""A member's phone: the card in a browser of its own, and the SMS that reach it."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from support.browsing import new_browser

GOLD = "+8618112348654"


async def enrolled(chain: Any, **about: Any) -> str:
    made = await chain.http.post("/v1/members", json={"name": "林悦", **about})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def card_path(chain: Any, member_id: str) -> str:
    """Where the member's card is."""
    answer = await chain.http.post(f"/v1/members/{member_id}/card-link")
    assert answer.status_code == 200, answer.text
    return urlsplit(answer.json()["url"]).path


@asynccontextmanager
async def on_phone(app: Any, *, language: str = "en") -> AsyncIterator[httpx.AsyncClient]:
    async with new_browser(app, language=language) as browser:
        yield browser


def texts_to(chain: Any, number: str) -> list[str]:
    """What the chain's SMS to this number said, the oldest first."""
    folder = Path(os.environ["FILE_STORE"]) / str(chain.tenant_id) / "outbox"
    letters = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return [letter["text"] for letter in letters if letter["to"] == number]


async def digits_sent(chain: Any, drain: Any, number: str) -> str:
    """The last six digits that reached this number."""
    await drain(chain.tenant_id)
    for _ in range(50):
        if found := texts_to(chain, number):
            return re.findall(r"(?<!\d)\d{6}(?!\d)", found[-1])[-1]
        await asyncio.sleep(0.05)
    raise AssertionError("no SMS")


async def confirm(browser: httpx.AsyncClient, path: str, chain: Any, drain: Any, number: str = GOLD) -> None:
    """The phone shows that it has the member's number."""
    assert (await browser.post(f"{path}/phone")).headers["location"] == f"{path}/phone?sent=yes"
    code = await digits_sent(chain, drain, number)
    done = await browser.post(f"{path}/phone", data={"code": code})
    assert done.headers["location"] == f"{path}?done=confirmed", done.text
