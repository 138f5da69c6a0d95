"""A sample chain: made, entered, left, removed; and that it is no part of anything real."""

import re
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.browsing import csrf_of, log_in, new_browser
from support.clock import owner

from industry_templates.loader import load_all
from saas import sandboxed
from saas.beside import standing
from saas.erasing import erase_tenant
from saas.operators.accounts import hold
from saas.samples import filling, making
from saas.samples.people import MEMBERS, sampled
from tenants.members.phones import normalise_phone

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "PAUSE", timedelta())


async def signed_up(browser: httpx.AsyncClient, template: str = "general", **more: Any) -> tuple[UUID, str]:
    """A chain that asked for samples; the browser is logged in there."""
    email = f"{secrets.token_hex(8)}@example.com"
    body = {"company": "青禾", "template": template, "locale": "zh-CN", "timezone": "Asia/Shanghai"}
    own = {"currency": "CNY", "email": email, "password": PASSWORD, "samples": True}
    made = await browser.post("/v1/signup", json={**body, **own, **more})
    assert made.status_code == 201, made.text
    await log_in(browser, email, PASSWORD)
    browser.cookies["regulars_language"] = "zh-CN" if browser.headers["accept-language"] == "zh-CN" else "en"
    return UUID(made.json()["tenant"]["id"]), email


async def act(browser: httpx.AsyncClient, what: str) -> httpx.Response:
    page = (await browser.get("/overview")).text
    answer = await browser.post("/samples", data={"_csrf": csrf_of(page), "act": what})
    assert answer.status_code == 303, answer.text
    return answer


async def sample_of(tenant_id: UUID) -> UUID | None:
    found: UUID | None = await (await owner()).fetchval("SELECT sample_id FROM sample WHERE tenant_id = $1", tenant_id)
    return found


async def count(tenant_id: UUID, table: str) -> int:
    n: int = await (await owner()).fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id)
    return n


