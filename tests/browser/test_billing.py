"""Plan and payment in a real browser, up to Stripe's page and back."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.clock import owner
from support.payer import Payer, days, payer
from support.stripe_box import StripeBox

PAGES = ("/billing", "/billing/plans", "/billing/change?plan=growth", "/billing/change?plan=starter", "/billing/leave")


@pytest.fixture
async def paying(new_chain: Any, drain: Any, billing_on: StripeBox) -> Payer:
    return await payer(new_chain, drain, billing_on, billing="yes")


async def test_everyone_can_use_the_pages(window: Callable[..., Any], paying: Payer, selling_site: str) -> None:
    for state in ("suspended", "past_due"):
        if state == "past_due":
            await paying.subscribes("growth")
            await paying.moves_to(datetime.now(UTC) + days(1))
            late = "UPDATE tenant SET status = 'past_due' WHERE tenant_id = $1"
            await (await owner()).execute(late, paying.chain.tenant_id)
        for language, dark, width in LOOKS:
            look = f"{state}-{language}-{width}{'-dark' if dark else ''}"
            async with window(width=width, dark=dark, language=language, at=selling_site) as w:
                await w.enter(paying.chain)
                for path in PAGES:
                    await w.open(path)
                    assert await faults(w.page) == [], (path, look)
                    name = path.removeprefix("/").replace("/", "-").replace("?plan=", "-")
                    await shoot(w.page, f"{name}-{look}")


async def test_a_plan_is_bought_on_stripes_page(window: Callable[..., Any], paying: Payer, selling_site: str) -> None:
    async with window(language="zh-CN", at=selling_site) as w:
        await w.log_in(paying.chain)
        await w.page.wait_for_url("**/overview")
        assert "试用已结束" in await w.page.inner_text(".notice")
        await w.page.click(".notice a")
        await w.page.get_by_role("link", name="选择套餐", exact=True).click()
        await w.page.locator(".offer a.button").nth(1).click()
        await w.page.click("button:has-text('继续')")
        await w.page.wait_for_url("**/checkout/**")
        await w.page.fill("#card", "4242424242424242")
        await w.page.click("button")
        await w.page.wait_for_url("**/billing?checkout=done")
        assert "感谢您的付款" in await w.page.inner_text("main")
        w.console.clear()  # Stripe's own page may say what it likes
