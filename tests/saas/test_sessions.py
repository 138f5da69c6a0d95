"""Sessions: where tokens come from, how they end, and what an unsafe request must bring."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, logged_in, new_browser

from saas.db import role_pool
from saas.sessions import IDLE, SCOPES_OF_ROLE, find_session

COOKIE = "regulars_session"


def token_hash(browser: httpx.AsyncClient) -> bytes:
    return hashlib.sha256(browser.cookies[COOKIE].encode()).digest()


async def age(browser: httpx.AsyncClient, **columns: datetime) -> None:
    pool = await role_pool("gate")
    for name, value in columns.items():
        await pool.execute(f"UPDATE platform.session SET {name} = $2 WHERE token_hash = $1", token_hash(browser), value)


async def test_a_planted_token_is_never_taken_over(app: Any, chain: Any) -> None:
    planted = "A" * 43
    async with new_browser(app) as browser:
        browser.cookies.set(COOKIE, planted, domain="testserver.local")
        answer = await log_in(browser, chain.email, chain.password)
        assert f"{COOKIE}={planted}" not in ";".join(answer.headers.get_list("set-cookie"))
    async with new_browser(app) as attacker:
        attacker.cookies[COOKIE] = planted
        assert (await attacker.get("/overview")).status_code == 303


async def test_a_second_log_in_ends_the_first_session(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        form = await browser.get("/login")  # opened before the first log-in: a second tab
        token = form.text.split('name="_form" value="')[1].split('"')[0]
        await log_in(browser, chain.email, chain.password)
        first = browser.cookies[COOKIE]
        fields = {"_form": token, "email": chain.email, "password": chain.password}
        assert (await browser.post("/login", data=fields)).status_code == 303
        assert browser.cookies[COOKIE] != first
        assert await find_session(browser.cookies[COOKIE]) is not None
    assert await find_session(first) is None


async def test_only_the_hash_of_a_token_is_kept(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        assert len(browser.cookies[COOKIE]) == 43  # 256 bits
        pool = await role_pool("gate")
        rows = await pool.fetch("SELECT * FROM platform.session WHERE token_hash = $1", token_hash(browser))
        assert len(rows) == 1
        assert browser.cookies[COOKIE] not in str(rows)


async def test_a_session_ends_after_twelve_idle_hours_and_after_thirty_days(app: Any, chain: Any) -> None:
    now = datetime.now(UTC)
    for column, dead in (("seen_at", now - IDLE - timedelta(seconds=1)), ("expires_at", now)):
        async with logged_in(app, chain) as browser:
            await age(browser, **{column: dead})
            assert (await browser.get("/overview")).headers["location"] == "/login?next=/overview"


async def test_use_is_noted_every_five_minutes_at_most(app: Any, chain: Any) -> None:
    pool = await role_pool("gate")
    sql = "SELECT seen_at FROM platform.session WHERE token_hash = $1"
    now = datetime.now(UTC)
    async with logged_in(app, chain) as browser:
        for before, moves in ((now - timedelta(minutes=4), False), (now - timedelta(minutes=6), True)):
            await age(browser, seen_at=before)
            await browser.get("/overview")
            assert ((await pool.fetchval(sql, token_hash(browser))) != before) is moves


async def test_who_loses_the_place_in_the_chain_is_out_at_once(app: Any, chain: Any) -> None:
    from saas.scope import connection, tenant_scope

    async with logged_in(app, chain) as browser:
        async with tenant_scope(chain.tenant_id):
            await connection().execute("DELETE FROM platform.account_tenant WHERE tenant_id = $1", chain.tenant_id)
        assert (await browser.get("/overview")).status_code == 303


async def test_pages_send_strangers_to_the_log_in_and_the_api_says_401(app: Any) -> None:
    async with new_browser(app) as browser:
        answer = await browser.get("/overview?x=1&y=%E4%B8%AD")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login?next=/overview%3Fx%3D1%26y%3D%25E4%25B8%25AD"
        partial = await browser.get("/overview/work", headers={"HX-Request": "true"})
        assert (partial.status_code, partial.headers["hx-redirect"]) == (401, "/login")
        api = await browser.get("/v1/branches")
        assert api.status_code == 401
        assert api.headers["content-type"].startswith("application/problem+json")
        api = await browser.get("/v1/branches", headers={"Cookie": f"{COOKIE}={'x' * 43}"})
        assert api.status_code == 401


async def test_the_api_takes_a_session_and_its_csrf_token(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        assert (await browser.get("/v1/branches")).status_code == 200
        token = csrf_of((await browser.get("/overview")).text)
        branch = {"code": "b2", "name": "二店", "kind": "own"}
        for headers in (
            {},
            {"X-CSRF-Token": "wrong"},
            {"X-CSRF-Token": token, "Origin": "https://evil.example"},
            {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"},
        ):
            refused = await browser.post("/v1/branches", json=branch, headers=headers)
            assert refused.status_code == 403, headers
            assert refused.json()["type"] == "/problems/csrf-failed"
        made = await browser.post("/v1/branches", json=branch, headers={"X-CSRF-Token": token})
        assert made.status_code == 201, made.text
    actors = {e["actor"].split(":")[0] for e in (await chain.http.get("/v1/audit-log")).json()["data"]}
    assert "staff" in actors


async def test_the_api_takes_the_token_from_the_header_alone_and_reads_no_form_for_it(app: Any, chain: Any) -> None:
    read: list[bytes] = []
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get("/overview")).text)

        async def form() -> AsyncIterator[bytes]:  # an import has no limit but its own
            read.append(b"_csrf=" + token.encode())
            yield read[0]

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await browser.post("/v1/imports", content=form(), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/csrf-failed")
    assert not read


async def test_another_sessions_csrf_token_opens_nothing(app: Any, chain: Any, new_chain: Any) -> None:
    other = await new_chain()
    async with logged_in(app, chain) as mine, logged_in(app, other) as theirs:
        token = csrf_of((await theirs.get("/overview")).text)
        answer = await mine.post("/v1/branches", json={}, headers={"X-CSRF-Token": token})
        assert answer.status_code == 403


async def test_a_key_needs_no_csrf_token_but_opens_no_page(chain: Any) -> None:
    page = await chain.http.get("/overview", headers={"Accept": "text/html"})
    assert page.status_code == 303


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("owner", "programme:write", None),
        ("manager", "wallet:write", "programme:write"),
        ("clerk", "purchases:write", "reports:read"),
        ("analyst", "reports:read", "members:write"),
    ],
)
def test_a_role_may_what_its_work_needs(role: str, may: Any, may_not: Any) -> None:
    scopes = SCOPES_OF_ROLE[role]
    assert may in scopes or "admin" in scopes
    assert may_not is None or may_not not in scopes | ({may_not} if "admin" in scopes else set())
