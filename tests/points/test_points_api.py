"""Points by hand and at the counter, over HTTP: what is moved, what is refused, what is answered twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.clock import set_clock
from support.programme import change_programme
from support.till import member, rows

NOON = datetime(2031, 3, 10, 4, tzinfo=UTC)  # in Shanghai


async def adjust(chain: Chain, **body: Any) -> httpx.Response:
    return await chain.http.post("/v1/points/adjust", json={"reason": "为顾客补积分", **body})


async def redeem(chain: Chain, **body: Any) -> httpx.Response:
    return await chain.http.post("/v1/points/redeem", json=body)


async def given(chain: Chain, who: str, points: int, **body: Any) -> dict[str, Any]:
    answer = await adjust(chain, member_id=who, points=points, **body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def statement(chain: Chain, who: str, **query: Any) -> dict[str, Any]:
    answer = await chain.http.get(f"/v1/members/{who}/points", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await set_clock(chain.tenant_id, NOON)
    return chain


async def test_points_are_given_taken_and_spent(shop: Chain) -> None:
    who = await member(shop, phone="13800138000")
    made = await given(shop, who, 100, expires_on="2031-03-20")
    assert (made["member_id"], made["points"], made["balance"]) == (who, 100, 100)
    await given(shop, who, 50, expires_on="2031-12-31")
    assert (await given(shop, who, -30))["balance"] == 120
    spent = await redeem(shop, phone="13800138000", points=80, branch_id=shop.branch_id)
    assert spent.status_code == 201
    assert (spent.json()["points"], spent.json()["balance"]) == (80, 40)
    shown = await statement(shop, who)
    assert {name: shown[name] for name in ("balance", "spendable", "pending", "debt", "expiring_next")} == {
        "balance": 40,
        "spendable": 40,
        "pending": 0,
        "debt": 0,
        "expiring_next": {"points": 40, "on": "2031-12-31"},
    }
    assert [(e["kind"], e["points"], e["balance"], e["expires_on"]) for e in shown["data"]] == [
        ("use", -80, 40, None),
        ("adjust", -30, 120, None),
        ("adjust", 50, 150, "2031-12-31"),
        ("adjust", 100, 100, "2031-03-20"),
    ]
    assert shown["data"][0]["branch_id"] == shop.branch_id
    assert shown["data"][1]["reason"] == "为顾客补积分"
    audited = (await shop.http.get("/v1/audit-log")).json()["data"]
    assert [a["detail"]["points"] for a in audited if a["action"] == "points.adjust"] == [-30, 50, 100]


async def test_a_member_is_shown_with_its_points(shop: Chain) -> None:
    who, nobody = await member(shop), await member(shop)
    await given(shop, who, 100, expires_on="2031-03-20")
    shown = (await shop.http.get(f"/v1/members/{who}")).json()
    assert shown["points"] == {
        "balance": 100,
        "spendable": 100,
        "pending": 0,
        "expiring_next": {"points": 100, "on": "2031-03-20"},
    }
    assert shown["wallet"] == {"principal": 0, "bonus": 0}
    listed = {m["id"]: m["points"]["balance"] for m in (await shop.http.get("/v1/members")).json()["data"]}
    assert listed == {who: 100, nobody: 0}


async def test_never_more_than_there_is(shop: Chain) -> None:
    who = await member(shop)
    await given(shop, who, 10)
    for answer in (
        await redeem(shop, member_id=who, points=11),
        await adjust(shop, member_id=who, points=-11),
    ):
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-enough-points")
        assert answer.json()["spendable"] == 10
    assert len(await rows(shop, "points_act")) == len(await rows(shop, "points_entry")) == 1


async def test_the_same_number_is_the_same_act(shop: Chain) -> None:
    who = await member(shop, phone="13800138000")
    first = await given(shop, who, 10, external_id="A1")
    again = await adjust(shop, phone="13800138000", points=10, external_id="A1")
    assert (again.status_code, again.json()) == (200, first)
    other = await member(shop)
    for body in ({"member_id": who, "points": 11}, {"member_id": other, "points": 10}):
        answer = await adjust(shop, external_id="A1", **body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/external-id-conflict")
    spent = await redeem(shop, member_id=who, points=10, external_id="A1")
    assert spent.status_code == 409
    used = await redeem(shop, member_id=who, points=10, external_id="R1")
    assert (used.status_code, used.json()["balance"]) == (201, 0)
    assert (await redeem(shop, member_id=who, points=10, external_id="R1")).json() == used.json()
    assert len(await rows(shop, "points_entry")) == 2


async def test_who_has_left_or_was_merged(shop: Chain) -> None:
    who, other = await member(shop), await member(shop)
    first = await given(shop, who, 10, external_id="A1")
    assert (await shop.http.post(f"/v1/members/{other}/merge", json={"other_id": who})).is_success
    assert (await adjust(shop, member_id=who, points=10, external_id="A1")).json() == first
    assert (await given(shop, who, 5))["member_id"] == other
    gone = await member(shop)
    await given(shop, gone, 3, external_id="G1")
    assert (await shop.http.delete(f"/v1/members/{gone}")).is_success
    assert (await adjust(shop, member_id=gone, points=3, external_id="G1")).status_code == 200
    refused = await adjust(shop, member_id=gone, points=3)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/member-closed")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"points": 0}, "/points", "not-zero"),
        ({"points": "5"}, "/points", "wrong-type"),
        ({"points": 1.0}, "/points", "wrong-type"),
        ({"points": 10**9 + 1}, "/points", "too-large"),
        ({"reason": ""}, "/reason", "too-short"),
        ({"reason": None}, "/reason", "wrong-type"),
        ({"expires_on": "2031-03-09"}, "/expires_on", "in-the-past"),
        ({"points": -1, "expires_on": "2031-03-11"}, "/expires_on", "only-of-points-given"),
        ({"phone": "13800138000"}, "/member_id", "one-of-identifiers"),
        ({"colour": "red"}, "/colour", "unknown-field"),
    ],
)
async def test_bad_input_is_named(shop: Chain, changes: dict[str, Any], pointer: str, code: str) -> None:
    body = {"member_id": await member(shop), "points": 1, "reason": "x", **changes}
    answer = await shop.http.post("/v1/points/adjust", json=body)
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert await rows(shop, "points_entry") == []


async def test_branches_and_rights(shop: Chain) -> None:
    who = await member(shop)
    second = (await shop.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    key = {"name": "till", "scopes": ["points:write"], "branch_ids": [shop.branch_id]}
    text = (await shop.http.post("/v1/api-keys", json=key)).json()["key"]
    bound = {"Authorization": f"Bearer {text}"}
    body = {"member_id": who, "points": 5, "reason": "x"}
    for extra, status in (({}, 422), ({"branch_id": second}, 403), ({"branch_id": shop.branch_id}, 201)):
        answer = await shop.http.post("/v1/points/adjust", json=body | extra, headers=bound)
        assert answer.status_code == status, answer.text
    assert (await shop.http.get(f"/v1/members/{who}/points", headers=bound)).status_code == 403
    assert (await shop.http.patch(f"/v1/branches/{second}", json={"closed": True})).is_success
    closed = await adjust(shop, member_id=who, points=5, branch_id=second)
    assert closed.json()["type"] == "/problems/branch-closed"


async def test_pending_points_are_no_money_yet(shop: Chain) -> None:
    await change_programme(
        shop,
        points={
            "per_unit": "0",
            "pending_days": 7,
            "expiry": {"type": "months", "months": 12},
            "beside": {"activities": [{"kind": "check_in", "points": 20}]},
        },
    )
    who = await member(shop)
    visit = {"member_id": who, "kind": "check_in", "external_id": "V1"}
    assert (await shop.http.post("/v1/activities", json=visit)).status_code == 201
    await given(shop, who, 5)  # by hand: to be spent at once
    shown = await statement(shop, who)
    assert (shown["balance"], shown["spendable"], shown["pending"]) == (25, 5, 20)
    assert (await redeem(shop, member_id=who, points=6)).status_code == 422
    taken = await adjust(shop, member_id=who, points=-10)
    assert (taken.status_code, taken.json()["balance"]) == (201, 15)  # a correction may take pending ones
    await set_clock(shop.tenant_id, NOON + timedelta(days=7))
    shown = await statement(shop, who)
    assert (shown["balance"], shown["spendable"], shown["pending"]) == (15, 15, 0)


async def test_pages_of_a_statement(shop: Chain) -> None:
    who = await member(shop)
    for points in range(1, 8):
        await given(shop, who, points)
    seen, cursor = [], None
    while True:
        found = await statement(shop, who, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [e["points"] for e in found["data"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]
