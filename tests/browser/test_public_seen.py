"""The public pages, the sign-up and what comes behind it in a real browser."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.clock import owner

from saas.beside import standing
from saas.running import run_due

STATE = "company=青禾茶业&timezone=Asia/Shanghai&currency=CNY"
PAGES = {
    "landing": "/",
    "plans": "/plans",
    "gallery": "/templates",
    "preview": "/templates/general?variant=growth",
    "problems": "/problems",
    "problem": "/problems/rate-limited",
    "sign-up-company": "/signup",
    "sign-up-template": f"/signup/template?{STATE}&template=tea",
    "sign-up-account": f"/signup/account?{STATE}&template=tea",
}


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_public_pages(
    window: Callable[..., Any], language: str, dark: bool, width: int
) -> None:
    async with window(width=width, dark=dark, language=language) as w:
        for name, path in PAGES.items():
            answer = await w.page.goto(w.site + path)
            assert answer.status == 200, path
            await shoot(w.page, f"{name}-{language}-{'dark' if dark else 'light'}-{width}")
            assert await faults(w.page) == [], path
        await w.page.goto(f"{w.site}/nowhere-at-all")
        await shoot(w.page, f"missing-{language}-{'dark' if dark else 'light'}-{width}")
        assert await faults(w.page) == []
        assert [line for line in w.console if "404" not in line] == []  # the browser notes the answer's status
        w.console.clear()


_SAMPLE = """
SELECT a.tenant_id AS own, s.sample_id AS sample, s.state FROM platform.account_tenant a
  JOIN platform.account p ON p.id = a.account_id LEFT JOIN sample s ON s.tenant_id = a.tenant_id
 WHERE p.email = $1 AND NOT a.sample"""


async def sample_made(email: str, drain: Any) -> None:
    """Step by step: the own chain's job looks what there is of the sample, and the sample's jobs bring it in."""
    for _ in range(20):
        found = await (await owner()).fetchrow(_SAMPLE, email)
        assert found is not None
        if found["state"] == "ready":
            return
        await run_due(found["own"])
        if found["sample"] is not None:
            await drain(found["sample"])
    raise AssertionError("no sample")


@pytest.mark.parametrize("javascript", [True, False])
async def test_somebody_signs_up_and_looks_around(
    window: Callable[..., Any], drain: Any, monkeypatch: pytest.MonkeyPatch, javascript: bool
) -> None:
    monkeypatch.setattr(standing, "PAUSE", timedelta())
    email = f"{secrets.token_hex(8)}@example.com"
    async with window(javascript=javascript) as w:
        page = w.page
        await w.open("/templates/tea")
        await page.locator(".preview-head a.primary").click()
        await page.fill("#field-company", "青禾茶业")
        await page.press("#field-company", "Enter")
        await page.wait_for_url("**/signup/account?**")  # the template is chosen already
        await page.go_back()
        assert await page.input_value("#field-company") == "青禾茶业"
        await page.go_forward()
        await page.get_by_role("link", name="模板", exact=True).click()
        await page.locator("input[value=general]").check()
        await page.get_by_label("成长值", exact=True).check()
        await page.locator("main button.primary").click()
        assert "通用零售 · 成长值" in await page.inner_text(".facts")
        await page.fill("#field-email", email)
        await page.fill("#field-password", "correct horse")
        await page.reload()
        assert "通用零售 · 成长值" in await page.inner_text(".facts")
        await page.fill("#field-email", email)
        await page.fill("#field-password", "correct horse battery")
        await page.press("#field-password", "Enter")
        await page.wait_for_url("**/overview")
        assert await page.locator(".first-step").count() >= 3
        assert "正在创建示例店" in await page.inner_text("#first-steps")
        await sample_made(email, drain)
        if javascript:
            assert await faults(page) == []
            await page.wait_for_selector("text=示例店已就绪")  # without a reload
            await shoot(page, "overview-first-steps")
        else:
            await page.reload()
        await page.get_by_role("button", name="进去看看").click()
        await page.wait_for_selector(".sample-notice")
        assert "60" in await page.inner_text(".figures")
        if javascript:
            assert await faults(page) == []
            await shoot(page, "overview-sample")
        await page.get_by_role("button", name="回到我的店").click()
        await page.wait_for_selector("#first-steps")
        await page.get_by_role("button", name="看看等级规则").click()
        await page.wait_for_url("**/programme")
        await w.open("/overview")
        assert await page.locator(".first-step.done").count() == 1
        await page.get_by_role("button", name="收起").click()
        await page.wait_for_url("**/overview")
        assert await page.locator("#first-steps").count() == 0
