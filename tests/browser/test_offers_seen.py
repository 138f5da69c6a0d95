"""What a chain offers, in a real browser: every page in every look, and giving a coupon by hand."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot

NAMES = {"zh-CN": "满百立减", "en": "Twelve off"}


@pytest.fixture(scope="module")
async def furnished(chain_with_facts: Callable[[], Awaitable[Any]]) -> tuple[Any, dict[str, str]]:
    """A chain that has given, printed and used some of everything."""
    chain = await chain_with_facts()
    http = chain.http
    members = [one["id"] for one in (await http.get("/v1/members")).json()["data"]]
    off = {"value": {"type": "amount", "amount": 1200}, "minimum": 10_000, "valid_days": 30}
    coupon = (await http.post("/v1/coupons", json={"code": "twelve", "names": NAMES, **off})).json()["id"]
    given = (await http.post(f"/v1/coupons/{coupon}/grant", json={"member_ids": members})).json()["coupons"]
    used = {"grant_id": given[1]["id"], "branch_id": chain.branch_id, "amount": 1200}
    assert (await http.post("/v1/coupons/redeem", json=used)).status_code == 201
    sheet = (await http.post(f"/v1/coupons/{coupon}/print", json={"count": 5})).json()["sheet"]
    cup = {"code": "cup", "names": {"zh-CN": "白瓷杯", "en": "A white cup"}, "points": 300, "stock": 12}
    reward = (await http.post("/v1/rewards", json=cup)).json()["id"]
    points = {"member_id": members[0], "points": 500, "reason": "a start"}
    assert (await http.post("/v1/points/adjust", json=points)).status_code == 201
    taken = {"member_id": members[0], "branch_id": chain.branch_id}
    claim = (await http.post(f"/v1/rewards/{reward}/claim", json=taken)).json()["id"]
    names, tea = {"zh-CN": "会员价", "en": "Member prices"}, {"zh-CN": "龙井 250g", "en": "Longjing 250g"}
    prices = [{"sku": f"T{n}", "names": tea, "list_price": 16_800 + n, "price": 13_800 + n} for n in range(3)]
    assert (await http.put("/v1/price-lists/members", json={"names": names, "prices": prices})).status_code == 201
    ten = {"product": "团课 10 次", "uses": 10, "price": 58_000, "valid_until": "2199-01-01", "external_id": "p1"}
    sold = await http.post("/v1/passes", json={**ten, "member_id": members[0], "branch_id": chain.branch_id})
    return chain, {
        "pass": sold.json()["id"],
        "coupon": coupon,
        "grant": given[0]["id"],
        "used": given[1]["id"],
        "sheet": sheet,
        "reward": reward,
        "claim": claim,
    }


def pages_of(ids: dict[str, str]) -> dict[str, str]:
    return {
        "coupons": "/coupons",
        "coupon-new": "/coupons/new",
        "coupon": f"/coupons/{ids['coupon']}",
        "coupon-edit": f"/coupons/{ids['coupon']}/edit",
        "coupon-held": f"/coupons/grants/{ids['grant']}",
        "coupon-used": f"/coupons/grants/{ids['used']}",
        "coupon-sheet": f"/coupons/{ids['coupon']}/sheets/{ids['sheet']}",
        "rewards": "/rewards",
        "reward-new": "/rewards/new",
        "reward": f"/rewards/{ids['reward']}",
        "reward-edit": f"/rewards/{ids['reward']}/edit",
        "claims": "/rewards/claims",
        "claim": f"/rewards/claims/{ids['claim']}",
        "price-lists": "/price-lists",
        "price-list": "/price-lists/members?sku=T1",
        "passes": "/passes",
        "pass-new": "/passes/new",
        "pass": f"/passes/{ids['pass']}",
        "rules-benefits": "/programme/benefits",
        "rules-tier-benefits": "/programme/benefits/card/gold",
        "rules-points": "/programme/points",
        "rules-wallet": "/programme/wallet",
        "rules-discounts": "/programme/discounts",
        "rules-members": "/programme/members",
    }


async def add_a_row(page: Any) -> None:
    """Of a wallet with a step more than the template's: one that is still to be filled in."""
    await page.click('#wallet button[name="do"][value="add"]')
    await page.wait_for_selector(".rule-line.wrong")


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_pages_of_offers(
    window: Callable[..., Any], furnished: tuple[Any, dict[str, str]], language: str, dark: bool, width: int
) -> None:
    chain, ids = furnished
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open("/programme/wallet")
        await add_a_row(w.page)
        for name, path in pages_of(ids).items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path
        await w.open("/coupons/new")
        await w.page.fill("#field-value_amount", "ten")
        await w.page.press("#field-value_amount", "Enter")
        await w.page.wait_for_selector("[role=alert]")
        await shoot(w.page, f"coupon-wrong-{look}")
        assert await faults(w.page) == []
        await w.open(f"/coupons/{ids['coupon']}")
        await w.page.fill("#field-who", "181 1234 8651\nnobody")
        await w.page.click("#give button")
        await w.page.wait_for_selector(".meant")
        await shoot(w.page, f"coupon-give-{look}")
        assert await faults(w.page) == []
        assert [line for line in w.console if "422" not in line] == []
        w.console.clear()
