"""Who comes in to the operator's console, and who doesn't."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from console.browser import PASSWORD, Desk, hidden
from support.browsing import logged_in
from support.chains import Chain
from support.clock import owner

from saas.console import door, people, sessions
from saas.console.sessions import cookie_name
from saas.second_factor.totp import STEP_SECONDS, code_at
from saas.settings import get_settings

PAGES = ["/operator", "/operator/chains", "/operator/jobs", "/operator/webhooks", "/operator/acts"]
NewDesk = Callable[[], Awaitable[Desk]]


async def _acts(desk: Desk) -> list[str]:
    sql = (
        "SELECT a.act FROM platform.operator_act a JOIN platform.operator o ON o.id = a.operator_id"
        " WHERE o.email = $1 ORDER BY a.id"
    )
    return [row["act"] for row in await (await owner()).fetch(sql, desk.email)]


def in_production(monkeypatch: pytest.MonkeyPatch, *, console: bool | None) -> None:
    """As far as the console's door asks."""
    changed = get_settings().model_copy(update={"environment": "production", "operator_console": console})
    for module in (door, sessions):
        monkeypatch.setattr(module, "get_settings", lambda: changed)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch, console=True)


async def test_every_page_is_for_operators(app: Any, desk: Desk, chain: Chain, client: Any) -> None:
    pages = [*PAGES, f"/operator/chains/{chain.tenant_id}"]
    for path in pages:
        assert "运营" in await desk.page(path) or "Operator" in await desk.page(path)
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/operator/login")
        answer = await client.get(path, headers={"Authorization": f"Bearer {chain.key}"})
        assert answer.status_code == 303
    async with logged_in(app, chain) as staff:  # an owner is nobody here
        for path in pages:
            assert (await staff.get(path)).headers["location"] == "/operator/login"
    assert (await client.post("/operator/jobs", data={"act": "retry", "name": "x"})).status_code == 303
    for path in ("/overview", "/members", "/staff"):  # and an operator is nobody's staff
        assert (await desk.http.get(path)).headers["location"].startswith("/login")
    assert (await desk.http.get("/v1/members")).status_code == 401


async def test_a_wrong_password_comes_to_nothing(new_desk: NewDesk) -> None:
    desk = await new_desk()
    for _ in range(10):
        answer = await desk.log_in("wrong password here")
        assert answer.status_code == 401
        assert cookie_name() not in answer.cookies
    answer = await desk.log_in()
    assert answer.status_code == 429  # even the right one
    assert int(answer.headers["retry-after"]) > 0
    assert await _acts(desk) == []


async def test_another_spelling_of_the_address_is_no_new_try(new_desk: NewDesk) -> None:
    desk = await new_desk()
    plain = desk.email
    for n in range(10):
        desk.email = plain[:n].upper() + plain[n:] + " " * n
        assert (await desk.log_in("wrong password here")).status_code == 401
    desk.email = plain.upper()
    assert (await desk.log_in()).status_code == 429


async def test_the_forms_token_looks_different_on_each_page(desk: Desk) -> None:
    tokens = {hidden(await desk.page("/operator/jobs"), "_csrf") for _ in range(2)}
    assert len(tokens) == 2
    for token in tokens:
        answer = await desk.http.post("/operator/jobs", data={"_csrf": token, "act": "retry", "name": "none.such"})
        assert answer.status_code == 303


async def test_without_the_forms_token_nothing_happens(desk: Desk, chain: Chain) -> None:
    path = f"/operator/chains/{chain.tenant_id}"
    for fields in ({}, {"_csrf": "x"}):
        answer = await desk.http.post(path, data={"act": "suspend", "reason": "r", **fields})
        assert answer.status_code == 403
    token = hidden(await desk.page("/operator/jobs"), "_csrf")
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    answer = await desk.http.post(path, data={"act": "suspend", "reason": "r", "_csrf": token}, headers=elsewhere)
    assert answer.status_code == 403
    sql = "SELECT held_by_operator FROM tenant WHERE tenant_id = $1"
    assert await (await owner()).fetchval(sql, chain.tenant_id) is False


