"""Going about by keyboard: the palette, the list of keys, and the navigation of a narrow window."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from playwright.async_api import expect

Chain = Any


@pytest.fixture(scope="module")
async def seen(chain_with_facts: Callable[[], Awaitable[Any]]) -> Chain:
    """Nothing here changes it."""
    return await chain_with_facts()


async def test_any_page_by_its_name(window: Callable[..., Any], seen: Chain) -> None:
    async with window() as w:
        await w.enter(seen)
        await w.open("/settings")
        await expect(w.page.locator(".menu-open")).to_be_hidden()
        await w.page.keyboard.press("Control+k")
        await w.page.wait_for_selector("#palette-find:focus")
        await w.page.keyboard.type("staff")  # the English name finds it, too
        await expect(w.page.locator("#palette [role=option]:visible").first).to_contain_text("员工")
        await w.page.keyboard.press("Enter")
        await w.page.wait_for_url("**/staff")
        await w.page.keyboard.press("Control+k")
        await w.page.wait_for_selector("#palette-find:focus")
        await w.page.keyboard.type("林悦")
        await expect(w.page.locator("#palette [role=option]:visible")).to_have_count(1)
        await w.page.keyboard.press("Enter")
        await w.page.wait_for_url("**/members/*")
        await expect(w.page.locator("h1")).to_contain_text("林悦")
        await w.page.keyboard.press("?")
        await expect(w.page.locator("#shortcuts")).to_be_visible()
        await w.page.keyboard.press("Escape")
        await expect(w.page.locator("#shortcuts")).to_be_hidden()
        await w.page.fill("#find", "?")  # typed, not pressed
        await expect(w.page.locator("#shortcuts")).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_narrow_window_has_a_menu(window: Callable[..., Any], seen: Chain, javascript: bool) -> None:
    async with window(width=390, javascript=javascript) as w:
        await w.enter(seen)
        await w.open("/settings")
        places = w.page.locator("#main-nav a[href='/members']")
        await expect(places).to_be_hidden()
        await w.page.click(".menu-open")
        await expect(places).to_be_visible()
        await w.page.click(".menu-close")
        await expect(places).to_be_hidden()
        await w.page.click(".menu-open")
        await places.click()
        await w.page.wait_for_url("**/members")
        await expect(places).to_be_hidden()


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_them(
    window: Callable[..., Any], seen: Chain, language: str, dark: bool, width: int
) -> None:
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(seen)
        await w.open("/settings")
        await w.page.keyboard.press("Control+k")
        await w.page.wait_for_selector("#palette-find:focus")
        await w.page.keyboard.type("me")
        assert await faults(w.page) == []
        await shoot(w.page, f"palette-{look}")
        await w.page.keyboard.press("Escape")
        await w.page.keyboard.press("?")
        assert await faults(w.page) == []
        await shoot(w.page, f"keys-{look}")
        await w.page.keyboard.press("Escape")
        if width < 860:
            await w.page.click(".menu-open")
            assert await faults(w.page) == []
            await shoot(w.page, f"menu-{look}")
