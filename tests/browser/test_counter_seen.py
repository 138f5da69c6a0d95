"""The counter in a real browser: by keyboard alone, by scanner, without a line, and on paper."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from playwright.async_api import expect

HUMAN = 45
"""Milliseconds between two keys of a fast typist: a scanner is faster."""


async def furnished(chain_with_facts: Callable[[], Awaitable[Any]]) -> tuple[Any, str]:
    """A chain of a few, and one of them with something of everything."""
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    post = chain.http.post
    top_up = {"member_id": lin["id"], "branch_id": chain.branch_id, "external_id": "w1", "amount": 50_000}
    assert (await post("/v1/wallet/top-ups", json=top_up)).status_code == 201
    adjust = {"member_id": lin["id"], "points": 1200, "reason": "开卡礼"}
    assert (await post("/v1/points/adjust", json=adjust)).status_code == 201
    assert (await post(f"/v1/members/{lin['id']}/cards", json={"card_no": "C88001234"})).status_code == 201
    for code, points, stock in (("mug", 500, 12), ("bag", 2000, None), ("pen", 100, 0)):
        names = {"zh-CN": {"mug": "马克杯", "bag": "帆布袋", "pen": "签字笔"}[code], "en": code.title()}
        reward = {"code": code, "names": names, "points": points, "stock": stock}
        assert (await post("/v1/rewards", json=reward)).status_code == 201
    coupon = {"code": "ten", "names": {"zh-CN": "十元券", "en": "Ten off"}, "value": {"type": "amount", "amount": 1000}}
    made = await post("/v1/coupons", json={**coupon, "valid_days": 30})
    assert (await post(f"/v1/coupons/{made.json()['id']}/grant", json={"member_id": lin["id"]})).status_code == 201
    sold = {"member_id": lin["id"], "branch_id": chain.branch_id, "external_id": "p1", "product": "洗车", "uses": 10}
    assert (await post("/v1/passes", json={**sold, "price": 30_000, "valid_until": "2099-12-31"})).status_code == 201
    return chain, lin["id"]


@pytest.fixture(scope="module")
async def seen(chain_with_facts: Callable[[], Awaitable[Any]]) -> tuple[Any, str]:
    return await furnished(chain_with_facts)


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_counter(
    window: Callable[..., Any], seen: tuple[Any, str], language: str, dark: bool, width: int
) -> None:
    chain, lin = seen
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open(f"/counter/members/{lin}")
        await w.page.fill("#amount", "268")
        await w.page.wait_for_selector("#quote .strong")
        await shoot(w.page, f"till-desk-{look}")
        assert await faults(w.page) == []
        await w.page.press("#amount", "Enter")
        await w.page.wait_for_selector("#done")
        await shoot(w.page, f"till-done-{look}")
        assert await faults(w.page) == []
        receipt = await w.page.get_attribute("#done .till-acts a", "href")
        paid_in = {"member_id": lin, "branch_id": chain.branch_id, "external_id": f"w-{look}", "amount": 50_000}
        top_up = (await chain.http.post("/v1/wallet/top-ups", json=paid_in)).json()
        pages = {
            "till": "/counter",
            "till-many": "/counter?q=1811234",
            "till-nobody": "/counter?q=13800138000",
            "till-guest": "/counter/guest",
            **{
                f"till-{tab}": f"/counter/members/{lin}?do={tab}"
                for tab in ("top-up", "points", "rewards", "visits", "card")
            },
            "till-refund": f"/counter/refunds/{receipt.rpartition('/')[2]}",
            "till-offline": "/counter/offline",
            "till-receipt": f"/counter/receipts/purchase/{receipt.rpartition('/')[2]}",
            "till-top-up-receipt": f"/counter/receipts/top-up/{top_up['id']}",
            "till-card-sheet": f"/counter/cards/{lin}",
            "till-shift": "/counter/shift",
        }
        for name, path in pages.items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path
        await w.open("/counter/shift")
        await w.page.fill("#field-counted", "268")
        await w.page.press("#field-counted", "Enter")
        await w.page.wait_for_url("**/counter/shifts/*")
        await shoot(w.page, f"till-shift-sheet-{look}")
        assert await faults(w.page) == []


async def test_a_sale_by_keyboard_alone_and_its_undo(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain, lin = await furnished(chain_with_facts)
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/counter")
        keys = w.page.keyboard
        await keys.type("8650", delay=HUMAN)  # the search has the focus
        await keys.press("Enter")
        await w.page.wait_for_selector("#amount:focus")
        assert await w.page.inner_text(".till-who h2") == "林悦"
        await keys.type("88.5", delay=HUMAN)
        await keys.press("Enter")
        await keys.press("Enter")  # twice: recorded once
        await w.page.wait_for_selector("#done")
        assert "88.50" in await w.page.inner_text(".till-sum")
        assert "+88" in await w.page.inner_text("#done")
        await w.page.wait_for_selector("#find:focus")
        assert await w.page.locator("#entries li").count() == 1
        bought = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
        assert [one["paid"] for one in bought] == [8850, 5000]

        await keys.press("Alt+z")
        await w.page.wait_for_selector("#done.undone")
        await keys.press("Escape")
        bought = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
        assert [bool(one["undone_at"]) for one in bought] == [True, False]

        await w.open("/counter")
        await w.page.click("#entries .segmented a:nth-child(2)")  # the branch's: its rows come by themselves
        await w.page.wait_for_selector("#entries li:nth-child(3)")
        sale = {"branch_id": chain.branch_id, "external_id": "elsewhere", "amount": 4_200}
        assert (await chain.http.post("/v1/purchases", json=sale)).status_code == 201
        await w.page.fill("#find", "half typed")
        await w.page.evaluate("document.body.dispatchEvent(new Event('till-news'))")
        await w.page.wait_for_selector("#entries .line-value:has-text('42.00')")
        assert await w.page.input_value("#find") == "half typed"
        assert w.page.url.endswith("/counter")

        await w.open(f"/counter/members/{lin}")
        await keys.press("Alt+2")
        await w.page.wait_for_selector("text=Amount paid in")
        await w.page.evaluate("document.activeElement.blur()")
        await keys.press("/")  # from anywhere back to the search
        await w.page.wait_for_selector("#find:focus")
        await w.page.go_back()
        await w.page.wait_for_selector("text=Amount paid in")


SCANNER = """(code) => {
  for (const key of [...code, "Enter"]) {
    const at = document.activeElement;
    const went = at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    if (!went || key.length > 1 || !("value" in at)) continue;
    at.value += key;
    at.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
"""Keys as fast as a scanner's, however busy the machine is; into the field that has the focus, as keys do."""


async def test_a_scanner_is_heard_wherever_the_cursor_is(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain, lin = await furnished(chain_with_facts)
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/settings")
        await w.page.evaluate(SCANNER, "C88001234")  # the cursor is nowhere
        await w.page.wait_for_url(f"**/counter/members/{lin}")
        await w.page.fill("#points", "12")
        await w.page.focus("#points")
        await w.page.fill("#amount", "30")
        await w.page.focus("#points")
        coupon = await chain.http.post(
            "/v1/coupons",
            json={
                "code": "paper",
                "names": {"zh-CN": "纸券", "en": "Paper"},
                "value": {"type": "amount", "amount": 500},
                "valid_days": 30,
            },
        )
        printed = await chain.http.post(f"/v1/coupons/{coupon.json()['id']}/print", json={"count": 1})
        number = printed.json()["coupons"][0]["number"]
        await w.page.evaluate(SCANNER, number)
        await expect(w.page.locator("#coupon")).to_have_value(number)
        assert await w.page.input_value("#points") == "12"  # what the scanner typed there is gone again
        assert await w.page.input_value("#amount") == "30"
        await w.page.fill("#points", "")
        await w.page.wait_for_selector("text=25.00")


@pytest.mark.parametrize(("language", "told"), [("zh-CN", "网络"), ("en", "No connection")])
async def test_without_a_line_nothing_is_lost(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]], language: str, told: str
) -> None:
    chain, lin = await furnished(chain_with_facts)
    async with window(language=language) as w:
        await w.enter(chain)
        await w.open("/counter")
        await w.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await w.page.reload()
        await w.open(f"/counter/members/{lin}")
        await w.page.context.set_offline(True)
        await w.page.fill("#amount", "45")
        await w.page.press("#amount", "Enter")
        await w.page.wait_for_selector("#kept li[data-state=waiting]")
        await w.page.wait_for_selector("#line.lost")
        assert told in await w.page.inner_text("#line")
        await shoot(w.page, f"till-kept-{language}-1440")
        assert await faults(w.page) == []
        await w.page.fill("#off-who", "18112348651")
        await w.page.fill("#off-amount", "12.5")
        await w.page.press("#off-amount", "Enter")
        await w.page.fill("#off-who", "13999999999")  # nobody's
        await w.page.fill("#off-amount", "7")
        await w.page.press("#off-amount", "Enter")
        await w.page.wait_for_selector("#kept li:nth-child(3)")
        await w.open("/counter")  # a reload without a line: the worker's shell, and what was kept
        await w.page.wait_for_selector("#kept li:nth-child(3)")
        assert await w.page.locator("text=林悦").count() == 0

        await w.page.context.set_offline(False)
        await w.page.wait_for_selector("#find", timeout=60_000)  # the page itself again, once they are sent
        await w.page.wait_for_selector("#kept li[data-state=failed]", timeout=60_000)
        await w.page.wait_for_selector("#kept:not(:has([data-state=waiting]))", timeout=60_000)
        assert await w.page.locator("#kept li[data-state=failed]").count() == 1
        bought = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
        assert [one["paid"] for one in bought] == [4500, 5000]
        (xiu,) = (await chain.http.get("/v1/members?q=王秀")).json()["data"]
        bought = (await chain.http.get(f"/v1/members/{xiu['id']}/purchases")).json()["data"]
        assert bought[0]["paid"] == 1250
        assert await w.page.evaluate("caches.keys().then((names) => names.length)") == 1
        said: list[str] = []
        w.page.on("dialog", lambda asked: (said.append(asked.message), asked.dismiss())[1])
        await w.page.click("details.account summary")
        await w.page.click("form[action='/logout'] button")  # one is still to be dealt with: asked first, and stays
        assert len(said) == 1
        expected = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest", "422", "404")
        w.console[:] = [line for line in w.console if not any(one in line for one in expected)]


async def test_the_counter_without_javascript(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain, lin = await furnished(chain_with_facts)
    async with window(language="en", javascript=False) as w:
        await w.enter(chain)
        await w.open("/counter")
        await w.page.fill("#find", "8650")
        await w.page.press("#find", "Enter")
        await w.page.wait_for_url(f"**/counter/members/{lin}")
        await w.page.fill("#amount", "30")
        await w.page.press("#amount", "Enter")
        await w.page.wait_for_selector("#done")
        await w.page.click("#done button[data-undo]")
        await w.page.wait_for_selector("#done.undone")
        await w.open(f"/counter/members/{lin}?do=points")
        await w.page.fill("#points", "100")
        await w.page.press("#points", "Enter")
        await w.page.wait_for_url("**said=redeem")
        await w.open("/counter?q=13800138000")
        assert await w.page.input_value("#field-phone") == "13800138000"
        await w.page.fill("#field-name", "新客")
        await w.page.press("#field-name", "Enter")
        await w.page.wait_for_url("**said=enrolled")
        assert await w.page.inner_text(".till-who h2") == "新客"
