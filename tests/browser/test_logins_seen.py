"""Account, second factor, shared tills and their lock in a real browser."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.clock import owner

from saas.second_factor.totp import STEP_SECONDS, code_at

PIN = "2580"


def code(secret: str) -> str:
    return code_at(base64.b32decode(secret.replace(" ", "")), int(time.time()) // STEP_SECONDS)


async def looked_at(w: Any, name: str) -> None:
    await shoot(w.page, name)
    assert await faults(w.page) == [], name


async def set_pin(w: Any, chain: Any) -> None:
    await w.open("/account")
    await w.page.fill("#pin-new", PIN)
    await w.page.fill("#pin-current", chain.password)
    await w.page.press("#pin-current", "Enter")
    await w.page.wait_for_url("**/account?done=pin")


async def set_up(w: Any, chain: Any) -> str:
    """The secret of a second factor that is begun."""
    await w.open("/account/second-factor")
    await w.page.fill("#begin-current", chain.password)
    await w.page.press("#begin-current", "Enter")
    secret: str = await w.page.inner_text(".secret")
    return secret


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_pages(
    window: Callable[..., Any], chain: Any, language: str, dark: bool, width: int
) -> None:
    async with window(width=width, dark=dark, language=language) as w:
        mark = f"{language}-{'dark' if dark else 'light'}-{width}"
        await w.enter(chain)
        await set_pin(w, chain)
        await looked_at(w, f"account-{mark}")
        await w.open("/staff/rules")
        await looked_at(w, f"rules-{mark}")
        secret = await set_up(w, chain)
        await looked_at(w, f"second-factor-begun-{mark}")
        await w.page.fill("#code-confirm", code(secret))
        await w.page.press("#code-confirm", "Enter")
        await w.page.wait_for_selector(".recovery")
        await shoot(w.page, f"second-factor-codes-{mark}")
        await w.open("/account")
        await w.page.fill("#till-name", "前台 1")
        await w.page.press("#till-name", "Enter")
        await w.page.wait_for_url("**/account?done=till")
        await w.open("/staff/tills")
        await looked_at(w, f"tills-{mark}")
        await w.page.keyboard.press("Alt+l")
        await w.page.wait_for_url("**/lock?next=**")
        await looked_at(w, f"lock-{mark}")
        await w.open("/login?next=/staff")
        await w.page.fill("#email", chain.email)
        await w.page.fill("#password", chain.password)
        await w.page.press("#password", "Enter")
        await w.page.wait_for_selector("#code")
        await looked_at(w, f"login-code-{mark}")


async def test_a_till_locks_by_itself_and_goes_on_where_it_was(window: Callable[..., Any], chain: Any) -> None:
    async with window() as w:
        await w.page.clock.install()
        await w.enter(chain)
        await set_pin(w, chain)
        await w.page.press("#till-name", "Enter")
        await w.page.wait_for_url("**/account?done=till")
        await w.open("/members?q=7")
        await w.page.clock.run_for(4 * 60_000)
        await w.page.keyboard.press("Shift")  # somebody is there
        await w.page.clock.run_for(4 * 60_000)
        assert "/members" in w.page.url
        async with w.page.expect_navigation(url="**/lock?next=**"):
            await w.page.clock.run_for(61_000)
        await w.page.go_back()
        await w.page.wait_for_selector("#pin:focus")  # keys before that are nobody's
        await w.page.keyboard.type("1470")
        await w.page.keyboard.press("Enter")
        await w.page.wait_for_selector("#problem")
        await w.page.wait_for_selector("#pin:focus")
        w.console.clear()  # a refused PIN is a 403, which browsers write down
        await w.page.keyboard.type(PIN)
        async with w.page.expect_navigation(url="**/members?q=7"):
            await w.page.keyboard.press("Enter")


async def test_without_scripts_a_colleague_takes_over(window: Callable[..., Any], chain: Any) -> None:
    async with window(javascript=False) as w:
        await w.enter(chain)
        await set_pin(w, chain)
        await w.page.locator("form[action='/account/till'] button").click()
        await w.open("/members")
        await w.page.locator(".lock-form button").click()
        assert "/lock?next=/members" in w.page.url
        await w.page.fill("#pin", PIN)
        await w.page.press("#pin", "Enter")
        assert w.page.url.endswith("/members")


async def test_a_chain_that_asks_for_it_leads_there_and_back(window: Callable[..., Any], chain: Any) -> None:
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/staff/rules")
        await w.page.check("input[name=second_factor]")
        await w.page.locator("main button.primary").click()
        await w.page.wait_for_url("**/account/second-factor?next=**")
        await w.page.fill("#begin-current", chain.password)
        await w.page.press("#begin-current", "Enter")
        await w.page.fill("#code-confirm", code(await w.page.inner_text(".secret")))
        await w.page.press("#code-confirm", "Enter")
        await w.page.get_by_role("link", name="I have kept them").click()
        await w.page.wait_for_url("**/staff/rules?done=changed")
        asks = await (await owner()).fetchval(
            "SELECT bool_and(second_factor) FROM platform.account_tenant WHERE tenant_id = $1", chain.tenant_id
        )
        assert asks is True
