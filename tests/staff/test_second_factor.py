"""The second factor: set up, asked for at every door, used once, lost, required, taken away by an owner."""

import asyncio
import hashlib
from typing import Any
from uuid import uuid4

import pytest
from second_factors import PAGE, a_while_later, log_in_with_code, now_code, secret_on, set_up, ticket_on
from support.at_the_counter import session
from support.browsing import log_in, new_browser
from support.chains import Chain
from support.clock import owner
from support.colleagues import PASSWORD, form_of, hire, invite, path_of

from saas.scope import tenant_scope
from saas.second_factor.totp import code_at
from tenants.staff.employ import employ_owner


@pytest.fixture
async def clerk(app: Any, chain: Chain) -> dict[str, Any]:
    return await hire(app, chain, role="clerk")


async def test_the_log_in_asks_for_it_and_takes_each_code_once(app: Any, clerk: dict[str, Any]) -> None:
    email = clerk["email"]
    async with session(app, email) as other, session(app, email) as browser:
        assert (await browser.post(f"{PAGE}/begin", data={"current": "wrong"})).status_code == 422
        assert (await browser.post(f"{PAGE}/confirm", data={"code": "000000"})).status_code == 303  # never begun
        assert (await browser.post(f"{PAGE}/begin", data={"current": PASSWORD})).status_code == 303
        secret_before = secret_on((await browser.get(PAGE)).text)
        wrong = await browser.post(f"{PAGE}/confirm", data={"code": now_code(secret_before, 5)})
        assert (wrong.status_code, "the code is not right" in wrong.text) == (422, True)
        async with session(app, email):  # begun, not on: the password is still enough
            pass
        secret, codes = await set_up(browser)
        assert secret != secret_before
        assert (await other.get("/overview")).status_code == 303, "who came in by the password alone is out"
        assert (await browser.get("/overview")).status_code == 200
        stored = await (await owner()).fetch(
            "SELECT f.secret, f.last_step FROM platform.second_factor f JOIN platform.account a ON a.id = f.account_id"
            " WHERE a.email = $1",
            email,
        )
        assert secret.hex() not in stored[0]["secret"]
    used = code_at(secret, stored[0]["last_step"])  # by now the app may show the next one
    assert (await log_in_with_code(app, email, used)).status_code == 401, "the code that turned it on"
    await a_while_later(email)
    answers = await asyncio.gather(*(log_in_with_code(app, email, used) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]
    assert (await log_in_with_code(app, email, now_code(secret, 4))).status_code == 401
    spaced = f" {codes[0].lower().replace('-', ' ')} "
    assert (await log_in_with_code(app, email, spaced)).status_code == 303
    assert (await log_in_with_code(app, email, codes[0])).status_code == 401
    assert (await log_in_with_code(app, email, codes[1].replace("-", ""))).status_code == 303


async def test_the_ticket_of_the_password_opens_nothing_by_itself(app: Any, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        secret, _ = await set_up(browser)
        await a_while_later(clerk["email"])
    async with new_browser(app) as browser, new_browser(app) as thief:
        ticket = ticket_on((await log_in(browser, clerk["email"], PASSWORD)).text)
        around = await browser.post("/login/chain", data={"ticket": ticket, "tenant_id": "x"})
        assert around.status_code == 403
        await thief.get("/login")
        stolen = await thief.post("/login/code", data={"ticket": ticket, "code": now_code(secret)})
        assert stolen.status_code == 403, "another browser's"
        for code in ("", "0" * 24, "\u0660" * 6, "x" * 5000):
            assert (await browser.post("/login/code", data={"ticket": ticket, "code": code})).status_code == 401
        good = await browser.post("/login/code", data={"ticket": ticket, "code": now_code(secret), "next": "/members"})
        assert (good.status_code, good.headers["location"]) == (303, "/members")


async def test_guessing_is_stopped(app: Any, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        secret, _ = await set_up(browser)
        await a_while_later(clerk["email"])
    async with new_browser(app) as browser:
        ticket = ticket_on((await log_in(browser, clerk["email"], PASSWORD)).text)
        tries = [await browser.post("/login/code", data={"ticket": ticket, "code": "000000"}) for _ in range(11)]
        assert [answer.status_code for answer in tries] == [401] * 10 + [429]
        late = await browser.post("/login/code", data={"ticket": ticket, "code": now_code(secret)})
        assert (late.status_code, int(late.headers["retry-after"]) > 0) == (429, True)


async def test_a_reset_and_an_invitation_ask_for_it_too(app: Any, chain: Chain, new_chain: Any) -> None:
    clerk, other = await hire(app, chain, role="clerk"), await new_chain()
    email = clerk["email"]
    async with session(app, email) as browser:
        secret, codes = await set_up(browser)
        await a_while_later(email)
    invited = await invite(other, email=email, role="manager")
    async with new_browser(app) as browser:
        path = path_of(invited)
        form = form_of((await browser.get(path)).text)
        asked = await browser.post(path, data={"_form": form, "password": PASSWORD})
        assert (asked.status_code, 'name="code"' in asked.text, 'name="password"' in asked.text) == (200, True, False)
        ticket = {"_form": form, "ticket": ticket_on(asked.text)}
        assert (await browser.post(path, data={**ticket, "code": "000000"})).status_code == 422
        taken = await browser.post(path, data={**ticket, "code": now_code(secret)})
        assert (taken.status_code, taken.headers["location"]) == (303, "/overview")
    await (await owner()).execute(
        "INSERT INTO platform.password_reset (token_hash, account_id, expires_at)"
        " SELECT $1, id, now() + interval '1 h' FROM platform.account WHERE email = $2",
        hashlib.sha256(email.encode()).digest(),
        email,
    )
    path = f"/reset/{email}"
    async with new_browser(app) as browser:
        page = (await browser.get(path)).text
        assert 'name="code"' in page
        sent = {"_form": form_of(page), "password": "another long secret"}
        for code in ({}, {"code": "000000"}):
            assert (await browser.post(path, data={**sent, **code})).status_code == 422
        assert (await browser.post(path, data={**sent, "code": codes[0]})).status_code == 303
    await a_while_later(email)
    answer = await log_in_with_code(app, email, now_code(secret), "another long secret")
    assert (answer.status_code, "Choose a chain" in answer.text) == (200, True)


async def test_new_codes_and_off(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        _, codes = await set_up(browser)
        for act in ("codes", "off"):
            for faulty in ({"code": "000000"}, {"code": "000000", "current": PASSWORD}, {"code": codes[0]}):
                assert (await browser.post(f"{PAGE}/{act}", data=faulty)).status_code == 422
        renewed = await browser.post(f"{PAGE}/codes", data={"code": codes[0], "current": PASSWORD})
        assert renewed.status_code == 200
        assert codes[1] not in renewed.text
        assert (await browser.post(f"{PAGE}/off", data={"code": codes[1], "current": PASSWORD})).status_code == 422, (
            "an old one"
        )
        fresh = renewed.text.partition('class="recovery"><li>')[2][:29]
        assert (await browser.post(f"{PAGE}/off", data={"code": fresh, "current": PASSWORD})).status_code == 303
    async with session(app, clerk["email"]):
        pass
    log = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert [act for act in log if act.startswith("account.")] == [
        "account.second_factor_off",
        "account.recovery_codes",
        "account.second_factor_on",
    ]


async def test_a_chain_may_require_it_of_owners_and_managers(app: Any, chain: Chain) -> None:
    manager, clerk = await hire(app, chain, role="manager"), await hire(app, chain, role="clerk")
    async with session(app, manager["email"]) as browser, session(app, clerk["email"]) as at_till:
        changed = await chain.http.patch("/v1/staff-rules", json={"second_factor": True})
        assert changed.json() == {"clerk_points": 1000, "clerk_money": 50_000, "second_factor": True}
        led = await browser.get("/members?q=1")
        assert (led.status_code, led.headers["location"]) == (303, f"{PAGE}?next=/members%3Fq%3D1")
        api = await browser.get("/v1/members")
        assert (api.status_code, api.json()["type"]) == (403, "/problems/second-factor-required")
        assert (await browser.get("/account")).status_code == 303
        assert (await browser.get("/lock/awake")).status_code == 204
        assert "asks its owners and managers" in (await browser.get(PAGE)).text
        assert (await at_till.get("/members")).status_code == 200
        assert (await chain.http.get("/v1/members")).status_code == 200, "keys go on"
        await set_up(browser)
        assert (await browser.get("/members")).status_code == 200
    # Who comes later, or rises, is led there as well.
    late = await hire(app, chain, role="manager")
    async with session(app, clerk["email"]) as risen:
        await chain.http.patch(f"/v1/staff/{clerk['id']}", json={"role": "manager"})
        assert (await risen.get("/members")).status_code == 303
    async with new_browser(app) as browser:
        assert (await log_in(browser, late["email"], PASSWORD)).status_code == 303
        assert (await browser.get("/members")).headers["location"].startswith(PAGE)
        assert (await browser.get("/members")).status_code == 303


async def test_an_owner_takes_a_lost_one_away(app: Any, chain: Chain, new_chain: Any) -> None:
    clerk, other = await hire(app, chain, role="clerk"), await new_chain()
    url = f"/v1/staff/{clerk['id']}/second-factor"
    assert (await chain.http.delete(url)).status_code == 204, "none: nothing to do"
    async with session(app, clerk["email"]) as browser:
        secret, _ = await set_up(browser)
        await a_while_later(clerk["email"])
    assert (await chain.http.delete(url)).status_code == 204
    async with session(app, clerk["email"]) as browser:
        secret, _ = await set_up(browser)
        await a_while_later(clerk["email"])
    log = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert log.count("staff.second_factor_off") == 1
    letters = await (await owner()).fetchval(
        "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND name = 'mail.send'", chain.tenant_id
    )
    assert letters == 2, "the invitation, and what became of the factor"
    invited = await invite(other, email=clerk["email"], role="clerk")
    async with new_browser(app) as browser:
        path = path_of(invited)
        sent = {"_form": form_of((await browser.get(path)).text)}
        asked = await browser.post(path, data={**sent, "password": PASSWORD})
        code = now_code(secret)
        await browser.post(path, data={**sent, "ticket": ticket_on(asked.text), "code": code})
    refused = await chain.http.delete(url)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/second-factor-elsewhere")


async def test_a_sample_chain_is_no_other_chain_to_be_asked(app: Any, chain: Chain, new_chain: Any) -> None:
    """Else an owner who once looked at the sample could never be helped in."""
    boss, sample = await hire(app, chain, role="owner"), await new_chain()
    async with session(app, boss["email"]) as browser:
        await set_up(browser)
    sql = "SELECT id FROM platform.account WHERE email = $1"
    account_id = await (await owner()).fetchval(sql, boss["email"])
    async with tenant_scope(sample.tenant_id):
        await employ_owner(uuid4(), account_id, "老板", boss["email"], sample=True)
    assert (await chain.http.delete(f"/v1/staff/{boss['id']}/second-factor")).status_code == 204
    async with session(app, boss["email"]) as browser:
        assert 'action="/account/second-factor/begin"' in (await browser.get(PAGE)).text


async def test_nobody_takes_the_own_one_away_without_a_code(app: Any, chain: Chain) -> None:
    """An open session of an owner isn't enough to be rid of what protects the account."""
    boss = await hire(app, chain, role="owner")
    async with session(app, boss["email"]) as browser:
        await set_up(browser)
        assert (await browser.delete(f"/v1/staff/{boss['id']}/second-factor")).status_code == 403
        page = f"/staff/{boss['id']}"
        assert f'action="{page}/second-factor"' not in (await browser.get(page)).text
        assert (await browser.post(f"{page}/second-factor")).status_code == 403
        assert 'action="/account/second-factor/off"' in (await browser.get(PAGE)).text
