"""The rules in a real browser: a threshold changed by who has never seen a rule engine, tried and published."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from looking import LOOKS, faults, shoot
from support.pharmacy import CLASS_C, members_of_all_classes

_FORMS = {"rules-tiers", "rules-tier", "rules-try", "rules-publish"}
THRESHOLD = 'input[id="nclass/tiers/1/qualify/gte"]'


@pytest.fixture(scope="module")
async def pharmacy(new_chain: Any, drain: Any) -> Any:
    """With a draft that moves somebody up and somebody down."""
    chain = await new_chain(template="pharmacy")
    await members_of_all_classes(chain, drain)
    rules = (await chain.http.get("/v1/programme")).json()
    rules["ladders"][0]["tiers"][1]["qualify"]["gte"] = 60_000
    rules["ladders"][0]["tiers"][3]["qualify"]["gte"] = 120_000
    rules["ladders"][0]["tiers"][2]["retain"] = {
        "any": [
            {"metric": "spend", "window": {"type": "rolling_days", "days": 90}, "gte": 150_000},
            {"metric": "score", "gte": 500, "weights": [
                {"metric": "spend", "window": {"type": "lifetime"}, "per": 1000, "points": 1},
                {"metric": "tenure_days", "per": 30, "points": 2},
            ]},
        ]
    }  # fmt: skip
    assert (await chain.http.put("/v1/programme/draft", json=rules)).status_code == 200
    return chain


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_pages_of_the_rules(
    window: Callable[..., Any], pharmacy: Any, drain: Any, language: str, dark: bool, width: int
) -> None:
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(pharmacy)
        pages = {
            "rules": "/programme",
            "rules-tiers": "/programme/tiers",
            "rules-tier": "/programme/ladders/class/tiers/b",
            "rules-tier-any": "/programme/ladders/card/tiers/advanced",
            "rules-ladder": "/programme/ladders/card",
            "rules-drop": f"{CLASS_C}/drop",
            "rules-try": "/programme/try",
            "rules-publish": "/programme/publish",
            "rules-versions": "/programme/versions",
            "rules-version": "/programme/versions/1",
        }
        await w.open("/programme/tiers")
        await w.page.wait_for_selector("#count :is(progress, .rule-count-moves)")
        await drain(pharmacy.tenant_id)
        if (language, width) in {("en", 1440), ("zh-CN", 390)}:  # the other two looks see every page
            pages = {name: path for name, path in pages.items() if name in _FORMS}
        for name, path in pages.items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path


@asynccontextmanager
async def held_up(page: Any) -> AsyncIterator[None]:
    """What the page sends goes on its way at the end, and has its answer."""
    through = asyncio.Event()

    async def hold(route: Any) -> None:
        if route.request.method == "POST":
            await through.wait()
        await route.continue_()

    await page.route("**/programme/**", hold)
    yield
    async with page.expect_response("**/programme/**"):
        through.set()
    await page.wait_for_selector("[data-draft].htmx-request", state="detached")


@pytest.mark.parametrize(
    ("language", "moves", "differs"),
    [("zh-CN", "1 位会员等级会变动", "上月消费满"), ("en", "1 member would change", "last month")],
)
async def test_an_owner_raises_a_threshold(
    window: Callable[..., Any], new_chain: Any, drain: Any, language: str, moves: str, differs: str
) -> None:
    chain = await new_chain(template="pharmacy")
    await members_of_all_classes(chain, drain)
    async with window(language=language) as w:
        await w.enter(chain)
        await w.open("/settings")
        await w.page.click('nav a[href="/programme"]')
        await w.page.click(".page-actions .button")
        await w.page.wait_for_selector(THRESHOLD)
        async with w.page.expect_response("**/programme/count"):
            await w.page.fill(THRESHOLD, "600")
            await w.page.keyboard.press("Tab")
        await w.page.wait_for_selector("#count progress")
        await drain(chain.tenant_id)
        await w.page.wait_for_selector("#count .rule-count-moves")
        assert moves in await w.page.inner_text("#count")
        assert "王秀" not in await w.page.inner_text("main")

        await w.page.fill(THRESHOLD, "六百")
        await w.page.keyboard.press("Tab")
        await w.page.wait_for_selector(".rule-step.wrong .bad")
        assert await w.page.locator(".draft-actions .primary").count() == 0
        await w.page.click(".rule-step.wrong .button")
        field = w.page.locator('[id="qualify.0.gte"]')
        assert await field.input_value() == "六百"
        # What is typed while an answer is on its way stays.
        async with held_up(w.page):
            await w.page.select_option('[id="qualify.0.window"]', "calendar_month:-1")
            await field.fill("6")
            await field.press_sequentially("00")
        await field.press("Tab")
        await w.page.wait_for_selector("#draft-state .primary")
        assert await field.input_value() == "600"
        await w.page.wait_for_selector("#count progress")
        await drain(chain.tenant_id)
        await w.page.click("#count .rule-count-moves")
        await w.page.wait_for_selector(".rule-matrix td.down")
        assert "王秀" in await w.page.inner_text(".rule-movers")
        await w.page.go_back()
        await w.page.wait_for_selector('[id="qualify.0.gte"]')
        await w.page.click("#draft-state .primary")
        await w.page.wait_for_selector(".publish")
        assert differs in await w.page.inner_text(".rule-differences")
        await w.page.check('input[name="transition"][value="now"]')
        await w.page.click(".publish .button.primary")
        await w.page.wait_for_url("**/programme?done=published")
        assert "600.00" in await w.page.inner_text("main")


async def test_the_rules_without_javascript(window: Callable[..., Any], new_chain: Any) -> None:
    chain = await new_chain(template="pharmacy")
    async with window(language="en", javascript=False) as w:
        await w.enter(chain)
        await w.open("/programme/tiers")
        await w.page.fill(THRESHOLD, "600")
        await w.page.press(THRESHOLD, "Enter")
        await w.page.wait_for_url("**/programme/tiers?done=saved")
        assert await w.page.input_value(THRESHOLD) == "600"
        await w.open(CLASS_C)
        await w.page.click('button[value="add:qualify"]')
        await w.page.wait_for_url("**?done=saved")
        await w.page.fill('[id="qualify.1.gte"]', "5000")
        await w.page.press('[id="qualify.1.gte"]', "Enter")
        await w.page.select_option('[id="qualify.join"]', "any")
        await w.page.click(".actions .button")
        await w.open("/programme/publish")
        assert "this month or spend of ¥5,000.00 in all" in await w.page.inner_text(".rule-differences")
        await w.page.click(".publish .button.primary")
        await w.page.wait_for_url("**/programme?done=published")
        assert "5,000.00" in await w.page.inner_text("main")
