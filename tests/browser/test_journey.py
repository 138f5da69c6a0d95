"""A newcomer's first hour in a real browser, in both languages; and what else a till and an owner live through."""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from looking import faults
from playwright.async_api import expect
from support.payer import Payer, payer

PHONE = "13812345678"
HUMAN = 45
"""Milliseconds between two keys of a fast typist: a scanner is faster."""
SAID = {
    "zh-CN": ("银卡", "已入账", "获得积分", "已撤销", "普通"),
    "en": ("Silver", "Recorded", "Points earned", "Undone", "Regular"),
}
"""The tier that a purchase of 600 reaches, then what the till says, and the tier at the beginning."""


async def signed_up(page: Any, site: str) -> None:
    """Company, template, account: the till is two more keystrokes away."""
    await page.goto(f"{site}/signup")
    await page.fill("#field-company", "青禾茶业")
    await page.press("#field-company", "Enter")
    await page.locator("input[name=template][value=general]").check()
    await page.locator("main button.primary").click()
    await page.fill("#field-name", "周建国")
    await page.fill("#field-email", f"{secrets.token_hex(8)}@example.com")
    await page.fill("#field-password", "correct horse battery")
    await page.uncheck("input[name=samples]")
    await page.press("#field-password", "Enter")
    await page.wait_for_url("**/overview")


BOTH = pytest.mark.parametrize("language", ["zh-CN", "en"])


@BOTH
async def test_from_the_sign_up_to_the_first_purchase_and_its_undo(window: Callable[..., Any], language: str) -> None:
    silver, recorded, points, undone, regular = SAID[language]
    async with window(language=language) as w:
        page, keys = w.page, w.page.keyboard
        await signed_up(page, w.site)
        await page.click('#main-nav a[href="/counter"]')
        await page.wait_for_selector("#find:focus")
        await keys.type(PHONE, delay=HUMAN)
        await keys.press("Enter")
        await page.wait_for_selector("#field-phone")  # nobody: enrolled with the number that is there already
        assert await page.input_value("#field-phone") == PHONE
        await page.fill("#field-name", "林悦")
        await page.press("#field-name", "Enter")
        await page.wait_for_selector("#amount:focus")
        assert regular in await page.inner_text(".till-who")
        await keys.press("Escape")
        await page.wait_for_selector("#find:focus")

        await keys.type(PHONE[-4:], delay=HUMAN)
        await keys.press("Enter")  # one
        await page.wait_for_selector("#amount:focus")
        await keys.type("600", delay=HUMAN)  # two
        await keys.press("Enter")  # three
        await page.wait_for_selector("#done")
        told = await page.inner_text("#done")
        assert all(words in told for words in (recorded, silver, points, "+600", "600.00")), told
        await page.wait_for_selector("#find:focus")

        await keys.press("Alt+z")
        await page.wait_for_selector("#done.undone")
        told = await page.inner_text("#done")
        assert undone in told
        assert recorded not in told
        await page.click("#done .till-name")
        await page.wait_for_selector(".till-who")
        assert "600" not in await page.inner_text(".till-who")
        await page.click('.till-who a[href^="/members/"]')
        happened = page.locator(".timeline li").filter(has_text="600.00")
        await expect(happened).to_contain_text("周建国")


@BOTH
async def test_a_lost_card_is_replaced_at_the_till(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]], language: str
) -> None:
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    assert (await chain.http.post(f"/v1/members/{lin['id']}/cards", json={"card_no": "C88001"})).status_code == 201
    async with window(language=language) as w:
        await w.enter(chain)
        await w.open(f"/counter/members/{lin['id']}?do=card")
        await w.page.click(".danger")
        await expect(w.page.locator(".cards-list .chip.lost")).to_have_text({"zh-CN": "已挂失", "en": "Lost"}[language])
        await w.page.click(".cards-list summary")
        await w.page.fill("#proof-1", "identity card")
        await w.page.fill("#new-1", "C88002")
        await w.page.press("#new-1", "Enter")
        await expect(w.page.locator(".cards-list strong").filter(has_text="C88002")).to_be_visible()
        await w.open("/counter")
        await w.page.fill("#find", "C88001")  # who found it gets nothing with it
        await w.page.press("#find", "Enter")
        await w.page.wait_for_url("**/counter?q=C88001*")
        assert await w.page.locator("#amount").count() == 0
        await w.page.fill("#find", "C88002")
        await w.page.press("#find", "Enter")
        await w.page.wait_for_selector("#amount")
        assert await w.page.inner_text(".till-who h2") == "林悦"


