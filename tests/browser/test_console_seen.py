"""The operator's console in a real browser."""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.clock import owner

from saas.console import people

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_console(
    window: Callable[..., Any],
    chain_with_facts: Callable[[], Awaitable[Any]],
    language: str,
    dark: bool,
    width: int,
) -> None:
    chain = await chain_with_facts()
    payload = {"member_id": str(chain.tenant_id), "text": "geheim"}
    await (await owner()).execute(
        "INSERT INTO outbox (tenant_id, name, payload, next_at, attempts, last_error, dead_at)"
        " VALUES ($1, 'no.such.job', $2, now(), 8, 'OSError: nobody answered', now())",
        chain.tenant_id,
        json.dumps(payload),
    )
    await (await owner()).execute(
        "INSERT INTO webhook_endpoint (tenant_id, id, url, failing_since, created_by)"
        " VALUES ($1, uuidv7(), 'https://hooks.example.com/', now() - interval '3 hours', 'system')",
        chain.tenant_id,
    )
    email = f"{secrets.token_hex(6)}@ops.example"
    await people.add(email, "王值班", PASSWORD)
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.open("/operator/login")
        assert await faults(w.page) == []
        await w.page.fill("#email", email)
        await w.page.fill("#password", PASSWORD)
        await w.page.press("#password", "Enter")
        await w.page.wait_for_url("**/operator")
        pages = {
            "operator": "/operator",
            "operator-chains": f"/operator/chains?q={chain.tenant_id}",
            "operator-nobody": "/operator/chains?q=nobody-at-all",
            "operator-chain": f"/operator/chains/{chain.tenant_id}",
            "operator-jobs": "/operator/jobs",
            "operator-webhooks": "/operator/webhooks",
            "operator-acts": "/operator/acts",
        }
        for name, path in pages.items():
            await w.open(path)
            assert await faults(w.page) == [], path
            await shoot(w.page, f"{name}-{look}")
        await w.open(f"/operator/chains/{chain.tenant_id}")
        await w.page.fill("#field-reason", "测试")
        await w.page.press("#field-reason", "Enter")
        await w.page.locator("input[value=resume]").wait_for(state="attached")
    await (await owner()).execute("DELETE FROM outbox WHERE name = 'no.such.job'")
