"""A forgotten password: the same answer for everybody, a link that is good once, and every session ends."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from support.browsing import log_in, logged_in, new_browser
from support.chains import Chain
from support.clock import owner
from test_login import lend_staff

from saas.errors import DomainError
from saas.file_store import file_store
from saas.scope import tenant_scope
from tenants.staff.pins import check_pin, hash_pin, keep_pin

NEW = "quite another secret"


def field_of(page: str) -> str:
    found = re.search(r'name="_form" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def ask(browser: httpx.AsyncClient, email: str) -> httpx.Response:
    token = field_of((await browser.get("/forgot")).text)
    return await browser.post("/forgot", data={"_form": token, "email": email})


async def link_of(chain: Chain, drain: Any) -> str:
    """The last letter's link, as a path."""
    await drain(chain.tenant_id)
    newest = max((file_store().root / str(chain.tenant_id) / "mail").iterdir(), key=lambda file: file.name)
    letter = json.loads(newest.read_text())
    assert letter["to"] == chain.email
    found = re.search(r"/reset/\S+", letter["text"])
    assert found
    return found[0]


async def reset(browser: httpx.AsyncClient, path: str, password: str = NEW) -> httpx.Response:
    token = field_of((await browser.get(path)).text)
    return await browser.post(path, data={"_form": token, "password": password})


async def test_a_new_password_ends_every_session(app: Any, chain: Chain, drain: Any) -> None:
    async with logged_in(app, chain) as elsewhere, new_browser(app) as browser:
        assert "Forgotten password?" in (await browser.get("/login")).text
        assert (await ask(browser, f" {chain.email.upper()} ")).status_code == 200
        path = await link_of(chain, drain)
        assert (await elsewhere.get("/overview")).status_code == 200
        done = await reset(browser, path)
        assert (done.status_code, done.headers["location"]) == (303, "/login?done=reset")
        assert "The password is new." in (await browser.get("/login?done=reset")).text
        assert (await elsewhere.get("/overview")).status_code == 303
        assert (await log_in(browser, chain.email, chain.password)).status_code == 401
        assert (await log_in(browser, chain.email, NEW)).status_code == 303
        for answer in (await browser.get(path), await browser.post(path, data={"password": "x"})):
            assert answer.status_code == 409
            assert "already" in answer.text
    rows = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert "account.password_reset" in [row["action"] for row in rows]


async def test_the_pins_end_in_every_chain(app: Any, new_chain: Any, drain: Any, environ: dict[str, str]) -> None:
    """A PIN opens a shared till and approves: it was set by who knew the password before."""
    first, second = await new_chain(), await new_chain()
    await lend_staff(environ, first.email, second.tenant_id)
    places = await (await owner()).fetch(
        "SELECT t.tenant_id, t.staff_id FROM platform.account_tenant t JOIN platform.account a ON a.id = t.account_id"
        " WHERE a.email = $1",
        first.email,
    )
    hashed = await hash_pin("2580")
    for tenant_id, staff_id in places:
        async with tenant_scope(tenant_id):
            await keep_pin(staff_id, hashed)
    async with new_browser(app) as browser:
        await ask(browser, first.email)
        path = await link_of(first, drain)
        assert (await reset(browser, path)).status_code == 303
    assert len(places) == 2
    for tenant_id, staff_id in places:
        with pytest.raises(DomainError, match="not-found"):
            await check_pin(tenant_id, staff_id, "2580", None)


async def test_nobody_learns_who_has_an_account(app: Any, chain: Chain) -> None:
    pages = []
    for email in (chain.email, "nobody@example.com", "no address", "a\x00b@example.com", ""):
        async with new_browser(app) as browser:
            answer = await ask(browser, email)
            pages.append((answer.status_code, re.sub(r'name="_form" value="[^"]*"', "", answer.text)))
    assert len(set(pages)) == 1
    assert pages[0][0] == 200
    kept = (
        "SELECT count(*) FROM platform.password_reset r JOIN platform.account a ON a.id = r.account_id WHERE email = $1"
    )
    assert await (await owner()).fetchval(kept, chain.email) == 1


async def test_the_reset_is_in_the_log_of_each_chain(
    app: Any, new_chain: Any, drain: Any, environ: dict[str, str]
) -> None:
    first, second = await new_chain(), await new_chain()
    await lend_staff(environ, first.email, second.tenant_id)
    async with new_browser(app) as browser:
        await ask(browser, first.email)
        path = await link_of(first, drain)
        assert (await reset(browser, path)).status_code == 303
    for chain in (first, second):
        rows = (await chain.http.get("/v1/audit-log")).json()["data"]
        assert [row["action"] for row in rows].count("account.password_reset") == 1


async def test_old_incomplete_and_outdone_links_say_so(app: Any, chain: Chain, drain: Any) -> None:
    async with new_browser(app) as browser:
        await ask(browser, chain.email)
        first = await link_of(chain, drain)
        await ask(browser, chain.email)
        second = await link_of(chain, drain)
        assert first != second
        assert (await browser.get(first[:-1])).status_code == 404
        assert (await browser.get("/reset/%00")).status_code == 404
        assert (await reset(browser, second)).status_code == 303
        assert (await browser.get(first)).status_code == 404
        await ask(browser, chain.email)
        third = await link_of(chain, drain)
        await (await owner()).execute("UPDATE platform.password_reset SET expires_at = now() - interval '1 s'")
        late = await browser.get(third)
        assert late.status_code == 410
        assert "one hour" in late.text


async def test_a_weak_password_and_a_foreign_form_are_refused(app: Any, chain: Chain, drain: Any) -> None:
    async with new_browser(app) as browser:
        await ask(browser, chain.email)
        path = await link_of(chain, drain)
        weak = await reset(browser, path, "1234567890")
        assert weak.status_code == 422
        assert 'aria-invalid="true"' in weak.text
        assert (await browser.post(path, data={"password": NEW})).status_code == 403
        assert (await browser.post("/forgot", data={"email": chain.email})).status_code == 403
        assert (await log_in(browser, chain.email, chain.password)).status_code == 303


async def test_a_link_is_good_once_however_many_come(app: Any, chain: Chain, drain: Any) -> None:
    async with new_browser(app) as browser:
        await ask(browser, chain.email)
        path = await link_of(chain, drain)
        token = field_of((await browser.get(path)).text)
        answers = await asyncio.gather(
            *(browser.post(path, data={"_form": token, "password": f"{NEW} {n}"}) for n in range(4))
        )
    assert [answer.status_code for answer in answers].count(303) == 1


async def test_asking_is_throttled_and_leaves_the_log_in_alone(app: Any, chain: Chain) -> None:
    async with new_browser(app) as browser:
        statuses = [(await ask(browser, chain.email)).status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        assert (await log_in(browser, chain.email, chain.password)).status_code == 303


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "忘记密码"), ("en", "Forgotten password")])
async def test_the_pages_are_in_both_languages(app: Any, language: str, words: str) -> None:
    async with new_browser(app, language=language) as browser:
        assert words in (await browser.get("/forgot")).text
