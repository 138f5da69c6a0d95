"""What members see on their own phones, and what staff hand them, in a real browser."""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from looking import LOOKS, faults, shoot

from saas.scope import tenant_scope
from tenants.joining.settings import change_join_page

NUMBER = "+8618112348654"


async def furnished(chain: Any) -> tuple[str, str]:
    """A member with something of everything: its id, and its card's path."""
    http = chain.http

    async def post(url: str, **body: Any) -> Any:
        answer = await http.post(url, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    one = (await post("/v1/members", name="林悦", phone=NUMBER, consents={"sms": True}))["id"]
    await post(f"/v1/members/{one}/cards")
    where = {"member_id": one, "branch_id": chain.branch_id}
    await post("/v1/purchases", **where, external_id="t1", amount=61_800, external_amounts=True)
    await post("/v1/wallet/top-ups", **where, external_id="u1", amount=30_000)
    await post("/v1/points/adjust", member_id=one, points=1_500, reason="x")
    names = {"zh-CN": "任意饮品立减", "en": "Any drink"}
    value = {"type": "amount", "amount": 500}
    coupon = await post("/v1/coupons", code="drink", names=names, value=value, valid_days=30, minimum=2_000)
    await post(f"/v1/coupons/{coupon['id']}/grant", member_id=one, reason="x")
    for code, zh, en, points in (("cup", "随行杯", "Travel mug", 800), ("bag", "帆布袋", "Canvas bag", 9_000)):
        await post("/v1/rewards", code=code, names={"zh-CN": zh, "en": en}, points=points, stock=20)
    address = (await post(f"/v1/members/{one}/card-link"))["url"]
    return one, urlsplit(address).path


async def digits(chain: Any, drain: Any, number: str) -> str:
    """The last six digits sent to this number."""
    await drain(chain.tenant_id)
    folder = Path(os.environ["FILE_STORE"]) / str(chain.tenant_id) / "outbox"
    for _ in range(100):
        letters = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
        if texts := [letter["text"] for letter in letters if letter["to"] == number]:
            return re.findall(r"(?<!\d)\d{6}(?!\d)", texts[-1])[-1]
        await asyncio.sleep(0.05)
    raise AssertionError("no SMS")


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_card(window: Any, chain: Any, language: str, dark: bool, width: int) -> None:
    one, path = await furnished(chain)
    (held,) = (await chain.http.get(f"/v1/members/{one}/coupons")).json()["data"]
    rewards = (await chain.http.get("/v1/rewards")).json()["data"]
    cup = next(each["id"] for each in rewards if each["code"] == "cup")
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.open(path)
        await w.page.wait_for_selector(".code-shown")
        await shoot(w.page, f"card-{look}")
        assert await faults(w.page) == [], path
        pages = {
            "points": f"{path}/points",
            "wallet": f"{path}/wallet",
            "coupon": f"{path}/coupons/{held['id']}",
            "reward": f"{path}/rewards/{cup}",
            "phone": f"{path}/phone",
            "digits": f"{path}/phone?sent=yes",
        }
        for name, at in pages.items():
            await w.open(at)
            await shoot(w.page, f"card-{name}-{look}")
            assert await faults(w.page) == [], at
        code = (await chain.http.post("/v1/join-codes", json={})).json()["code"]
        words = {"zh-CN": "现在入会，首杯半价", "en": "Join today: your first drink at half price"}
        async with tenant_scope(chain.tenant_id):
            await change_join_page(is_open=True, words=words, privacy_url="https://example.com/privacy")
        gift = {"code": "hi", "names": words, "when": {"type": "joined"}, "type": "grant", "coupon": "drink"}
        gift = (await chain.http.post("/v1/campaigns", json={**gift, "points": 88})).json()
        await chain.http.post(f"/v1/campaigns/{gift['id']}/start", json={})
        await w.open(f"/join/{code}")
        await shoot(w.page, f"join-{look}")
        assert await faults(w.page) == []
        await w.page.fill("#field-phone", "12345")
        await w.page.check("[name=membership]")
        await w.page.press("#field-phone", "Enter")
        await w.page.wait_for_selector("#about-phone")
        await shoot(w.page, f"join-wrong-{look}")
        assert await faults(w.page) == []
        ends = (("join-done", f"/join/{code}/done"), ("join-over", f"/join/{code}/x"), ("gone", "/c/x"))
        for name, at in ends:
            await w.open(at)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], at
        assert [line for line in w.console if not re.search("422|410|404", line)] == []
        w.console.clear()
        await w.enter(chain)
        for name, at in (("joining", "/joining"), ("poster", f"/joining/{code}")):
            await w.open(at)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], at
        await w.open(f"/members/{one}/card")
        await shoot(w.page, f"sheet-{look}")
        assert await faults(w.page) == []
        await w.page.click("button:has(.lucide-qr-code), .page-actions .primary")
        await w.page.wait_for_selector(".qr-large")
        await shoot(w.page, f"sheet-shown-{look}")
        assert await faults(w.page) == []


