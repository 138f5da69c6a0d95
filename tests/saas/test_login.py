"""Logging in and out, through HTTP, as a browser does."""

import asyncio
import re
import time
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from support.browsing import csrf_of, hidden, log_in, new_browser

from saas.db import role_pool
from saas.login.throttle import TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS
from saas.settings import get_settings

COOKIE = "regulars_session"


async def audit_of(chain: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await chain.http.get("/v1/audit-log")).json()["data"]
    return entries


async def test_the_right_password_opens_the_overview_and_the_audit_log_knows(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        answer = await log_in(browser, chain.email.upper(), chain.password)
        assert (answer.status_code, answer.headers["location"]) == (303, "/overview")
        assert (await browser.get("/overview")).status_code == 200
    assert [e["actor"][:6] for e in await audit_of(chain) if e["action"] == "session.login"] == ["staff:"]


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        answer = await log_in(browser, chain.email, chain.password)
        (cookie,) = (c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags


async def test_over_https_the_cookie_is_bound_to_the_host(
    app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://chain.example")
    get_settings.cache_clear()
    try:
        async with new_browser(app) as browser:
            browser.base_url = httpx.URL("https://testserver")
            answer = await log_in(browser, chain.email, chain.password)
            (cookie,) = (c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-regulars="))
            flags = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
            assert not any(flag.startswith("domain") for flag in flags)
            page = await browser.get("/overview")
            assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_wrong_password_and_an_unknown_address_look_the_same(app: Any, chain: Any, language: str) -> None:
    async with new_browser(app, language=language) as browser:
        wrong = await log_in(browser, chain.email, "not the password")
        unknown = await log_in(browser, "nobody@example.com", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    text = {"zh-CN": "邮箱或密码不正确。", "en": "The e-mail address or the password is not right."}[language]
    assert text in wrong.text
    assert chain.email in wrong.text, "what was typed stays"
    assert "not the password" not in wrong.text
    without_values = [re.sub(r'value="[^"]*"', "", page.text) for page in (wrong, unknown)]
    assert without_values[0] == without_values[1]
    assert COOKIE not in wrong.headers.get("set-cookie", "")


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []

    async def check(stored: str | None, _password: str) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr("saas.login.pages.check_password", check)
    async with new_browser(app) as browser:
        await log_in(browser, "nobody@example.com", "something long")
        await log_in(browser, "nul\x00@example.com", "something long")
    assert checked == [None, None]  # `check_password` spends argon2's time on nobody, too


async def test_the_form_needs_its_token_and_its_cookie(app: Any, chain: Any) -> None:
    fields = {"email": chain.email, "password": chain.password, "next": ""}
    async with new_browser(app) as browser, new_browser(app) as other:
        token = hidden((await other.get("/login")).text, "_form")
        for given in ("", "x", token):
            answer = await browser.post("/login", data={**fields, "_form": given})
            assert answer.status_code == 403
            assert "Please try again" in answer.text
            assert COOKIE not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
async def test_another_site_cannot_send_the_form(app: Any, chain: Any, headers: dict[str, str]) -> None:
    async with new_browser(app) as browser:
        token = hidden((await browser.get("/login")).text, "_form")
        fields = {"_form": token, "email": chain.email, "password": chain.password}
        assert (await browser.post("/login", data=fields, headers=headers)).status_code == 403


async def test_after_log_in_one_goes_where_one_wanted_but_only_here(app: Any, chain: Any) -> None:
    for wanted, lands in (
        ("/overview?x=1", "/overview?x=1"),
        ("/overview?q=中文%20", "/overview?q=%E4%B8%AD%E6%96%87%20"),
        ("https://evil.example/", "/overview"),
        ("//evil.example/", "/overview"),
        ("/\\evil.example", "/overview"),
        ("/x\r\nSet-Cookie: a=b", "/overview"),
    ):
        async with new_browser(app) as browser:
            answer = await log_in(browser, chain.email, chain.password, next_path=wanted)
            assert answer.headers["location"] == lands, wanted
            assert answer.content == b""


async def test_eleven_tries_for_one_account_are_one_too_many(app: Any, chain: Any) -> None:
    async def attempt() -> int:
        async with new_browser(app) as browser:  # each from another address
            return (await log_in(browser, chain.email, "wrong wrong wrong")).status_code

    answers = await asyncio.gather(*(attempt() for _ in range(TRIES_PER_ACCOUNT + 3)))
    assert sorted(answers) == [401] * TRIES_PER_ACCOUNT + [429] * 3, "at once, and still counted one by one"
    async with new_browser(app) as browser:
        late = await log_in(browser, chain.email, chain.password)
        assert late.status_code == 429, "the right password does not help now"
        assert 0 < int(late.headers["retry-after"]) <= 900
        assert "Too many tries. Please wait 15 minutes" in late.text


async def test_an_address_has_its_own_limit_and_good_log_ins_do_not_count(app: Any, chain: Any) -> None:
    async with new_browser(app, address="203.0.113.77") as browser:
        for _ in range(3):
            await log_in(browser, chain.email, chain.password)
            browser.cookies.clear()
        for n in range(TRIES_PER_ADDRESS):
            assert (await log_in(browser, f"{n}@nobody.example", "wrong wrong")).status_code == 401
        assert (await log_in(browser, "x@nobody.example", "wrong wrong")).status_code == 429


async def test_without_valkey_people_still_log_in(app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    try:
        async with new_browser(app) as browser:
            assert (await log_in(browser, chain.email, chain.password)).status_code == 303
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


async def test_a_hash_of_old_costs_is_made_anew(app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = await role_pool("gate")
    sql = "SELECT password_hash FROM platform.account WHERE email = $1"
    before = await pool.fetchval(sql, chain.email)
    monkeypatch.setenv("ARGON2_TIME_COST", "2")
    get_settings.cache_clear()
    try:
        async with new_browser(app) as browser:
            assert (await log_in(browser, chain.email, chain.password)).status_code == 303
        after = await pool.fetchval(sql, chain.email)
        assert before != after
        assert "t=2" in after
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


async def test_one_account_in_several_chains_chooses(app: Any, chain: Any, new_chain: Any, environ: Any) -> None:
    second = await new_chain(company="第二连锁")
    await lend_staff(environ, chain.email, second.tenant_id)
    async with new_browser(app) as browser:
        page = await log_in(browser, chain.email, chain.password)
        assert page.status_code == 200
        assert "第二连锁" in page.text
        assert COOKIE not in page.headers.get("set-cookie", "")
        ticket = hidden(page.text, "ticket")
        stranger = await new_chain()
        refused = await browser.post("/login/chain", data={"ticket": ticket, "tenant_id": str(stranger.tenant_id)})
        assert refused.status_code == 200, "a chain that isn't theirs: asked again"
        answer = await browser.post("/login/chain", data={"ticket": ticket, "tenant_id": str(second.tenant_id)})
        assert answer.headers["location"] == "/overview"
        assert "第二连锁" in (await browser.get("/overview")).text
    async with new_browser(app) as thief:
        await thief.get("/login")
        answer = await thief.post("/login/chain", data={"ticket": ticket, "tenant_id": str(second.tenant_id)})
        assert answer.status_code == 403, "a ticket is good in one browser only"


async def lend_staff(environ: dict[str, str], email: str, tenant_id: UUID) -> None:
    """Makes an account staff of one more tenant, as an invitation will."""
    owner = await asyncpg.connect(environ["MIGRATOR_DATABASE_URL"])
    try:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
            account = await owner.fetchval("SELECT id FROM platform.account WHERE email = $1", email)
            staff = await owner.fetchval(
                "INSERT INTO staff (tenant_id, id, account_id, name, email, role)"
                " VALUES ($1, uuidv7(), $2, 'Lin', 'lin@example.com', 'clerk') RETURNING id",
                tenant_id,
                account,
            )
            await owner.execute(
                "INSERT INTO platform.account_tenant VALUES ($1, $2, $3, 'clerk')", account, tenant_id, staff
            )
    finally:
        await owner.close()


async def test_log_out_needs_the_token_and_ends_the_session(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        await log_in(browser, chain.email, chain.password)
        token = csrf_of((await browser.get("/overview")).text)
        assert (await browser.post("/logout")).status_code == 403
        assert (await browser.post("/logout", data={"_csrf": "x"})).status_code == 403
        stolen = browser.cookies[COOKIE]
        answer = await browser.post("/logout", data={"_csrf": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert COOKIE not in browser.cookies
    async with new_browser(app) as thief:
        thief.cookies[COOKIE] = stolen
        assert (await thief.get("/overview")).status_code == 303


async def test_language_and_theme_are_chosen_without_javascript(app: Any) -> None:
    async with new_browser(app, language="en") as browser:
        answer = await browser.post("/preferences", data={"language": "zh-CN", "theme": "dark", "next": "/login"})
        assert answer.headers["location"] == "/login"
        page = (await browser.get("/login")).text
        assert '<html lang="zh-CN" data-theme="dark">' in page
        away = await browser.post("/preferences", data={"language": "fr", "next": "//evil.example"})
        assert away.headers["location"] == "/"
        assert "set-cookie" not in away.headers


async def test_the_start_shows_what_this_is_or_goes_to_work(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        assert "Log in" in (await browser.get("/")).text
        await log_in(browser, chain.email, chain.password)
        assert (await browser.get("/")).headers["location"] == "/overview"
        assert (await browser.get("/login")).headers["location"] == "/overview"


async def test_a_very_long_password_is_refused_quickly(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        start = time.monotonic()
        assert (await log_in(browser, chain.email, chain.password + "x" * 1_000_000)).status_code == 401
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("odd", ["http://[", "http://a]b", "\x80"])
async def test_what_is_no_address_is_no_fault_of_ours(app: Any, odd: str) -> None:
    async with new_browser(app) as browser:
        form = await browser.post("/login", data={}, headers={"Origin": odd.encode("latin-1")})
        assert form.status_code == 403
        asked = {"HX-Request": "true", "HX-Current-URL": odd.encode("latin-1")}
        part = await browser.get("/overview", headers=asked)
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login")