async def test_in_production_the_second_factor_comes_first(new_desk: NewDesk, production: None) -> None:
    desk = await new_desk()
    answer = await desk.log_in()
    assert answer.status_code == 200
    assert cookie_name() not in answer.cookies
    assert "<svg" in answer.text
    (one,) = [o for o in await people.everybody() if o.email == desk.email]
    secret = await people.factor_to_set_up(one.id)
    assert secret is not None
    ticket = hidden(answer.text, "ticket")
    wrong = await desk.http.post("/operator/code", data={"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 422
    assert (await desk.http.get("/operator")).status_code == 303
    now = int((await (await owner()).fetchval("SELECT extract(epoch FROM now())::bigint")) // STEP_SECONDS)
    code = code_at(secret, now)
    inside = await desk.http.post("/operator/code", data={"ticket": ticket, "code": f"{code[:3]} {code[3:]}"})
    assert (inside.status_code, inside.headers["location"]) == (303, "/operator")
    assert (await desk.http.get("/operator/acts")).status_code == 200

    again = await desk.log_in()  # from now on it is asked for, and its secret isn't shown
    assert "<svg" not in again.text.split("<form", 3)[-1]
    assert await people.factor_to_set_up(one.id) is None
    once = await desk.http.post("/operator/code", data={"ticket": hidden(again.text, "ticket"), "code": code})
    assert once.status_code == 422  # it was taken
    assert await _acts(desk) == ["log-in-refused", "log-in", "log-in-refused"]


async def test_a_code_opens_once_however_many_send_it(new_desk: NewDesk) -> None:
    desk = await new_desk()
    (one,) = [o for o in await people.everybody() if o.email == desk.email]
    secret = await people.factor_to_set_up(one.id)
    assert secret is not None
    now = int((await (await owner()).fetchval("SELECT extract(epoch FROM now())::bigint")) // STEP_SECONDS)
    taken = await asyncio.gather(*(people.code_is_right(one.id, code_at(secret, now)) for _ in range(6)))
    assert sorted(taken) == [False] * 5 + [True]


async def test_a_ticket_is_its_browsers(new_desk: NewDesk, production: None) -> None:
    desk, thief = await new_desk(), await new_desk()
    ticket = hidden((await desk.log_in()).text, "ticket")
    await thief.http.get("/operator/login")
    assert (await thief.http.post("/operator/code", data={"ticket": ticket, "code": "1"})).status_code == 403
    assert (await desk.http.post("/operator/code", data={"ticket": ticket + "x", "code": "1"})).status_code == 403


async def test_in_production_there_is_no_console_unless_it_is_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(monkeypatch, console=None)
    for path in [*PAGES, "/operator/login"]:
        assert (await desk.http.get(path)).status_code == 404
    assert (await desk.http.post("/operator/login", data={"email": desk.email})).status_code == 404
    in_production(monkeypatch, console=True)
    assert (await desk.http.get("/operator")).status_code == 200


async def test_leaving_and_a_new_password_end_every_session(new_desk: NewDesk) -> None:
    desk = await new_desk()
    await desk.log_in()
    token = hidden(await desk.page("/operator"), "_csrf")
    kept = desk.http.cookies[cookie_name()]
    answer = await desk.http.post("/operator/logout", data={"_csrf": token})
    assert answer.headers["location"] == "/operator/login"
    desk.http.cookies[cookie_name()] = kept
    assert (await desk.http.get("/operator")).status_code == 303  # the token opens nothing any more

    desk.http.cookies.delete(cookie_name())
    await desk.log_in()
    assert await people.reset(desk.email, "another good password")
    assert (await desk.http.get("/operator")).status_code == 303
    assert (await desk.log_in()).status_code == 401
    assert (await desk.log_in("another good password")).status_code == 303
    assert await people.remove(desk.email)
    assert (await desk.http.get("/operator")).status_code == 303
    assert (await desk.log_in("another good password")).status_code == 401
    assert not await people.remove(desk.email)
    assert await people.add(desk.email, "回来了", PASSWORD) is not None
    assert (await desk.log_in()).status_code == 303


async def test_a_session_ends_unused_and_at_the_latest_after_twelve_hours(desk: Desk) -> None:
    assert (await desk.http.get("/operator")).status_code == 200
    for column, time in (("seen_at", "31 minutes"), ("expires_at", "13 hours")):
        sql = f"UPDATE platform.operator_session SET {column} = {column} - interval '{time}' RETURNING token_hash"
        assert await (await owner()).fetch(sql)
        assert (await desk.http.get("/operator")).status_code == 303
        await desk.log_in()


async def test_nobody_changes_the_record(desk: Desk) -> None:
    from asyncpg import InsufficientPrivilegeError

    from saas.db import role_pool

    for sql in ("UPDATE platform.operator_act SET act = 'x'", "DELETE FROM platform.operator_act"):
        with pytest.raises(InsufficientPrivilegeError):
            await (await role_pool("operator")).execute(sql)
    for role in ("app", "gate", "relay"):
        for table in ("operator", "operator_session", "operator_act"):
            with pytest.raises(InsufficientPrivilegeError):
                await (await role_pool(role)).fetch(f"SELECT 1 FROM platform.{table}")  # type: ignore[arg-type]
