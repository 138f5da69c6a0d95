"""Imports, branches, keys, the audit log and the settings in a real browser, and the members' list at work."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from looking import LOOKS, faults, shoot

FILE = "会员卡号,手机号,姓名,生日,喜好\n8001,13800138001,林悦,1990-05-01,乌龙\n8002,12345,王秀,1990-13-01,红茶\n"


async def imported(w: Any, folder: Path, drain: Callable[..., Awaitable[Any]], chain: Any) -> str:
    """Sends a file up to its check; the check's address."""
    file = folder / "会员.csv"
    file.write_text(FILE, encoding="utf-8")
    await w.open("/imports")
    await w.page.set_input_files("#field-file", file)
    await w.page.click(".card form .button.primary")
    await w.page.wait_for_url("**/imports/files/*")
    await w.page.click(".button.primary")
    await w.page.wait_for_url("**/imports/0*")
    await drain(chain.tenant_id)
    return str(w.page.url.removeprefix(w.site))


async def looked_at(w: Any, folder: Path, chain: Any) -> None:
    """Another chain's set-up: some of it new, some changed, some not to be taken over."""
    document = (await chain.http.get("/v1/configuration")).json()
    document["programme"]["points"]["per_unit"] = "2"
    document["settings"]["clerk_points"] += 500
    names = {"zh-CN": "新客券", "en": "First visit"}
    coupon = {"code": "first", "names": names, "value": {"type": "amount", "amount": 500}, "valid_days": 30}
    document["coupons"] += [coupon, {**coupon, "code": "there", "branches": ["nowhere"]}]
    file = folder / "configuration.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    await w.open("/settings/copy")
    await w.page.set_input_files("#field-file", file)
    await w.page.click("form[enctype] .button.primary")
    await w.page.wait_for_selector("#changes-title")


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_settings(
    window: Callable[..., Any],
    chain_with_facts: Callable[[], Awaitable[Any]],
    drain: Callable[..., Awaitable[Any]],
    tmp_path: Path,
    language: str,
    dark: bool,
    width: int,
) -> None:
    chain = await chain_with_facts()
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open("/imports")
        assert await faults(w.page) == []
        check = await imported(w, tmp_path, drain, chain)
        sent = (await w.page.locator("a[href^='/imports/files/']").first.get_attribute("href")) or ""
        (key,) = (await chain.http.get("/v1/api-keys")).json()["data"]
        await looked_at(w, tmp_path, chain)
        await shoot(w.page, f"settings-copy-looked-{look}")
        assert await faults(w.page) == []
        await chain.http.post("/v1/exports")
        await drain(chain.tenant_id)
        for name, path in {
            "key-revoke": f"/keys/{key['id']}/revoke",
            "proof": "/proof",
            "proof-isolation": "/proof/isolation",
            "import-check": check,
            "import-columns": sent,
            "imports": "/imports",
            "exports": "/exports",
            "settings-copy": "/settings/copy",
            "branches": "/branches",
            "branch": f"/branches/{chain.branch_id}",
            "keys": "/keys",
            "audit": "/audit",
            "settings": "/settings",
            "members-view": "/members?tag=vip",
            "members-bulk": "/members/bulk?all=1",
        }.items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path


async def test_many_are_ticked_and_a_number_is_shown_in_its_row(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]], drain: Callable[..., Awaitable[Any]]
) -> None:
    chain = await chain_with_facts()
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/members")
        await w.page.locator(".reveal").first.click()
        await w.page.wait_for_selector("text=+8618112348653")
        await w.page.check(".row-tick >> nth=0")
        assert await w.page.inner_text("[data-ticked]") == "1"
        await w.page.check("[data-tick-all]")
        assert await w.page.inner_text("[data-ticked]") == "4"
        await shoot(w.page, "members-ticked")
        await w.page.click("#bulk .button")
        await w.page.wait_for_url("**/members/bulk?id=*")
        await w.page.fill("#field-tag", "spring")
        await w.page.press("#field-tag", "Enter")
        await w.page.wait_for_url("**/members/bulk/0*")
        await drain(chain.tenant_id)
        await w.page.wait_for_selector("text=Done: 4 members were changed.")  # without a reload
        await w.open("/members?tag=spring")
        await w.page.click("text=Save this view")
        await w.page.fill("#view-name", "Spring")
        await w.page.press("#view-name", "Enter")
        await w.page.wait_for_url("**view=saved")
        assert await w.page.inner_text(".tabs [aria-current]") == "Spring"
