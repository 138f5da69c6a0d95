"""The admin in a real browser: it works, says nothing in the console, breaks no policy, and everyone can use it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults

from saas.scope import connection, tenant_scope


async def test_log_in_and_see_the_numbers(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain = await chain_with_facts()
    async with window() as w:
        await w.log_in(chain)
        await w.page.wait_for_url("**/overview")
        figures = await w.page.locator(".figure-number").all_inner_texts()
        assert figures[:2] == ["4", "4"]
        assert figures[2] == "¥3,800.00"
        assert figures[3] == "100.0%"
        assert await w.page.locator(".decisions tbody tr").count() == 3
        assert "消费达标，即时升级" in await w.page.locator(".decisions").inner_text()
        await w.page.click(".account summary")
        await w.page.click("text=退出登录")
        await w.page.wait_for_url("**/login")


async def test_a_wrong_password_says_so_and_keeps_the_address(window: Callable[..., Any], chain: Any) -> None:
    async with window() as w:
        await w.log_in(chain, "not the password")
        await w.page.wait_for_selector("[role=alert]")
        assert await w.page.inner_text("[role=alert]") == "邮箱或密码不正确。"
        assert await w.page.input_value("#email") == chain.email
        assert await w.page.evaluate("document.activeElement.id") == "password"
        assert await faults(w.page) == []
        # the browser itself notes the answer's status
        assert [line for line in w.console if "401" not in line] == []
        w.console.clear()


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_overview(
    window: Callable[..., Any],
    chain_with_facts: Callable[[], Awaitable[Any]],
    language: str,
    dark: bool,
    width: int,
) -> None:
    chain = await chain_with_facts()
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        await w.open("/overview")
        assert await faults(w.page) == []
        assert await w.page.evaluate("document.documentElement.lang") == language


async def test_an_empty_chain_and_two_ladders_at_phone_width(window: Callable[..., Any], new_chain: Any) -> None:
    chain = await new_chain(template="pharmacy")
    async with window(width=390) as w:
        await w.log_in(chain)
        await w.page.wait_for_url("**/overview")
        assert await w.page.locator(".stacked").count() == 2
        assert await faults(w.page) == []


async def test_everything_works_without_javascript(window: Callable[..., Any], chain: Any) -> None:
    async with window(javascript=False) as w:
        await w.log_in(chain)
        await w.page.wait_for_url("**/overview")
        await w.page.click("button[name=language][value=en]")
        assert await w.page.inner_text("h1") == "Overview"
        await w.page.click("button[name=theme][value=dark]")
        assert await w.page.get_attribute("html", "data-theme") == "dark"
        await w.page.click(".account summary")
        await w.page.click("text=Log out")
        await w.page.wait_for_url("**/login")


async def test_colours_change_at_once_and_stay(window: Callable[..., Any]) -> None:
    async with window() as w:
        await w.open("/login")
        before = await w.page.evaluate("getComputedStyle(document.body).backgroundColor")
        async with w.page.expect_response("**/preferences"):
            await w.page.click("button[name=theme][value=dark]")
        after = await w.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert before != after
        await w.open("/")
        assert await w.page.evaluate("getComputedStyle(document.body).backgroundColor") == after


async def test_the_page_follows_running_work(window: Callable[..., Any], chain: Any) -> None:
    async with tenant_scope(chain.tenant_id):
        job = await connection().fetchval(
            "INSERT INTO job AS j (tenant_id, id, kind, state, progress)"
            " VALUES ($1, uuidv7(), 'recalculation', 'running', 0.4) RETURNING id",
            chain.tenant_id,
        )
        await connection().execute(
            "INSERT INTO recalculation AS r (tenant_id, id, as_of, day, ladders, programme_version, cause, members)"
            " VALUES ($1, $2, now(), current_date, '{card}', 1, 'request', 10)",
            chain.tenant_id,
            job,
        )
    async with window() as w:
        await w.log_in(chain)
        await w.page.wait_for_selector("progress[value='40']")
        async with tenant_scope(chain.tenant_id):
            await connection().execute(
                "UPDATE job SET state = 'done', progress = 1 WHERE tenant_id = $1 AND id = $2",
                chain.tenant_id,
                job,
            )
        await w.page.wait_for_selector(".state.done", timeout=8000)
        assert await w.page.locator("#work progress").count() == 0


async def test_the_api_reference_is_drawn_under_the_same_policy(window: Callable[..., Any]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with window() as w:
        await w.open("/docs")
        await w.page.wait_for_selector(".opblock")
        assert "/v1/signup" in await w.page.inner_text("#reference")
        assert await faults(w.page, exclude=["#reference"]) == []  # Swagger UI's inside is its own
        light = await w.page.evaluate(ground)
        await w.page.emulate_media(color_scheme="dark")  # followed without a reload
        await w.page.wait_for_selector("html.dark-mode")
        assert await w.page.evaluate(ground) != light
        assert await faults(w.page, exclude=["#reference"]) == []
