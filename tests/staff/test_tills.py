"""Shared tills: made, locked by idleness or at will, come back to by PIN, revoked."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.at_the_counter import PIN, give_pin, session
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain
from support.clock import owner
from support.colleagues import PASSWORD, form_of, hire

from saas.sessions import find_session
from tenants.tills.here import branch_of


@pytest.fixture
async def clerk(app: Any, chain: Chain) -> dict[str, Any]:
    made = await hire(app, chain, role="clerk")
    await give_pin(chain, made["id"])
    return made


async def make(browser: httpx.AsyncClient, chain: Chain, **fields: str) -> httpx.Response:
    form = {"branch_id": chain.branch_id, "till_name": "前台", "idle_minutes": "5", **fields}
    return await browser.post("/account/till", data=form)


async def idle(browser: httpx.AsyncClient, minutes: float) -> None:
    token = hashlib.sha256(browser.cookies["regulars_session"].encode()).digest()
    await (await owner()).execute(
        "UPDATE platform.session SET seen_at = $2 WHERE token_hash = $1",
        token,
        datetime.now(UTC) - timedelta(minutes=minutes),
    )


async def pin(browser: httpx.AsyncClient, staff_id: str, typed: str = PIN, **fields: str) -> httpx.Response:
    form = form_of((await browser.get("/lock")).text)
    return await browser.post("/lock", data={"_form": form, "staff_id": staff_id, "pin": typed, **fields})


async def test_the_till_of_a_closed_branch_keeps_nobody_from_working(app: Any, chain: Chain) -> None:
    """Its branch can't be sold at, and each choice of another one came back to the same question."""
    others = [
        (await chain.http.post("/v1/branches", json={"code": code, "name": code})).json()["id"] for code in ("b2", "b3")
    ]
    hired = await hire(app, chain, role="clerk")
    async with session(app, hired["email"]) as browser:
        assert (await make(browser, chain)).status_code == 303
        assert 'action="/counter/branch"' not in (await browser.get("/counter")).text
        closed = await chain.http.patch(f"/v1/branches/{chain.branch_id}", json={"closed": True})
        assert closed.status_code == 200, closed.text
        assert 'action="/counter/branch"' in (await browser.get("/counter")).text
        assert (await browser.post("/counter/branch", data={"branch_id": others[0]})).status_code == 303
        assert 'action="/counter/branch"' not in (await browser.get("/counter")).text


