"""The reports' pages in a real browser: everyone can use them, they follow newer numbers, and need no script."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.clock import owner

PAGES = {
    "overview-year": "/overview?period=last_12_months&against=year",
    "branches": "/reports/branches",
    "loyalty": "/reports/loyalty",
    "shifts": "/reports/shifts",
    "settlement": "/reports/settlement?period=this_month",
    "proof": "/proof",
}
_WALLET = "UPDATE wallet_account SET principal = principal + 1 WHERE tenant_id = $1"


async def _money_between_branches(chain: Any) -> None:
    """Paid in at one, spent at another."""
    west = (await chain.http.post("/v1/branches", json={"code": "west", "name": "西店"})).json()["id"]
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    paid = [{"type": "cash", "amount": 50_000}]
    of_her = {"member_id": lin["id"], "branch_id": chain.branch_id}
    top_up = {**of_her, "external_id": "u1", "amount": 50_000, "tenders": paid, "sold_by": "小李"}
    assert (await chain.http.post("/v1/wallet/top-ups", json=top_up)).status_code == 201
    ticket = {**of_her, "branch_id": west, "external_id": "w1", "amount": 10_000, "wallet_amount": 9_000}
    rest = {"tenders": [{"type": "wechat", "amount": 1_000}], "sold_by": "小王"}
    bought = await chain.http.post("/v1/purchases", json={**ticket, **rest, "external_amounts": True})
    assert bought.status_code == 201, bought.text


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_reports(
    window: Callable[..., Any],
    chain_with_facts: Callable[[], Awaitable[Any]],
    drain: Any,
    language: str,
    dark: bool,
    width: int,
) -> None:
    chain = await chain_with_facts()
    await _money_between_branches(chain)
    if width > 600:  # else everything agrees
        await (await owner()).execute(_WALLET, chain.tenant_id)
    assert (await chain.http.post("/v1/proof")).status_code == 202
    await drain(chain.tenant_id)
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        for name, path in PAGES.items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path
        await w.open("/overview?from=2026-05-02&to=2026-05-01")
        assert await w.page.locator("[aria-invalid]").count() == 1
        for opener in (".numbers summary >> nth=0", ".about summary >> nth=0"):
            await w.page.locator(opener).press("Enter")
        assert await w.page.locator(".board [open]").count() == 2
        await shoot(w.page, f"overview-{look}")
        assert await faults(w.page) == []
        await w.page.keyboard.press("Escape")
        assert await w.page.locator(".about[open]").count() == 0
        assert [line for line in w.console if "422" not in line] == []
        w.console.clear()


async def test_newer_numbers_come_by_themselves_and_lead_to_the_members(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]], drain: Any
) -> None:
    chain = await chain_with_facts()
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/overview")
        sales = w.page.locator(".figure-number >> nth=2")
        assert await sales.inner_text() == "¥3,800.00"
        ticket = {"branch_id": chain.branch_id, "external_id": "new", "amount": 20_000, "external_amounts": True}
        assert (await chain.http.post("/v1/purchases", json=ticket)).status_code == 201
        conn = await owner()
        old = "UPDATE report_answer SET made_at = made_at - interval '1 hour' WHERE tenant_id = $1"
        await conn.execute(old, chain.tenant_id)
        await conn.execute("UPDATE report_state SET added_at = 'epoch' WHERE tenant_id = $1", chain.tenant_id)
        await w.page.reload()
        await w.page.wait_for_selector(".age .live")
        await w.page.locator(".numbers summary >> nth=0").press("Enter")
        assert await sales.inner_text() == "¥3,800.00"
        await drain(chain.tenant_id)
        await w.page.wait_for_selector(".figure-number >> text=¥4,000.00")
        await w.page.wait_for_selector(".age:not(:has(.live))")
        assert await w.page.locator(".numbers[open]").count() == 1, "what was opened stays open"

        counted = await w.page.inner_text(".plot-keys li:has-text('Silver') b")
        await w.page.click(".plot-keys a >> text=Silver")  # nothing lies over it
        await w.page.wait_for_url("**/members?tier=card:silver")
        assert await w.page.locator(".row-link").count() == int(counted) > 0
        await w.page.go_back()
        await w.page.click(".branch-rows a >> nth=0")
        await w.page.wait_for_url("**/overview?period=last_30&branch_id=*")


async def test_days_and_comparison_without_javascript(window: Callable[..., Any], chain: Any) -> None:
    async with window(javascript=False, language="en") as w:
        await w.enter(chain)
        await w.open("/overview")
        await w.page.click("text=Last month")
        await w.page.wait_for_url("**period=last_month*")
        await w.page.select_option("#choose-against", "year")
        await w.page.click(".choose >> text=Show")
        await w.page.wait_for_url("**against=year*")
        assert (
            await w.page.get_attribute(".periods [aria-current]", "href") == "/overview?period=last_month&against=year"
        )
