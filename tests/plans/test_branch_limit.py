"""As many branches as the plan has room for, wherever one comes up, whoever else is at it."""

import asyncio
import json
from typing import Any

import pytest
from support.chains import Chain
from support.plan_held import give_plan

from saas.errors import catalogue
from saas.plans.catalogue import TRIAL, held, plan


async def opened(chain: Chain, code: str) -> Any:
    return await chain.http.post("/v1/branches", json={"code": code, "name": code})


async def filled(chain: Chain, code: str = "starter") -> list[str]:
    """All of the plan's places taken; the ids."""
    await give_plan(chain.tenant_id, code)
    made = [await opened(chain, f"b{n}") for n in range(plan(code).branches - 1)]
    assert {one.status_code for one in made} == {201}
    return [chain.branch_id, *(one.json()["id"] for one in made)]


async def open_now(chain: Chain) -> int:
    use = (await chain.http.get("/v1/tenant")).json()["use"]
    return int(use["branches"])


async def test_the_plan_is_full(chain: Chain) -> None:
    await filled(chain)
    answer = await opened(chain, "more")
    told = answer.json()
    assert (answer.status_code, told["type"]) == (402, "/problems/plan-limit")
    assert (told["limit"], told["plan"]) == (3, "starter")
    assert told["detail"] == (
        "The plan Starter has room for 3 open branches. Close branches that no longer trade, or choose a larger plan."
    )
    told = (
        await chain.http.post("/v1/branches", json={"code": "x", "name": "x"}, headers={"Accept-Language": "zh"})
    ).json()
    assert told["detail"] == "起步版最多可同时营业 3 家门店。请关闭不再营业的门店，或升级套餐。"
    assert (await opened(chain, "b0")).json()["type"] == "/problems/code-taken"
    limits = (await chain.http.get("/v1/tenant")).json()["limits"]
    assert limits == {"branches": 3, "members_included": 1_000, "requests_per_second": 10}
    await give_plan(chain.tenant_id, "growth")
    assert (await opened(chain, "more")).status_code == 201


async def test_a_branch_that_closes_makes_room_and_needs_it_to_open_again(chain: Chain) -> None:
    first, second, _ = await filled(chain)
    for change in ({"closed": False}, {"name": "renamed"}):  # it is open; nothing is opened
        assert (await chain.http.patch(f"/v1/branches/{first}", json=change)).status_code == 200
    assert (await chain.http.patch(f"/v1/branches/{second}", json={"closed": True})).status_code == 200
    assert (await opened(chain, "in its stead")).status_code == 422
    assert (await opened(chain, "stead")).status_code == 201
    again = await chain.http.patch(f"/v1/branches/{second}", json={"closed": False})
    assert (again.status_code, again.json()["type"]) == (402, "/problems/plan-limit")
    assert (await chain.http.patch(f"/v1/branches/{second}", json={"name": "still closed"})).status_code == 200
    assert (await chain.http.patch(f"/v1/branches/{first}", json={"closed": True})).status_code == 200
    assert (await chain.http.patch(f"/v1/branches/{second}", json={"closed": False})).status_code == 200


async def test_more_are_open_than_the_plan_has(chain: Chain) -> None:
    """Nothing is closed; nothing is opened either."""
    ids = await filled(chain, "growth")
    await give_plan(chain.tenant_id, "starter")
    assert (await opened(chain, "more")).status_code == 402
    assert (await chain.http.patch(f"/v1/branches/{ids[5]}", json={"closed": True})).status_code == 200
    assert (await chain.http.patch(f"/v1/branches/{ids[5]}", json={"closed": False})).status_code == 402
    assert await open_now(chain) == 19


async def test_the_last_place_goes_to_one(chain: Chain) -> None:
    _, second, third = await filled(chain)
    assert (await chain.http.patch(f"/v1/branches/{second}", json={"closed": True})).status_code == 200
    assert (await chain.http.patch(f"/v1/branches/{third}", json={"closed": True})).status_code == 200
    answers = await asyncio.gather(
        *(opened(chain, f"n{n}") for n in range(4)),
        *(chain.http.patch(f"/v1/branches/{one}", json={"closed": False}) for one in (second, third)),
    )
    assert sorted(answer.status_code for answer in answers if answer.status_code != 402) in (
        [200, 200],
        [200, 201],
        [201, 201],
    )
    assert await open_now(chain) == 3


async def test_the_trial_has_growths_room(chain: Chain) -> None:
    trial = (await chain.http.get("/v1/tenant")).json()["limits"]
    await give_plan(chain.tenant_id, "growth")
    assert (await chain.http.get("/v1/tenant")).json()["limits"] == trial


@pytest.mark.parametrize("kind", ["members", "purchases", "activities"])
async def test_an_import_opens_what_there_is_room_for(chain: Chain, drain: Any, kind: str) -> None:
    """The other rows say why not; sent again under a larger plan, they come in."""
    await give_plan(chain.tenant_id, "starter")
    heads = {
        "members": ("external_id,branch", "E{n},{branch}"),
        "purchases": ("external_id,member,occurred_at,amount,branch", "E{n},M{n},2026-01-02 10:00,1.00,{branch}"),
        "activities": ("external_id,member,occurred_at,kind,branch", "E{n},M{n},2026-01-02 10:00,check_in,{branch}"),
    }
    head, row = heads[kind]
    places = ["s1", "s2", "s3", "s3", "main", ""]
    text = "\n".join([head, *(row.format(n=n, branch=branch) for n, branch in enumerate(places)), ""])
    state, errors = await _brought(chain, drain, kind, text)
    assert (state["imported"], state["failed"]) == (4, 2)
    assert errors.count("room for 3 open branches") == 2
    assert await open_now(chain) == 3
    await give_plan(chain.tenant_id, "growth")
    state, _ = await _brought(chain, drain, kind, text)
    assert (state["imported"], state["unchanged"], state["failed"]) == (2, 4, 0)


async def _brought(chain: Chain, drain: Any, kind: str, text: str) -> tuple[dict[str, Any], str]:
    options = {"kind": kind, "create_missing": True, "evaluate": False}
    started = await chain.http.post(
        "/v1/imports",
        files={"file": ("x.csv", text.encode(), "text/csv")},
        data={"options": json.dumps(options)},
    )
    await drain(chain.tenant_id)
    url = f"/v1/imports/{started.json()['import_id']}"
    return (await chain.http.get(url)).json(), (await chain.http.get(f"{url}/errors.csv")).text


def test_plans_are_called_the_same_in_errors() -> None:
    for one in (*held(), plan(TRIAL)):
        assert catalogue().words[f"plan-{one.code}"] == one.names