@pytest.mark.parametrize("template", ["general", "pharmacy"])
async def test_it_is_made_entered_left_and_removed(
    app: Any, drain: Any, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = await owner()
    async with new_browser(app, language="zh-CN") as browser:
        real, _ = await signed_up(browser, template)
        assert "正在创建示例店" in (await browser.get("/overview")).text
        await drain()
        sample = await sample_of(real)
        assert sample is not None
        # as many as promised, of some tiers, with points, tagged; nothing of it in the real chain
        assert await count(sample, "member") == MEMBERS
        assert await count(sample, "purchase") > 5 * MEMBERS
        assert await conn.fetchval("SELECT count(DISTINCT tier) FROM member_tier WHERE tenant_id = $1", sample) >= 2
        days = "SELECT count(DISTINCT effective_at::date) FROM decision WHERE tenant_id = $1"
        assert await conn.fetchval(days, sample) > 5  # each on the day of the purchase that earned it
        assert await conn.fetchval("SELECT sum(points) FROM points_entry WHERE tenant_id = $1", sample) > 0
        assert (
            await conn.fetchval("SELECT count(*) FROM member_tag WHERE tenant_id = $1 AND tag = 'sample'", sample) == 60
        )
        assert await conn.fetchval("SELECT sum(failed) FROM import_run WHERE tenant_id = $1", sample) == 0
        assert await count(real, "member") == await count(real, "purchase") == 0
        # never billed: no use is counted, no trial ends there, Stripe hears of nobody
        names = {row["name"] for row in await conn.fetch("SELECT name FROM schedule WHERE tenant_id = $1", sample)}
        assert not names & {"usage", "billing"}
        assert await count(sample, "usage_period") == await count(sample, "platform.stripe_customer") == 0
        page = (await browser.get("/overview")).text
        assert "示例店已就绪" in page
        await act(browser, "open")
        inside = (await browser.get("/overview")).text
        assert "这是示例店" in inside
        assert 'href="/billing"' not in inside
        assert "青禾（示例）" in inside
        monkeypatch.setattr(sandboxed, "MOST_MEMBERS", MEMBERS)  # nobody runs a chain there for nothing
        enrolled = await browser.post("/members/new", data={"_csrf": csrf_of(inside), "name": "王芳"})
        assert enrolled.status_code == 409
        assert "示例店已满" in enrolled.text
        assert await count(sample, "member") == MEMBERS
        await act(browser, "back")
        assert "这是示例店" not in (await browser.get("/overview")).text
        await act(browser, "remove")
        await drain()
        assert await sample_of(real) is None
        for table in ("tenant", "member", "purchase", "staff", "platform.account_tenant", "platform.slug"):
            assert await count(sample, table) == 0, table
        assert "创建示例店" in (await browser.get("/overview")).text
        assert await count(real, "staff") == 1


async def test_nobody_logs_in_to_it_and_it_can_be_removed_from_within(app: Any, drain: Any) -> None:
    async with new_browser(app) as browser:
        real, email = await signed_up(browser)
        await drain()
    async with new_browser(app) as browser:
        straight = await log_in(browser, email, PASSWORD)
        browser.cookies["regulars_language"] = "en"
        assert straight.headers["location"] == "/overview"  # and not the choice of chains
        await act(browser, "open")
        assert (await act(browser, "make")).status_code == 303  # no sample of a sample
        await act(browser, "open")
        await act(browser, "remove")
        page = (await browser.get("/overview")).text
        assert "The sample chain is being removed." in page
        await drain()
    assert await sample_of(real) is None


async def test_asked_twice_it_is_one_and_a_failure_can_be_tried_again(app: Any, drain: Any) -> None:
    conn = await owner()
    async with new_browser(app) as browser:
        real, _ = await signed_up(browser)
        first = await sample_of(real)
        await act(browser, "make")
        assert await sample_of(real) == first
        await conn.execute("UPDATE sample SET state = 'failed' WHERE tenant_id = $1", real)
        assert "could not be made" in (await browser.get("/overview")).text
        await act(browser, "make")
        await drain()
        assert await sample_of(real) == first
        assert await count(first, "member") == MEMBERS  # type: ignore[arg-type]
        await making.make(real, {})  # once more: there is nothing to do
        assert await count(first, "member") == MEMBERS  # type: ignore[arg-type]


async def test_what_can_only_fail_again_can_be_removed_and_made_anew(app: Any, drain: Any) -> None:
    conn = await owner()
    async with new_browser(app) as browser:
        real, _ = await signed_up(browser)
        first = await sample_of(real)
        await conn.execute("UPDATE sample SET state = 'failed' WHERE tenant_id = $1", real)
        assert 'value="remove"' in (await browser.get("/overview")).text
        await act(browser, "remove")
        await drain()
        await act(browser, "make")
        assert await sample_of(real) not in {None, first}


async def test_at_a_shared_till_nobody_gets_rid_of_its_lock(app: Any, drain: Any) -> None:
    async with new_browser(app) as browser:
        real, _ = await signed_up(browser)
        await (await owner()).execute("UPDATE sample SET state = 'ready' WHERE tenant_id = $1", real)
        branch = await (await owner()).fetchval("SELECT id::text FROM branch WHERE tenant_id = $1", real)
        token = csrf_of((await browser.get("/overview")).text)
        till = {"_csrf": token, "branch_id": branch, "till_name": "x", "idle_minutes": "5"}
        assert (await browser.post("/account/till", data=till)).status_code == 303
        token = csrf_of((await browser.get("/overview")).text)
        refused = await browser.post("/samples", data={"_csrf": token, "act": "open"})
        assert refused.status_code == 403
        assert 'data-idle="5"' in (await browser.get("/overview")).text


async def test_a_step_cut_off_begins_again_where_it_was(app: Any, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with new_browser(app) as browser:
        real, _ = await signed_up(browser)

        async def cut(*_: Any) -> None:
            raise OSError("cut off")

        with monkeypatch.context() as broken:
            broken.setattr(filling, "start_import", cut)
            with pytest.raises(OSError, match="cut off"):
                await making.make(real, {})
        await drain()
        sample = await sample_of(real)
        assert sample is not None
        assert await count(sample, "member") == MEMBERS
        assert await count(sample, "import_run") == 2


async def test_clerks_and_strangers_have_no_say(app: Any, drain: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        await log_in(browser, chain.email, chain.password)
        await act(browser, "open")  # there is none: it stays where it is
        assert "sample chain:" not in (await browser.get("/overview")).text
        refused = await browser.post("/samples", data={"act": "make"})
        assert refused.status_code == 403
    async with new_browser(app) as stranger:
        assert (await stranger.post("/samples", data={"act": "make"})).headers["location"].startswith("/login")
    assert await sample_of(chain.tenant_id) is None


async def test_it_closes_and_goes_with_its_chain(app: Any, drain: Any) -> None:
    async with new_browser(app) as browser:
        real, email = await signed_up(browser)
        await drain()
        sample = await sample_of(real)
        assert sample is not None
        for held in (True, False):
            await hold(real, held=held, reason="x")
            await drain()
            status = await (await owner()).fetchval("SELECT status FROM tenant WHERE tenant_id = $1", sample)
            assert status == ("suspended" if held else "trialing")
        await erase_tenant(real, "left")
    assert await count(sample, "tenant") == await count(sample, "member") == 0
    assert await (await owner()).fetchval("SELECT count(*) FROM platform.account WHERE email = $1", email) == 0


def test_made_up_people_can_be_imported_whatever_the_programme() -> None:
    from datetime import date

    today = date(2026, 3, 1)
    for template in load_all().values():
        for _, programme in template.choices():
            made = sampled("seed", programme, ["a"], ["main"], today, "en")
            assert made == sampled("seed", programme, ["a"], ["main"], today, "en")
            members = made.members.decode().splitlines()[1:]
            phones = [normalise_phone(line.split(",")[1]) for line in members]
            assert len(set(phones)) == len({phone[-4:] for phone in phones}) == MEMBERS
            days = re.findall(r",(\d{4}-\d\d-\d\d)T", made.purchases.decode())
            assert max(days) < today.isoformat()
            assert len(days) > 3 * MEMBERS
