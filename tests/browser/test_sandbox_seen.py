"""The sandbox in a real browser: made, gone over to, its clock moved."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_sandbox(
    window: Callable[..., Any],
    new_chain: Callable[..., Awaitable[Any]],
    drain: Any,
    language: str,
    dark: bool,
    width: int,
) -> None:
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(await new_chain())
        await w.open("/sandbox")
        await shoot(w.page, f"sandbox-none-{look}")
        assert await faults(w.page) == []
        await w.page.click("form[action='/sandbox/make'] .button.primary")
        await w.page.wait_for_selector("#sandbox progress")
        await drain()
        await w.page.wait_for_selector("form[action='/sandbox/cross'] .button.primary")  # by itself
        await w.page.fill("#field-name", "shop")
        await w.page.click("form[action='/sandbox/keys'] .button")
        await w.page.wait_for_selector("#key")
        await shoot(w.page, f"sandbox-ready-{look}")
        assert await faults(w.page) == []
        await w.open("/sandbox/sure?act=reset")
        await shoot(w.page, f"sandbox-sure-{look}")
        assert await faults(w.page) == []
        await w.open("/sandbox")
        await w.page.click("form[action='/sandbox/cross'] .button.primary")
        await w.page.wait_for_selector("#clock")
        await w.page.click("button[name=by][value=day]")
        await w.page.wait_for_selector("#clock progress")
        await shoot(w.page, f"sandbox-moving-{look}")
        assert await faults(w.page) == []
        await drain()
        await w.page.wait_for_selector("#clock form")
        await w.open("/sandbox")
        await shoot(w.page, f"sandbox-inside-{look}")
        assert await faults(w.page) == []
