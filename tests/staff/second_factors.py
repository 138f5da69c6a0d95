"""An authenticator app, as a person has it."""

import base64
import re
import time
from typing import Any

import httpx
from support.browsing import new_browser
from support.clock import owner
from support.colleagues import PASSWORD

from saas.second_factor.totp import STEP_SECONDS, code_at

PAGE = "/account/second-factor"


def now_code(secret: bytes, ahead: int = 0) -> str:
    """The code that the app shows, `ahead` steps from now."""
    return code_at(secret, int(time.time()) // STEP_SECONDS + ahead)


def secret_on(page: str) -> bytes:
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found, page
    return base64.b32decode(found[1].replace(" ", ""))


async def set_up(browser: httpx.AsyncClient, password: str = PASSWORD) -> tuple[bytes, list[str]]:
    """Turned on by a session that is logged in: the secret and the recovery codes."""
    begun = await browser.post(f"{PAGE}/begin", data={"current": password})
    assert begun.status_code == 303, begun.text
    secret = secret_on((await browser.get(PAGE)).text)
    done = await browser.post(f"{PAGE}/confirm", data={"code": now_code(secret)})
    codes = re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){5})</li>", done.text)
    assert len(set(codes)) == 10, done.text
    return secret, codes


async def a_while_later(email: str) -> None:
    """The codes of a minute ago are forgotten, so that this minute's can be taken again."""
    await (await owner()).execute(
        "UPDATE platform.second_factor f SET last_step = 0 FROM platform.account a"
        " WHERE a.id = f.account_id AND a.email = $1",
        email,
    )


def ticket_on(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def log_in_with_code(app: Any, email: str, code: str, password: str = PASSWORD) -> httpx.Response:
    """The answer to the second step."""
    from support.browsing import log_in

    async with new_browser(app) as browser:
        asked = await log_in(browser, email, password)
        assert (asked.status_code, "regulars_session" in asked.headers.get("set-cookie", "")) == (200, False)
        return await browser.post("/login/code", data={"ticket": ticket_on(asked.text), "code": code})
