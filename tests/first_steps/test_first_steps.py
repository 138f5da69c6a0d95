"""The card of first steps: what ticks it, who sees it, and that it can be put away."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.clock import owner

from saas.scope import tenant_scope
from tenants.first_steps.steps import STEPS, first_steps

EVERY_PAGE: Any = SimpleNamespace(app=SimpleNamespace(routes=[SimpleNamespace(path=step.address) for step in STEPS]))


async def done(chain: Any) -> set[str]:
    """Which steps are done, were all their pages there."""
    async with tenant_scope(chain.tenant_id):
        shown = await first_steps(EVERY_PAGE)
    assert shown is not None
    assert [step.code for step in shown.steps] == [step.code for step in STEPS]
    return {step.code for step in shown.steps if step.done}


async def test_it_ticks_itself_from_what_happens(app: Any, chain: Any) -> None:
    assert await done(chain) == set()
    branch = {"name": "徐家汇店"}
    assert (await chain.http.patch(f"/v1/branches/{chain.branch_id}", json=branch)).status_code == 200
    assert await done(chain) == {"branch"}
    member = (await chain.http.post("/v1/members", json={"name": "林悦"})).json()
    assert await done(chain) == {"branch", "member"}
    bought = {"member_id": member["id"], "branch_id": chain.branch_id, "external_id": "1", "amount": 100}
    assert (await chain.http.post("/v1/purchases", json=bought)).status_code == 201
    assert await done(chain) == {"branch", "member", "purchase"}
    person = {"name": "王芳", "email": f"{chain.tenant_id.hex}@example.com", "role": "clerk"}
    assert (await chain.http.post("/v1/staff", json=person)).status_code == 201
    assert await done(chain) == {"branch", "member", "purchase", "staff"}
    assert (await chain.http.post("/v1/join-codes", json={})).status_code == 200
    assert await done(chain) == {"branch", "member", "purchase", "staff", "poster"}
    async with logged_in(app, chain) as browser:
        csrf = csrf_of((await browser.get("/overview")).text)
        for _ in range(2):
            went = await browser.post("/first-steps", data={"_csrf": csrf, "step": "tiers"})
            assert went.headers["location"] == "/programme"
        assert await done(chain) == {"branch", "member", "purchase", "staff", "poster", "tiers"}
        done_here = re.search(r"(\d) of (\d) done", (await browser.get("/first-steps")).text)
        assert done_here
        assert int(done_here[1]) <= int(done_here[2])


async def test_it_can_be_put_away_for_good(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        csrf = csrf_of((await browser.get("/overview")).text)
        assert (await browser.post("/first-steps", data={"_csrf": csrf, "step": "nothing"})).status_code == 404
        assert (await browser.post("/first-steps", data={"_csrf": csrf})).status_code == 404
        put_away = await browser.post("/first-steps", data={"_csrf": csrf, "step": "dismissed"})
        assert put_away.headers["location"] == "/overview"
        assert "first-steps" not in (await browser.get("/overview")).text
        assert (await browser.get("/first-steps")).text.strip() == ""


@pytest.mark.parametrize("role", ["manager", "clerk", "analyst"])
async def test_only_owners_see_it(app: Any, chain: Any, role: str) -> None:
    await (await owner()).execute(
        "UPDATE platform.account_tenant SET role = $2 WHERE tenant_id = $1", chain.tenant_id, role
    )
    async with logged_in(app, chain) as browser:
        page = await browser.get("/overview")
        assert page.status_code == 200
        assert 'id="first-steps"' not in page.text
        answer = await browser.post("/first-steps", data={"_csrf": csrf_of(page.text), "step": "dismissed"})
        assert answer.status_code == 403


async def test_each_step_leads_to_a_page_that_is_there(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/overview")).text
        shown = [step for step in STEPS if f">{step.title}<" in page]
        assert len(shown) >= 3
        for step in shown:
            assert (await browser.get(step.address)).status_code == 200, step
