"""Members in a real browser: found by keyboard alone, opened, enrolled, changed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import LOOKS, faults, shoot


async def furnished(chain_with_facts: Callable[[], Awaitable[Any]]) -> tuple[Any, str]:
    """A chain of a few, and one of them with something of everything."""
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    change = {"tags": ["茶客", "VIP"], "birthday": "1990-05-01", "gender": "female", "consents": {"sms": True}}
    assert (await chain.http.patch(f"/v1/members/{lin['id']}", json=change)).status_code == 200
    assert (await chain.http.post(f"/v1/members/{lin['id']}/cards", json={})).status_code == 201
    ticket = {"branch_id": chain.branch_id, "member_id": lin["id"], "external_amounts": True}
    bought = await chain.http.post("/v1/purchases", json={**ticket, "external_id": "x1", "amount": 61_800})
    assert bought.status_code == 201, bought.text
    return chain, lin["id"]


@pytest.fixture(scope="module")
async def seen(chain_with_facts: Callable[[], Awaitable[Any]]) -> tuple[Any, str]:
    """For those that change nothing."""
    return await furnished(chain_with_facts)


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_members_pages(
    window: Callable[..., Any], seen: tuple[Any, str], language: str, dark: bool, width: int
) -> None:
    chain, lin = seen
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        pages = {
            "members": "/members",
            "members-nobody": "/members?q=13800138000",
            "member": f"/members/{lin}",
            "member-by-hand": f"/members/{lin}/by-hand",
            "member-new": "/members/new?phone=13800138000",
            "member-edit": f"/members/{lin}/edit",
        }
        for name, path in pages.items():
            await w.open(path)
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path
        await w.open("/members/new")
        await w.page.fill("#field-phone", "12345")
        await w.page.press("#field-phone", "Enter")
        await w.page.wait_for_selector("[role=alert]")
        await shoot(w.page, f"member-wrong-{look}")
        assert await faults(w.page) == []
        assert [line for line in w.console if "422" not in line] == []
        w.console.clear()


async def test_found_by_keyboard_alone(window: Callable[..., Any], seen: tuple[Any, str]) -> None:
    chain, lin = seen
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open("/settings")
        await w.page.keyboard.press("/")
        await w.page.wait_for_selector("#find:focus")
        await w.page.keyboard.type("8651")
        await w.page.keyboard.press("Enter")
        await w.page.wait_for_url("**/members/0*")
        assert await w.page.inner_text("h1") == "王秀"

        await w.open("/members")
        assert await w.page.locator(".row-link").count() == 4
        await w.page.keyboard.press("/")
        await w.page.wait_for_selector("#search:focus")
        await w.page.keyboard.type("林")
        await w.page.wait_for_url("**/members?q=*")  # rows without a reload, the address with them
        await w.page.wait_for_selector("tbody:not(:has(tr + tr))")
        assert await w.page.evaluate("document.activeElement.id") == "search"
        await w.page.reload()
        assert await w.page.locator(".row-link").all_inner_texts() == ["林悦"]
        await w.page.focus("#search")
        await w.page.keyboard.press("ArrowDown")
        await w.page.keyboard.press("Enter")
        await w.page.wait_for_url(f"**/members/{lin}")
        await w.page.go_back()
        assert await w.page.input_value("#search") == "林"
        assert await w.page.locator(".row-link").all_inner_texts() == ["林悦"]


async def test_the_phone_is_shown_without_a_reload_once(window: Callable[..., Any], seen: tuple[Any, str]) -> None:
    chain, lin = seen
    async with window(language="en") as w:
        await w.enter(chain)
        await w.open(f"/members/{lin}")
        assert await w.page.inner_text(".phone-number") == "181 **** 8650"
        await w.page.click(".phone .link")
        await w.page.wait_for_selector("text=+8618112348650")
        assert await w.page.locator(".phone .link").count() == 0


async def test_members_without_javascript(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain, lin = await furnished(chain_with_facts)
    async with window(language="en", javascript=False) as w:
        await w.enter(chain)
        await w.open("/members")
        await w.page.fill("#search", "林")
        await w.page.press("#search", "Enter")
        await w.page.wait_for_url(f"**/members/{lin}")
        await w.page.click(".phone .link")
        assert await w.page.inner_text(".phone-number") == "+8618112348650"
        await w.page.click(".page-actions a[href$='/edit']")
        await w.page.fill("#field-name", "林月")
        await w.page.press("#field-name", "Enter")
        await w.page.wait_for_url("**?done=changed")
        assert await w.page.inner_text("h1") == "林月"
        await w.open("/members?q=13800138000")
        await w.page.click(".empty .button")
        assert await w.page.input_value("#field-phone") == "13800138000"
        await w.page.press("#field-name", "Enter")
        await w.page.wait_for_url("**?done=enrolled")