@BOTH
async def test_a_clerk_sees_the_own_work_and_asks_a_manager_for_more(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]], language: str
) -> None:
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    person = {"name": "王芳", "email": f"{chain.tenant_id.hex}@example.com", "role": "clerk"}
    hired = (await chain.http.post("/v1/staff", json={**person, "branch_ids": [chain.branch_id]})).json()
    async with window(language=language) as w:
        await w.enter(chain)
        await w.open("/account")
        await w.page.fill("#pin-new", "2580")
        await w.page.fill("#pin-current", chain.password)
        await w.page.press("#pin-current", "Enter")
        await w.page.wait_for_url("**/account?done=pin")
    async with window(language=language) as w:
        await w.open("/invitation/" + hired["invitation"]["url"].rpartition("/")[2])
        await w.page.fill("#password", "quite a long secret")
        await w.page.locator("main button.primary").click()
        await w.page.wait_for_url("**/overview")
        assert await w.page.locator('nav a:is([href="/staff"], [href="/billing"], [href="/keys"])').count() == 0
        await w.open("/staff")
        assert await w.page.locator("table").count() == 0
        assert [line for line in w.console if "403" not in line] == []
        w.console.clear()
        await w.open(f"/counter/members/{lin['id']}?do=points")
        await w.page.click("details.desk-form > summary")
        await w.page.fill("#plus", "5000")
        await w.page.fill("#why", "投诉补偿")
        await w.page.press("#why", "Enter")
        await w.page.wait_for_selector("#pin")
        asked = {"zh-CN": "店长授权", "en": "A manager approves"}[language]
        assert asked in await w.page.inner_text("main")
        assert await faults(w.page) == []
        assert await w.page.input_value("#why") == "投诉补偿"
        w.console.clear()  # a refusal is a 403, which browsers write down
        await w.page.fill("#pin", "2580")
        await w.page.press("#pin", "Enter")
        await expect(w.page.locator(".till-who")).to_contain_text("5,050")


@BOTH
async def test_what_is_wrong_in_a_file_is_mended_and_sent_again(
    window: Callable[..., Any], chain: Any, drain: Callable[..., Awaitable[Any]], tmp_path: Path, language: str
) -> None:
    first, second = tmp_path / "members.csv", tmp_path / "mended.csv"
    first.write_text("会员卡号,手机号,姓名\n8001,13800138001,林悦\n8002,12345,王秀\n", encoding="utf-8")
    async with window(language=language) as w:
        await w.enter(chain)
        await sent(w.page, w.site, first)
        await drain(chain.tenant_id)
        failed = w.page.locator('a[href$="/failed.csv"], a[href*="/failed.csv?"]').first
        await expect(failed).to_be_visible()
        why = {"zh-CN": "不是有效的电话号码", "en": "not a valid phone number"}[language]
        assert why in await w.page.inner_text("main")
        await w.page.click("main form .button.primary")
        await expect(w.page.locator("h1")).to_have_text("members.csv")
        await drain(chain.tenant_id)
        await w.page.reload()
        async with w.page.expect_download() as download:
            await failed.click()
        saved = tmp_path / "failed.csv"
        await (await download.value).save_as(saved)
        rows = saved.read_text(encoding="utf-8-sig")
        assert "王秀" in rows
        assert "林悦" not in rows
        second.write_text(rows.replace("12345", "13800138002"), encoding="utf-8")
        await sent(w.page, w.site, second)
        await drain(chain.tenant_id)
        await w.page.reload()
        await w.page.click("main form .button.primary")
        await drain(chain.tenant_id)
    names = {one["name"] for one in (await chain.http.get("/v1/members")).json()["data"]}
    assert names == {"林悦", "王秀"}


async def sent(page: Any, site: str, file: Path) -> None:
    """Up to the check that is under way."""
    await page.goto(f"{site}/imports")
    await page.set_input_files("#field-file", file)
    await page.click(".card form .button.primary")
    await page.wait_for_url("**/imports/files/*")
    await page.click(".button.primary")
    await page.wait_for_url("**/imports/0*")


@pytest.fixture
async def paying(new_chain: Any, drain: Any, billing_on: Any) -> Payer:
    return await payer(new_chain, drain, billing_on, billing="yes")


async def test_a_plan_is_changed(window: Callable[..., Any], paying: Payer, selling_site: str) -> None:
    """Up at once, and down again when the period ends; each in another language."""
    await paying.subscribes("starter")
    for language, plan, before, after in (
        ("en", "growth", "Charged now", "Growth"),
        ("zh-CN", "starter", "现在不收费", "起步版"),
    ):
        async with window(language=language, at=selling_site) as w:
            await w.enter(paying.chain)
            await w.open(f"/billing/change?plan={plan}")
            assert before in await w.page.inner_text("main")
            await w.page.click("main form[action='/billing/change'] button.primary")
            await w.page.wait_for_url("**/billing?**")
            assert after in await w.page.inner_text("main .card >> nth=0")
        assert (await paying.row())["plan"] == "growth"
