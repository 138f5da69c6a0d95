"""Marketing in a real browser: every page in every look."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from looking import LOOKS, faults, shoot

from saas.scope import tenant_scope
from tenants.messages.sending import Outgoing, send_all

ASKING = {"campaign-stop", "campaign-delete", "text-delete", "segment-delete", "task-rule-end", "campaigns"}
NAMES = {"zh-CN": "金卡回访", "en": "Call gold members"}


@pytest.fixture(scope="module")
async def furnished(chain_with_facts: Callable[[], Awaitable[Any]], drain: Any) -> tuple[Any, dict[str, str]]:
    """A chain with calls to make and some made."""
    chain = await chain_with_facts()
    http = chain.http
    for row in (await http.get("/v1/members")).json()["data"]:
        await http.patch(f"/v1/members/{row['id']}", json={"branch_id": chain.branch_id})
    body = {"code": "gold", "names": NAMES, "ladder": "card", "every": {"type": "months", "months": 1}}
    tiers = ["regular", "silver", "gold", "diamond"]
    assert (await http.post("/v1/tasks/rules", json={**body, "tiers": tiers})).status_code == 201
    await drain(chain.tenant_id)
    tasks = (await http.get("/v1/tasks")).json()["data"]
    told = {"outcome": "will_come", "note": "喜欢乌龙茶，周末来"}
    assert (await http.post(f"/v1/tasks/{tasks[-1]['id']}/done", json=told)).status_code == 200
    rules = (await http.get("/v1/tasks/rules")).json()["data"]
    worth = {"any": [{"property": "rfm_group", "in": ["at_risk"]}, {"property": "tier", "in": ["gold"]}]}
    segment = await http.post("/v1/segments", json={"code": "worth", "names": NAMES, "condition": worth})
    assert segment.status_code == 201
    campaigns = await campaigned(chain, drain)
    return chain, {
        **campaigns,
        "segment": segment.json()["id"],
        "task": tasks[0]["id"],
        "done": tasks[-1]["id"],
        "rule": rules[-1]["id"],
    }


async def campaigned(chain: Any, drain: Any) -> dict[str, str]:
    """One that has run and told some, and one that waits; a message that went out and one that didn't."""
    http = chain.http
    drafts = (await http.get("/v1/campaigns?limit=200")).json()["data"]
    ids = {one["code"]: one["id"] for one in drafts}
    assert (await http.post(f"/v1/campaigns/{ids['welcome-gift']}/start", json={})).status_code == 200
    for n, consents in enumerate(({"sms": True}, {})):
        body = {"name": f"新会员 {n}", "phone": f"1390000000{n}", "consents": consents}
        made = await http.post("/v1/members", json=body)
        assert made.status_code == 201
        async with tenant_scope(chain.tenant_id):  # by day or by night
            message = Outgoing(UUID(made.json()["id"]), "sms", "campaign:welcome-gift", "您好")
            await send_all([message], noted=True)
    await drain(chain.tenant_id)
    return {"campaign": ids["welcome-gift"], "draft": ids["win-back"]}


def pages_of(ids: dict[str, str]) -> dict[str, str]:
    return {
        "tasks": "/tasks",
        "task": f"/tasks/{ids['task']}",
        "tasks-done": "/tasks?state=done",
        "task-done": f"/tasks/{ids['done']}",
        "task-rules": "/tasks/rules",
        "task-rule-new": "/tasks/rules/new",
        "task-report": "/tasks/report",
        "segments": "/segments",
        "segment-new": "/segments/new",
        "segment": f"/segments/{ids['segment']}",
        "segment-edit": f"/segments/{ids['segment']}/edit",
        "segment-delete": f"/segments/{ids['segment']}/delete",
        "campaigns": "/campaigns",
        "campaigns-drafts": "/campaigns?state=draft",
        "campaign": f"/campaigns/{ids['campaign']}",
        "campaign-report": f"/campaigns/{ids['campaign']}/report",
        "campaign-stop": f"/campaigns/{ids['campaign']}/stop",
        "campaign-draft": f"/campaigns/{ids['draft']}",
        "campaign-edit": f"/campaigns/{ids['draft']}/edit",
        "campaign-start": f"/campaigns/{ids['draft']}/start",
        "campaign-delete": f"/campaigns/{ids['draft']}/delete",
        "campaign-kinds": "/campaigns/new",
        "campaign-new": "/campaigns/new?kind=discount",
        "messages": "/messages",
        "texts": "/messages/texts",
        "text-new": "/messages/texts/new",
        "text-edit": "/messages/texts/welcome/edit",
        "text-delete": "/messages/texts/welcome/delete",
        "task-rule": f"/tasks/rules/{ids['rule']}",
        "task-rule-end": f"/tasks/rules/{ids['rule']}/end",
    }


@pytest.mark.parametrize(("language", "dark", "width"), LOOKS)
async def test_everyone_can_use_the_pages_of_marketing(
    window: Callable[..., Any], furnished: tuple[Any, dict[str, str]], language: str, dark: bool, width: int
) -> None:
    chain, ids = furnished
    look = f"{language}-{width}{'-dark' if dark else ''}"
    async with window(width=width, dark=dark, language=language) as w:
        await w.enter(chain)
        for name, path in pages_of(ids).items():
            if name in ASKING and width > 390:  # much alike, and the smallest
                continue
            await w.open(path)
            assert await w.page.locator(".sidebar").count() == 1, path  # an error's page has none
            await shoot(w.page, f"{name}-{look}")
            assert await faults(w.page) == [], path
        if language == "zh-CN" and not dark:  # one look is enough for what the page does
            await count_live(w.page, w.site)
            await write_live(w.page, w.site)


async def count_live(page: Any, site: str) -> None:
    """A sentence that is changed is counted at once, and the segment saved without a new page on the way."""
    await page.goto(f"{site}/segments/new")
    await page.select_option('[id="condition.0.metric"]', "@tier")
    await page.check('[id="condition.0.in.regular"]')
    await page.wait_for_selector(".counted .figure-number:text-is('3')")
    await page.fill("#field-names_en", "Regulars")
    async with page.expect_response("**/segments/new"):  # left, the field is counted with; only then is it saved
        await page.press("#field-names_en", "Tab")
    await page.wait_for_selector("#builder:not(.htmx-request)")
    await page.click('button[value="save"]')
    await page.wait_for_url("**/segments/*?done=made")


async def write_live(page: Any, site: str) -> None:
    """A placeholder is put where the writer was; what a campaign comes to is said while it is written, and kept."""
    await page.goto(f"{site}/messages/texts/new")
    await page.fill('[id="field-texts_zh-CN"]', "您好，")
    await page.click('button[data-insert="{name}"]')
    assert await page.input_value('[id="field-texts_zh-CN"]') == "您好，{name}"
    await page.wait_for_selector("blockquote:text-is('您好，王芳')")
    await page.goto(f"{site}/campaigns/new?kind=grant")
    await page.fill("#field-points", "88")
    await page.press("#field-points", "Tab")
    await page.wait_for_selector(".follows dd:text-is('送88 积分')")
    await page.fill('[id="field-names_zh-CN"]', "八八积分")
    async with page.expect_response("**/campaigns/new"):
        await page.press('[id="field-names_zh-CN"]', "Tab")
    await page.wait_for_selector("#writing:not(.htmx-request)")
    await page.click('button[value="save"]')
    await page.wait_for_url("**/campaigns/*?done=made")
