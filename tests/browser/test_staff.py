"""Staff, invitations and forgotten passwords in a real browser."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from looking import LOOKS, faults
from support.clock import owner


async def invited(chain: Any) -> dict[str, Any]:
    person = {"name": "王芳", "email": f"{chain.tenant_id.hex}@example.com", "role": "clerk"}
    answer = await chain.http.post("/v1/staff", json={**person, "branch_ids": [chain.branch_id]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def reset_link(chain: Any) -> str:
    token = chain.tenant_id.hex
    await (await owner()).execute(
        "INSERT INTO platform.password_reset (token_hash, account_id, expires_at)"
        " SELECT $1, id, now() + interval '1 h' FROM platform.account WHERE email = $2",
        hashlib.sha256(token.encode()).digest(),
        chain.email,
    )
    return f"/reset/{token}"


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_pages(
    window: Callable[..., Any], chain: Any, language: str, dark: bool, width: int
) -> None:
    made = await invited(chain)
    link = "/invitation/" + made["invitation"]["url"].rpartition("/")[2]
    async with window(width=width, dark=dark, language=language) as w:
        for path in ("/login", "/login?done=reset", "/forgot", link, await reset_link(chain)):
            await w.open(path)
            assert await faults(w.page) == [], path
        await w.enter(chain)
        for path in ("/staff", f"/staff/{made['id']}", "/staff?done=removed"):
            await w.open(path)
            assert await faults(w.page) == [], path


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_owner_invites_and_somebody_comes(window: Callable[..., Any], chain: Any, javascript: bool) -> None:
    async with window(javascript=javascript) as w:
        await w.enter(chain)
        await w.open("/settings")
        await w.page.get_by_role("link", name="员工", exact=True).click()
        await w.page.fill("#field-name", "王芳")
        await w.page.fill("#field-email", f"{chain.tenant_id.hex}@example.com")
        await w.page.locator("input[name=role][value=clerk]").check()
        await w.page.locator("main button.primary").click()
        link = await w.page.input_value("#link")
        if javascript:  # axe needs it
            assert await faults(w.page) == []
    async with window(javascript=javascript) as w:
        await w.open("/invitation/" + link.rpartition("/")[2])
        await w.page.fill("#password", "quite a long secret")
        await w.page.locator("main button.primary").click()
        await w.page.wait_for_url("**/overview")
        assert "王芳" in await w.page.inner_text(".account summary")
        assert await w.page.get_by_role("link", name="员工", exact=True).count() == 0