async def test_an_idle_till_opens_nothing_until_the_pin(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        await idle(browser, 11)
        assert (await browser.get("/members")).status_code == 200, "no shared till, no lock"
        assert (await make(browser, chain)).status_code == 303
        assert (await browser.get("/lock")).headers["location"] == "/overview", "not locked"
        assert 'data-idle="5"' in (await browser.get("/members")).text
        await idle(browser, 4.9)
        assert (await browser.get("/members")).status_code == 200
        await idle(browser, 5.1)
        page = await browser.get("/members?q=7")
        assert (page.status_code, page.headers["location"]) == (303, "/lock?next=/members%3Fq%3D7")
        shown = {"HX-Request": "true", "HX-Current-URL": "http://testserver/members?q=7"}
        part = await browser.get("/overview/work", headers=shown)
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/lock?next=/members%3Fq%3D7")
        api = await browser.get("/v1/members")
        assert (api.status_code, api.json()["type"]) == (401, "/problems/locked")
        sent = await browser.post("/v1/members", json={"name": "x"})
        assert (sent.status_code, sent.json()["type"]) == (401, "/problems/locked")
        assert (await browser.get("/lock/awake", headers={"HX-Request": "true"})).status_code == 401
        lock = (await browser.get("/lock?next=/members%3Fq%3D7")).text
        assert f'value="{clerk["id"]}" checked' in lock
        assert clerk["email"] not in lock
        wrong = await pin(browser, clerk["id"], "1470", next="/members?q=7")
        assert (wrong.status_code, "Tries left: 4" in wrong.text) == (403, True)
        assert 'value="/members?q=7"' in wrong.text, "where the page was isn't forgotten"
        assert (await browser.get("/members")).status_code == 303
        back = await pin(browser, clerk["id"], next="/members?q=7")
        assert (back.status_code, back.headers["location"]) == (303, "/members?q=7")
        assert (await browser.get("/members")).status_code == 200
        assert (await browser.post("/v1/members", json={"name": "x"})).status_code == 201, "the same session goes on"


async def test_requests_that_nobody_makes_keep_no_till_awake(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        await make(browser, chain)
        await idle(browser, 4)
        await browser.get("/members", headers={"X-Background": "1"})
        found = await find_session(browser.cookies["regulars_session"], background=True)
        seen = await (await owner()).fetchval(
            "SELECT seen_at FROM platform.session WHERE token_hash = $1", found.token_hash if found else b""
        )
        assert datetime.now(UTC) - seen > timedelta(minutes=3)
        assert (await browser.get("/lock/awake")).status_code == 204
        seen = await (await owner()).fetchval(
            "SELECT seen_at FROM platform.session WHERE token_hash = $1", found.token_hash if found else b""
        )
        assert datetime.now(UTC) - seen < timedelta(minutes=1)


async def test_somebody_else_takes_over_under_the_own_name(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    colleague = await hire(app, chain, role="manager")
    await give_pin(chain, colleague["id"], "97531")
    async with session(app, clerk["email"]) as browser:
        await make(browser, chain)
        assert (await pin_after_lock(browser, colleague["id"], "97531")).status_code == 404, "never here"
        token = csrf_of((await browser.get("/overview")).text) if await unlock(browser, clerk) else ""
        await browser.post("/logout", headers={"X-CSRF-Token": token})
        assert (await log_in(browser, colleague["email"], PASSWORD)).status_code == 303
        page = await browser.get("/overview")
        browser.headers["X-CSRF-Token"] = csrf_of(page.text)
        old = browser.cookies["regulars_session"]
        locked = await browser.post("/lock/now", data={"next": "/members?q=1&tag=茶"})
        assert (locked.status_code, locked.headers["location"]) == (
            303,
            "/lock?next=/members%3Fq%3D1%26tag%3D%E8%8C%B6",
        )
        assert 'value="/members?q=1&amp;tag=茶"' in (await browser.get(locked.headers["location"])).text
        evil = await browser.post("/lock/now", data={"next": "//evil.example/"})
        assert evil.headers["location"] == "/lock?next=/overview"
        assert (await browser.get("/members")).status_code == 303
        answer = await pin(browser, clerk["id"])
        assert answer.status_code == 303
        assert browser.cookies["regulars_session"] != old
        assert await find_session(old) is None, "whose session it was is out"
        page = await browser.get("/overview")
        assert "Clerk" in page.text
        browser.headers["X-CSRF-Token"] = csrf_of(page.text)
        assert (await browser.get("/staff")).status_code == 403
        who = (await browser.post("/v1/members", json={"name": "x"})).json()["id"]
        given = await browser.post("/v1/points/adjust", json={"member_id": who, "points": 10, "reason": "x"})
        assert given.status_code == 201
    log = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [row["actor"] for row in log if row["action"] == "points.adjust"] == [f"staff:{clerk['id']}"]
    assert [row["actor"] for row in log if row["action"] == "session.pin"] == [f"staff:{clerk['id']}"] * 2


async def pin_after_lock(browser: httpx.AsyncClient, staff_id: str, typed: str) -> httpx.Response:
    await browser.post("/lock/now")
    return await pin(browser, staff_id, typed)


async def unlock(browser: httpx.AsyncClient, person: dict[str, Any]) -> bool:
    return (await pin(browser, person["id"])).status_code == 303


async def test_the_device_alone_knows_who_was_here_and_five_wrong_pins_end_it(
    app: Any, chain: Chain, clerk: dict[str, Any]
) -> None:
    async with session(app, clerk["email"]) as browser:
        await make(browser, chain)
        await browser.post("/logout")
        assert clerk["id"] in (await browser.get("/lock")).text, "without a session, too"
        many = await asyncio.gather(*(pin(browser, clerk["id"], "1470") for _ in range(7)))
        assert sum("Tries left" in answer.text for answer in many) == 4
        locked = await pin(browser, clerk["id"])
        assert (locked.status_code, "logged in with the password" in locked.text) == (403, True)
        assert "by password only" in locked.text
        async with new_browser(app) as stranger:
            assert (await stranger.get("/lock")).headers["location"] == "/login"
            assert (await stranger.post("/lock", data={"staff_id": clerk["id"], "pin": PIN})).status_code == 303
            assert "regulars_session" not in stranger.cookies
        assert (await log_in(browser, clerk["email"], PASSWORD)).status_code == 303
        browser.headers["X-CSRF-Token"] = csrf_of((await browser.get("/overview")).text)
        assert (await pin_after_lock(browser, clerk["id"], PIN)).status_code == 303
        # A week after the last log-in with the password only that helps.
        await (await owner()).execute(
            "UPDATE till_person SET logged_in_at = logged_in_at - interval '7 days' WHERE tenant_id = $1",
            chain.tenant_id,
        )
        await browser.post("/lock/now")
        assert "Nobody has logged in here this week" in (await browser.get("/lock")).text


async def test_what_cannot_be_a_till(app: Any, chain: Chain, new_chain: Any, clerk: dict[str, Any]) -> None:
    other = await new_chain()
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    bound = await hire(app, chain, role="clerk", branch_ids=[second])
    async with session(app, clerk["email"]) as browser:
        for bad in (
            {"branch_id": other.branch_id},
            {"branch_id": "x"},
            {"till_name": " "},
            {"till_name": "x" * 300},
            {"idle_minutes": "0"},
            {"idle_minutes": "61"},
            {"idle_minutes": "²"},
            {"idle_minutes": ""},
        ):
            answer = await make(browser, chain, **bad)
            assert answer.status_code == 422, bad
            assert "regulars_till" not in browser.cookies
        assert 'value="²"' not in (await make(browser, chain, idle_minutes="7")).text
        assert (await make(browser, chain)).status_code == 303, "twice is once"
        assert len((await chain.http.get("/v1/tills")).json()["data"]) == 1
    async with session(app, bound["email"]) as browser:
        assert (await make(browser, chain)).status_code == 403, "not where one doesn't work"
    analyst = await hire(app, chain, role="analyst")
    async with session(app, analyst["email"]) as browser:
        assert (await make(browser, chain)).status_code == 403


async def test_owners_see_change_and_revoke_them(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser, session(app, chain.email, chain.password) as boss:
        await make(browser, chain)
        (till,) = (await chain.http.get("/v1/tills")).json()["data"]
        assert (till["name"], till["idle_minutes"], till["branch_id"]) == ("前台", 5, chain.branch_id)
        url = f"/staff/tills/{till['id']}"
        assert "前台" in (await boss.get("/staff/tills")).text
        assert (await browser.get("/staff/tills")).status_code == 403
        assert (await boss.post(url, data={"idle_minutes": "0"})).status_code == 422
        assert (await boss.post(url, data={"idle_minutes": "2"})).status_code == 303
        await idle(browser, 3)
        assert (await browser.get("/members")).headers["location"].startswith("/lock")
        assert (await chain.http.patch(f"/v1/tills/{till['id']}", json={"idle_minutes": 61})).status_code == 422
        assert (await chain.http.patch(f"/v1/tills/{till['id']}", json={"idle_minutes": 3})).status_code == 200
        assert (await boss.post(f"{url}/revoke")).status_code == 303
        assert (await browser.get("/members")).headers["location"].startswith("/login")
        assert (await browser.get("/lock")).headers["location"] == "/login"
        assert (await boss.post(f"{url}/revoke")).status_code == 404
        assert (await chain.http.delete(f"/v1/tills/{till['id']}")).status_code == 404
        assert (await log_in(browser, clerk["email"], PASSWORD)).status_code == 303
        assert "data-idle" not in (await browser.get("/members")).text


async def test_the_branch_of_the_till_is_known_to_pages(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    from litestar.connection import ASGIConnection

    from saas.scope import tenant_scope

    async def branch(token: str) -> Any:
        found = await find_session(token)
        assert found is not None
        asked: Any = ASGIConnection({"type": "http", "headers": [], "state": {"session": found}})  # type: ignore[typeddict-item]
        async with tenant_scope(chain.tenant_id, principal=found.principal):
            return await branch_of(asked)

    async with session(app, clerk["email"]) as browser:
        assert await branch(browser.cookies["regulars_session"]) is None
        await make(browser, chain)
        assert str(await branch(browser.cookies["regulars_session"])) == chain.branch_id
        second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
        await chain.http.patch(f"/v1/staff/{clerk['id']}", json={"branch_ids": [second]})
        assert await branch(browser.cookies["regulars_session"]) is None, "not where one doesn't work"
