"""What a clerk may not do alone, and a manager's PIN that lets it pass once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.at_the_counter import PIN, clerk_of, give_pin, session
from support.chains import Chain
from support.clock import owner
from support.colleagues import hire
from support.till import bought, member

ADJUST = "/v1/points/adjust"


@pytest.fixture
async def manager(app: Any, chain: Chain) -> dict[str, Any]:
    made = await hire(app, chain, role="manager")
    await give_pin(chain, made["id"])
    return made


async def approval(
    browser: httpx.AsyncClient, who: str, refused: httpx.Response, pin: str = PIN, **other: Any
) -> httpx.Response:
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/approval-needed"), refused.text
    wanted = refused.json()["approval"]
    body = {name: wanted[name] for name in ("act", "target", "amount")}
    return await browser.post("/v1/approvals", json={**body, "staff_id": who, "pin": pin, **other})


async def token(browser: httpx.AsyncClient, who: str, refused: httpx.Response, **other: Any) -> dict[str, str]:
    answer = await approval(browser, who, refused, **other)
    assert answer.status_code == 201, answer.text
    return {"Approval": answer.json()["token"]}


async def test_each_limited_act_needs_one_and_passes_with_it(app: Any, chain: Chain, manager: dict[str, Any]) -> None:
    who = await member(chain, phone="13800138000")
    big = (await bought(chain, "p1", 50_001, member_id=who))["id"]
    small = (await bought(chain, "p2", 50_000, member_id=who))["id"]
    at = {"member_id": who, "branch_id": chain.branch_id}
    topped = await chain.http.post("/v1/wallet/top-ups", json={**at, "external_id": "t1", "amount": 60_000})
    assert topped.status_code == 201, topped.text
    async with clerk_of(app, chain) as clerk:
        for points in (1000, -1000):
            alone = await clerk.post(ADJUST, json={"member_id": who, "points": points, "reason": "x"})
            assert alone.status_code == 201, alone.text
        acts = [
            ("POST", ADJUST, {"member_id": who, "points": 1001, "reason": "x"}, 1001, 1000),
            ("PUT", f"/v1/members/{who}/tier", {"tier": "gold", "reason": "x"}, 0, None),
            ("POST", f"/v1/purchases/{big}/refunds", {"external_id": "r1", "amount": 50_001}, 50_001, 50_000),
            ("POST", "/v1/wallet/refunds", {**at, "external_id": "w1", "amount": 50_001}, 50_001, 50_000),
        ]
        for method, url, body, amount, limit in acts:
            refused = await clerk.request(method, url, json=body)
            needed = await token(clerk, manager["id"], refused)
            assert (refused.json()["approval"]["amount"], refused.json()["approval"]["limit"]) == (amount, limit)
            done = await clerk.request(method, url, json=body, headers=needed)
            assert done.status_code in {200, 201}, done.text
        alone = await clerk.post(f"/v1/purchases/{small}/refunds", json={"external_id": "r2", "amount": 50_000})
        assert alone.status_code == 201, alone.text
    log = (await chain.http.get("/v1/audit-log?limit=200")).json()["data"]
    given = [row for row in log if row["action"] == "approval.give"]
    used = [row for row in log if row["action"] == "approval.use"]
    assert len(given) == len(used) == len(acts)
    assert {row["actor"] for row in given} == {f"staff:{manager['id']}"}
    assert {row["detail"]["approved_by"] for row in used} == {f"staff:{manager['id']}"}
    assert {row["detail"]["asked_by"] for row in given} == {row["actor"] for row in used} != {f"staff:{manager['id']}"}


async def test_small_parts_lead_not_around_the_limit(app: Any, chain: Chain, manager: dict[str, Any]) -> None:
    who = await member(chain)
    big = (await bought(chain, "p1", 90_000, member_id=who))["id"]
    at = {"member_id": who, "branch_id": chain.branch_id}
    topped = await chain.http.post("/v1/wallet/top-ups", json={**at, "external_id": "t1", "amount": 90_000})
    assert topped.status_code == 201, topped.text
    async with clerk_of(app, chain) as clerk:
        for url, more in ((f"/v1/purchases/{big}/refunds", {}), ("/v1/wallet/refunds", at)):
            first = {**more, "external_id": "a", "amount": 50_000}
            for _ in range(2):  # a repeat is no more than it was
                assert (await clerk.post(url, json=first)).status_code in {200, 201}
            rest = {**more, "external_id": "b", "amount": 1}
            refused = await clerk.post(url, json=rest)
            passed = await clerk.post(url, json=rest, headers=await token(clerk, manager["id"], refused))
            assert passed.status_code == 201, passed.text
    async with clerk_of(app, chain) as colleague:
        alone = await colleague.post("/v1/wallet/refunds", json={**at, "external_id": "c", "amount": 1})
        assert alone.status_code == 201, alone.text


async def test_nobody_else_is_limited(app: Any, chain: Chain, manager: dict[str, Any]) -> None:
    who = await member(chain)
    body = {"member_id": who, "points": 100_000, "reason": "x"}
    assert (await chain.http.post(ADJUST, json=body)).status_code == 201
    people = (await chain.http.get("/v1/approvals/people")).json()
    assert people == {"data": [], "limits": {"points": 1000, "money": 50_000}}
    asked = {"staff_id": manager["id"], "pin": PIN, "act": "tier.set", "target": f"member:{who}"}
    assert (await chain.http.post("/v1/approvals", json=asked)).status_code == 403
    async with session(app, manager["email"]) as browser:
        assert (await browser.post(ADJUST, json=body)).status_code == 201


async def test_an_approval_is_good_once_for_this_and_no_more(app: Any, chain: Chain, manager: dict[str, Any]) -> None:
    one, two = await member(chain), await member(chain)

    def more(who: str, points: int = 2000) -> dict[str, Any]:
        return {"member_id": who, "points": points, "reason": "x"}

    async with clerk_of(app, chain) as clerk:
        good = await token(clerk, manager["id"], await clerk.post(ADJUST, json=more(one)))
        for body in (more(two), more(one, 2001)):
            refused = await clerk.post(ADJUST, json=body, headers=good)
            assert refused.json()["approval"]["refused"] is True
        async with clerk_of(app, chain) as colleague:
            assert (await colleague.post(ADJUST, json=more(one), headers=good)).status_code == 403
        # What fails afterwards gives it back; a repeat of the same request under its key is answered the same again.
        bad = {**more(one), "branch_id": manager["id"]}
        assert (await clerk.post(ADJUST, json=bad, headers=good)).status_code == 422
        key = {"Idempotency-Key": "again"}
        assert (await clerk.post(ADJUST, json=more(one), headers=key)).status_code == 403
        answers = [await clerk.post(ADJUST, json=more(one), headers={**good, **key}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[1].headers["idempotent-replayed"] == "true"
        assert (await clerk.post(ADJUST, json=more(one), headers=good)).status_code == 403
        both = await token(clerk, manager["id"], await clerk.post(ADJUST, json=more(one)))
        at_once = await asyncio.gather(*(clerk.post(ADJUST, json=more(one), headers=both) for _ in range(3)))
        assert sorted(answer.status_code for answer in at_once) == [201, 403, 403]
        late = await token(clerk, manager["id"], await clerk.post(ADJUST, json=more(one)))
        sql = "UPDATE approval SET expires_at = expires_at - $2::interval WHERE tenant_id = $1 AND used_at IS NULL"
        await (await owner()).execute(sql, chain.tenant_id, timedelta(minutes=2))
        assert (await clerk.post(ADJUST, json=more(one), headers=late)).status_code == 403


async def test_five_wrong_pins_and_only_the_password_helps(app: Any, chain: Chain, manager: dict[str, Any]) -> None:
    who = await member(chain)
    async with clerk_of(app, chain) as clerk:
        boss = await hire(app, chain, role="owner")
        await give_pin(chain, boss["id"])
        people = (await clerk.get("/v1/approvals/people")).json()["data"]
        assert [(one["id"], one["role"]) for one in people] == [(manager["id"], "manager"), (boss["id"], "owner")]
        assert (await chain.http.delete(f"/v1/staff/{boss['id']}")).status_code == 204
        refused = await clerk.post(ADJUST, json={"member_id": who, "points": 2000, "reason": "x"})
        tries = [await approval(clerk, manager["id"], refused, pin="1111") for _ in range(5)]
        assert [answer.status_code for answer in tries] == [403] * 5
        assert [answer.json().get("left") for answer in tries] == [4, 3, 2, 1, None]
        assert tries[-1].json()["type"] == "/problems/pin-locked"
        assert (await approval(clerk, manager["id"], refused)).json()["type"] == "/problems/pin-locked"
        assert (await clerk.get("/v1/approvals/people")).json()["data"] == []
        async with session(app, manager["email"]):
            assert (await approval(clerk, manager["id"], refused)).status_code == 201
        many = await asyncio.gather(*(approval(clerk, manager["id"], refused, pin="1111") for _ in range(8)))
        assert sum(answer.json()["type"] == "/problems/pin-wrong" for answer in many) == 4


async def test_who_cannot_approve_is_not_there(app: Any, chain: Chain, new_chain: Any) -> None:
    who, other = await member(chain), await new_chain()
    branch = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    hired = {
        "colleague": await hire(app, chain, role="clerk"),
        "elsewhere": await hire(app, chain, role="manager", branch_ids=[branch]),
        "analyst": await hire(app, chain, role="analyst"),
        "gone": await hire(app, chain, role="manager"),
        "neighbour": await hire(app, other, role="manager"),
    }
    for name, one in hired.items():
        await give_pin(other if name == "neighbour" else chain, one["id"])
    no_pin = await hire(app, chain, role="manager")
    assert (await chain.http.delete(f"/v1/staff/{hired['gone']['id']}")).status_code == 204
    async with clerk_of(app, chain, branch_ids=[chain.branch_id]) as clerk:
        assert (await clerk.get("/v1/approvals/people")).json()["data"] == []
        body = {"member_id": who, "points": 2000, "reason": "x", "branch_id": chain.branch_id}
        refused = await clerk.post(ADJUST, json=body)
        for one in (*hired.values(), no_pin):
            assert (await approval(clerk, one["id"], refused)).status_code == 404
        for bad in ({"pin": ""}, {"pin": 2580}, {"act": "x"}, {"amount": -1}, {"target": ""}):
            assert (await approval(clerk, no_pin["id"], refused, **bad)).status_code == 422
    async with clerk_of(app, chain, branch_ids=[branch]) as clerk:
        people = (await clerk.get("/v1/approvals/people")).json()["data"]
        assert [one["id"] for one in people] == [hired["elsewhere"]["id"]]


async def test_a_clerk_imports_nothing(app: Any, chain: Chain) -> None:
    """A file could give back what a clerk may not."""
    file = {"file": ("m.csv", b"external_id,name\nX1,\xe7\x94\xb2\n", "text/csv")}
    async with clerk_of(app, chain) as clerk:
        answer = await clerk.post("/v1/imports", files=file, data={"options": '{"kind": "members"}'})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
        page = await clerk.post("/imports", files=file, data={"kind": "purchases"})
        assert (page.status_code, "may not do this" in page.text) == (403, True)
