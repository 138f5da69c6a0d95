"""Webhooks in a real browser."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot

from tenants.webhooks.dispatching import deliver_due


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_see_to_webhooks(
    window: Callable[..., Any],
    new_chain: Callable[..., Awaitable[Any]],
    drain: Any,
    language: str,
    dark: bool,
    width: int,
) -> None:
    chain = await new_chain()
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open("/webhooks")
        await shoot(w.page, f"webhooks-empty-{look}")
        assert await faults(w.page) == []
        await w.open("/webhooks/new")
        await w.page.fill("#field-url", "http://127.0.0.1:9/hook")
        await w.page.check("[name=which][value=some]")
        await shoot(w.page, f"webhook-new-{look}")
        assert await faults(w.page) == []
        await w.page.check("[value='tier.changed']")
        await w.page.check("[value='purchase.recorded']")
        await w.page.click("main form .button.primary")
        await w.page.wait_for_selector("#secret")
        await shoot(w.page, f"webhook-secret-{look}")
        assert await faults(w.page) == []
        await w.page.click("main .button.primary")
        await w.page.wait_for_selector("#log")
        path = w.page.url.removeprefix(w.site)
        await w.page.click(f"form[action='{path}/test'] .button")
        await w.page.wait_for_url("**/webhooks/deliveries/*")
        await deliver_due()
        delivery = w.page.url.rsplit("/", 1)[-1]
        for name, place in {
            "webhook-delivery": f"/webhooks/deliveries/{delivery}",
            "webhook": f"{path}",
            "webhook-edit": f"{path}/edit",
            "webhook-rotate": f"{path}/secret",
            "webhook-delete": f"{path}/delete",
            "webhooks": "/webhooks",
        }.items():
            await w.open(place)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], place
