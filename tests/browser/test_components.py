"""Every component, in both languages, light and dark, wide and narrow."""

from collections.abc import Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_components(
    window: Callable[..., Any], chain: Any, language: str, dark: bool, width: int
) -> None:
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open("/components")
        assert await faults(w.page) == []
        await shoot(w.page, f"components-{language}-{width}{'-dark' if dark else ''}")
        await w.page.keyboard.press("/")
        assert await w.page.evaluate("document.activeElement.id") == "search"
        await w.page.keyboard.type("13/")
        assert await w.page.input_value("#search") == "13/"
        await w.page.click("[data-dialog=ask]")
        assert await w.page.evaluate("document.getElementById('ask').open")
        assert await faults(w.page) == []
        await w.page.keyboard.press("Escape")
        assert not await w.page.evaluate("document.getElementById('ask').open")


async def test_without_scripts_a_dialog_is_a_page(window: Callable[..., Any], chain: Any) -> None:
    async with window(language="en", javascript=False) as w:
        await w.enter(chain)
        await w.open("/components")
        await w.page.click("[data-dialog=ask]")
        assert "Without scripts" in await w.page.inner_text("#asked")