async def test_scanned_joined_and_paid_from_the_phone(window: Any, chain: Any, drain: Any) -> None:
    """Poster, form, digits, card; the code renews by itself while somebody looks, and says when the network is gone."""
    code = (await chain.http.post("/v1/join-codes", json={"branch_id": chain.branch_id})).json()["code"]
    async with window(width=390) as w:
        await w.open(f"/join/{code}")
        await w.page.fill("#field-phone", "138 1234 5678")
        await w.page.fill("#field-name", "王秀")
        await w.page.check("[name=membership]")
        await w.page.click("[type=submit]")
        await w.page.wait_for_selector("#digits")
        await shoot(w.page, "join-digits-zh-CN-390")
        assert await faults(w.page) == []
        await w.page.fill("#digits", await digits(chain, drain, "+8613812345678"))
        await w.page.press("#digits", "Enter")
        await w.page.wait_for_selector(".code-shown")
        await shoot(w.page, "card-joined-zh-CN-390")
        first = await w.page.inner_text(".code-text")
        await w.page.evaluate("document.querySelector('.code-shown').dataset.seconds")
        await w.page.clock.install()
        await w.page.reload()
        await w.page.wait_for_selector(".code-shown")
        second = await w.page.inner_text(".code-text")
        assert second != first
        await w.page.clock.run_for(55_000)
        await w.page.wait_for_function("old => document.querySelector('.code-text')?.innerText !== old", arg=second)
        await w.page.context.set_offline(True)
        await w.page.clock.run_for(120_000)
        await w.page.wait_for_selector(".code-lost:visible")
        assert await w.page.locator(".code-shown").count() == 0
        await w.page.context.set_offline(False)
        await w.page.clock.run_for(30_000)
        await w.page.wait_for_selector(".code-shown")
        assert not await w.page.is_visible(".code-lost")
        assert all("ERR_INTERNET_DISCONNECTED" in line for line in w.console)
        w.console.clear()
    (member,) = (await chain.http.get("/v1/members", params={"phone": "13812345678"})).json()["data"]
    assert (member["name"], member["branch_id"]) == ("王秀", chain.branch_id)


async def test_a_reward_is_claimed_without_javascript(window: Any, chain: Any, drain: Any) -> None:
    _, path = await furnished(chain)
    async with window(width=390, language="en", javascript=False) as w:
        await w.open(path)
        await w.page.click(".code-card button")
        assert await w.page.locator(".code-text").count() == 1
        await w.page.click(".phone-back")
        await w.page.click("#rewards a.button >> nth=0")
        await w.page.click("a.primary")
        await w.page.click("[type=submit]")
        await w.page.fill("#digits", await digits(chain, drain, NUMBER))
        await w.page.press("#digits", "Enter")
        await w.page.wait_for_url("**?done=confirmed")
        await w.page.click("#rewards a.button >> nth=0")
        await w.page.click("[type=submit]")
        await w.page.wait_for_url("**?done=claimed*")
        assert "Travel mug" in await w.page.inner_text("#rewards .phone-lines >> nth=0")
        before = await w.page.inner_text(".balances strong >> nth=0")
        await w.page.go_back()  # it is read anew: what is there now, and a claim of its own
        assert f"{before} points" in await w.page.inner_text(".facts dd >> nth=0")
