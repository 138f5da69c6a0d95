"""`/sandbox` as the owner sees it, in the chain and in the sandbox."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, logged_in, new_browser
from support.clock import owner

from saas.sessions import cookie_name, start_session
from sandbox.boxes import Box, made


@pytest.fixture(scope="module")
async def box(new_chain: Any, drain: Any, app: Any) -> AsyncIterator[Box]:
    async for one in made(await new_chain(), drain, app):
        yield one


async def send(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of((await browser.get("/sandbox")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


async def test_it_is_made_and_removed_on_the_page(new_chain: Any, drain: Any, app: Any) -> None:
    async with logged_in(app, await new_chain(), language="zh-CN") as browser:
        assert "创建沙盒" in (await browser.get("/sandbox")).text
        wrong = await send(browser, "/sandbox/make", template="none")
        assert wrong.status_code == 422
        assert "about-template" in wrong.text
        for _ in range(2):  # pressed twice it is one
            assert (await send(browser, "/sandbox/make", template="tea")).status_code in {303, 422}
        assert (await send(browser, "/sandbox/make")).headers["location"] == "/sandbox"
        going = (await browser.get("/sandbox")).text
        assert 'hx-get="/sandbox"' in going
        part = await browser.get("/sandbox", headers={"HX-Request": "true"})
        assert part.text.lstrip().startswith("<div")
        await drain()
        assert "进入沙盒" in (await browser.get("/sandbox")).text
        assert "删除沙盒？" in (await browser.get("/sandbox/sure?act=remove")).text
        assert (await browser.get("/sandbox/sure?act=other")).headers["location"] == "/sandbox"
        await send(browser, "/sandbox/sure", act="remove")
        assert "正在删除沙盒" in (await browser.get("/sandbox")).text
        await drain()
        assert "创建沙盒" in (await browser.get("/sandbox")).text


async def test_one_goes_over_moves_the_clock_and_comes_back(box: Box, drain: Any, app: Any) -> None:
    async with logged_in(app, box.chain) as browser:
        assert (await send(browser, "/sandbox/cross", to="sandbox")).headers["location"] == "/sandbox"
        page = (await browser.get("/sandbox")).text
        assert "Sandbox: nothing here is real." in page
        assert 'href="/billing"' not in page
        assert "Nothing yet" in page
        for wrong in ("", "2001-01-01T10:00", "9998-01-01T10:00", "soon"):
            refused = await send(browser, "/sandbox/clock", to=wrong)
            assert refused.status_code == 422, wrong
            assert 'id="about-to"' in refused.text
        once = {"once": "01890000-0000-7000-8000-000000000001", "by": "day"}
        moved = [await send(browser, "/sandbox/clock", **once) for _ in range(2)]
        assert [one.headers.get("location") for one in moved] == ["/sandbox", "/sandbox"]
        going = await browser.get("/sandbox", headers={"HX-Request": "true"})
        assert "The clock goes on to" in going.text
        assert "hx-refresh" not in going.headers
        assert "Its clock is moving" in (await browser.get("/members")).text
        refused = await send(browser, "/sandbox/clock", by="week")
        assert "The clock is moving" in refused.text
        await drain()
        arrived = await browser.get("/sandbox", headers={"HX-Request": "true"})
        assert arrived.headers["hx-refresh"] == "true"  # letters and notice are of another day, too
        after = (await browser.get("/sandbox")).text
        assert "1 day ahead" in after
        assert "Its clock shows" in (await browser.get("/members")).text  # on every page
        assert re.search(r"\d+ jobs ran\.", after)
        assert "/first-steps" not in (await browser.get("/overview")).text
        assert (await send(browser, "/sandbox/cross", to="chain")).headers["location"] == "/sandbox"
        assert "Go to the sandbox" in (await browser.get("/sandbox")).text


async def test_a_key_is_shown_once(box: Box, client: httpx.AsyncClient, app: Any) -> None:
    async with logged_in(app, box.chain) as browser:
        nameless = await send(browser, "/sandbox/keys", name=" ")
        assert nameless.status_code == 422
        assert "about-name" in nameless.text
        form = {"name": "shop", "once": "01890000-0000-7000-8000-000000000002"}
        shown = await send(browser, "/sandbox/keys", **form)
        key = re.search(r'value="(rk_test_[^"]+)"', shown.text)
        assert key
        told = await client.get("/v1/tenant", headers={"Authorization": f"Bearer {key[1]}"})
        assert told.json()["id"] == str(box.id)
        again = await send(browser, "/sandbox/keys", **form)
        assert (again.status_code, "rk_test_" + key[1][8:] in again.text) == (409, False)


async def test_who_owns_the_chain_no_more_is_out(box: Box, drain: Any, app: Any, new_chain: Any) -> None:
    conn = await owner()
    other = await new_chain()
    account = "SELECT account_id FROM staff WHERE tenant_id = $1 AND role = 'owner'"
    theirs = await conn.fetchval(account, other.tenant_id)
    staff = await conn.fetchval(
        "INSERT INTO staff (tenant_id, id, account_id, name, email, role)"
        " VALUES ($1, uuidv7(), $2, 'Two', 'two@example.com', 'owner') RETURNING id",
        box.chain.tenant_id,
        theirs,
    )
    await conn.execute(
        "INSERT INTO platform.account_tenant (account_id, tenant_id, staff_id, role) VALUES ($1, $2, $3, 'owner')",
        theirs,
        box.chain.tenant_id,
        staff,
    )
    async with new_browser(app) as browser:
        browser.cookies[cookie_name()] = await start_session(theirs, box.chain.tenant_id)
        browser.cookies["regulars_language"] = "en"
        await send(browser, "/sandbox/cross", to="sandbox")
        assert "Sandbox: nothing" in (await browser.get("/overview")).text
        assert (await box.chain.http.delete(f"/v1/staff/{staff}")).status_code == 204
        await drain()
        assert (await browser.get("/overview")).headers["location"].startswith("/login")


async def test_who_owns_the_chain_again_comes_over_again(box: Box, drain: Any, app: Any, new_chain: Any) -> None:
    """And twice at once there is one place."""
    conn = await owner()
    account = await conn.fetchval(
        "SELECT account_id FROM staff WHERE tenant_id = $1 AND role = 'owner' AND left_at IS NULL", box.chain.tenant_id
    )
    places = "SELECT count(*) FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2"
    leave = "DELETE FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2"
    await conn.execute(leave, box.id, account)
    await conn.execute("UPDATE staff SET left_at = now() WHERE tenant_id = $1 AND account_id = $2", box.id, account)
    for _ in range(2):
        async with logged_in(app, box.chain) as one, logged_in(app, box.chain) as other:
            crossed = await asyncio.gather(*(send(each, "/sandbox/cross", to="sandbox") for each in (one, other)))
            assert [answer.status_code for answer in crossed] == [303, 303]
            assert "Sandbox: nothing" in (await one.get("/overview")).text
        assert await conn.fetchval(places, box.id, account) == 1
        await conn.execute(leave, box.id, account)
        await conn.execute("UPDATE staff SET left_at = now() WHERE tenant_id = $1 AND account_id = $2", box.id, account)
