"""The owner's pages of plan and payment, without JavaScript, on the sandbox of Stripe."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from living import Life
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.payer import GOOD, payer
from support.stripe_box import StripeBox


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    made = await payer(new_chain, drain, billing_on, billing="yes")
    await made.gives_an_address("boss@example.com")
    return Life(made, client)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html[html.index("<main") :])))


async def send(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of((await browser.get("/billing")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


async def followed(browser: httpx.AsyncClient, answer: httpx.Response) -> str:
    assert answer.status_code == 303, text_of(answer.text)
    return text_of((await browser.get(answer.headers["location"])).text)


def link(page: str) -> str:
    found = re.search(r'<a class="button primary" href="([^"]+)"', page[page.index("<main") :])
    assert found, page
    return unescape(found[1])


async def test_choose_pay_change_cancel_and_stay(app: Any, life: Life) -> None:
    async with logged_in(app, life.payer.chain) as browser:
        home = (await browser.get("/billing")).text
        assert "The trial is over." in home
        plans = text_of((await browser.get("/billing/plans")).text)
        assert "¥199.00" in plans
        assert "¥39.00 for every further 1,000" in plans

        asked = await browser.get("/billing/change", params={"plan": "starter"})
        assert "How do you want to pay?" in asked.text
        going = await send(browser, "/billing/checkout", plan="starter", pay="card")
        assert going.status_code == 200
        await life.pays_page(link(going.text), GOOD)
        await life.hears()
        home = text_of((await browser.get("/billing?checkout=done")).text)
        assert "Thank you." in home
        assert "Visa ···· 4242" in home
        assert "Paid" in home

        shown = (await browser.get("/billing/change", params={"plan": "growth"})).text
        proration = re.search(r'name="proration_date" value="(\d+)"', shown)
        assert proration is not None
        assert "Charged now" in shown
        changed = await send(browser, "/billing/change", plan="growth", proration_date=proration[1])
        assert "The plan is changed." in await followed(browser, changed)
        await life.hears()
        assert "Growth" in text_of((await browser.get("/billing")).text)

        smaller = text_of((await browser.get("/billing/change", params={"plan": "starter"})).text)
        assert "nothing is charged now" in smaller
        later = await followed(browser, await send(browser, "/billing/change", plan="starter", proration_date=""))
        assert "From the next period on Starter" in later
        assert "you can change your mind" in text_of((await browser.get("/billing/leave")).text)
        left = await followed(browser, await send(browser, "/billing/act", act="cancel"))
        await life.hears()
        assert "Cancelled." in left
        assert "Stay after all" in text_of((await browser.get("/billing")).text)
        assert "Good that you stay." in await followed(browser, await send(browser, "/billing/act", act="resume"))


async def test_by_invoice_with_fapiao(app: Any, life: Life) -> None:
    async with logged_in(app, life.payer.chain, language="zh-CN") as browser:
        done = await followed(browser, await send(browser, "/billing/checkout", plan="growth", pay="invoice"))
        assert "订阅成功" in done
        await life.hears()
        await life.lives(await life.now() + timedelta(hours=2))
        home = text_of((await browser.get("/billing")).text)
        assert "对公转账或支付宝" in home
        assert "应于" in home
        wrong = await send(browser, "/billing/payer", payer_email="boss@example.com", fapiao="special", title="青禾")
        assert wrong.status_code == 422
        assert wrong.text.count('aria-invalid="true"') >= 1
        assert 'value="青禾"' in wrong.text
        fields = {
            "payer_email": "finance@example.com",
            "fapiao": "special",
            "title": "青禾大药房有限公司",
            "tax_number": "91310000MA1FL0000X",
            "address": "上海市静安区 1 号",
            "phone": "021-12345678",
            "bank": "工商银行",
            "account": "1001000100010001",
        }
        assert "已保存" in await followed(browser, await send(browser, "/billing/payer", **fields))
        account = await life.account()
        assert account["email"] == "finance@example.com"
        assert account["fapiao"]["title"] == "青禾大药房有限公司"


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", "/billing/change?plan=growth", {}),
        ("POST", "/billing/change", {"plan": "growth", "proration_date": ""}),
        ("POST", "/billing/portal", {}),
        ("POST", "/billing/act", {"act": "cancel"}),
    ],
)
async def test_where_stripe_does_not_answer_the_page_says_so(
    app: Any, life: Life, method: str, path: str, fields: dict[str, str]
) -> None:
    await life.payer.subscribes("starter")
    async with logged_in(app, life.payer.chain) as browser:
        life.payer.box.faults({"kind": "500", "times": 50})
        answer = await (browser.get(path) if method == "GET" else send(browser, path, **fields))
        assert answer.status_code == 503, text_of(answer.text)
        assert "did not answer in time" in text_of(answer.text)
        assert "<h1>Plan and payment</h1>" in answer.text


async def test_all_other_pages_do_not_wait_on_stripe(app: Any, life: Life) -> None:
    await life.payer.subscribes("starter")
    known = len(life.payer.box.requests())
    life.payer.box.faults({"kind": "timeout", "times": 50})
    async with logged_in(app, life.payer.chain) as browser:
        for path in ("/overview", "/billing", "/billing/plans", "/billing/leave"):
            assert (await browser.get(path)).status_code == 200
    assert (await life.asks("GET", "/v1/billing"))["plan"]["code"] == "starter"
    assert (await life.asks("GET", "/v1/billing/usage"))["active_members"]["count"] == 0
    body = {"branch_id": life.payer.chain.branch_id, "external_id": "s1", "amount": 100}
    await life.asks("POST", "/v1/purchases", body, 201)
    assert len(life.payer.box.requests()) == known


async def test_only_who_may_everything_sees_them(app: Any, life: Life) -> None:
    chain = life.payer.chain
    for table in ("staff", "platform.account_tenant"):
        await (await owner()).execute(f"UPDATE {table} SET role = 'clerk' WHERE tenant_id = $1", chain.tenant_id)
    async with logged_in(app, chain) as browser:
        overview = await browser.get("/overview")
        assert 'href="/billing"' not in overview.text
        for path in ("/billing", "/billing/plans", "/billing/change?plan=growth", "/billing/leave"):
            assert (await browser.get(path)).status_code == 403, path
        token = csrf_of(overview.text)
        for path in ("checkout", "change", "portal", "act", "payer"):
            assert (await browser.post(f"/billing/{path}", data={"_csrf": token})).status_code == 403, path


async def test_a_form_without_its_token_does_nothing(app: Any, life: Life) -> None:
    await life.payer.subscribes("starter")
    async with logged_in(app, life.payer.chain) as browser:
        assert (await browser.post("/billing/act", data={"act": "cancel"})).status_code == 403
    assert (await life.payer.reads())["cancel_at_period_end"] is False


async def test_where_nothing_is_sold_the_page_says_so(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = text_of((await browser.get("/billing")).text)
    assert "no payment service" in page
    assert "Choose a plan" not in page
