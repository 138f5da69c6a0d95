"""Enrolling, reading and changing one member."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

NewChain = Callable[..., Awaitable[Any]]


def kinds(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def test_a_new_member_is_in_the_base_tier_of_every_ladder(new_chain: NewChain) -> None:
    chain = await new_chain(template="pharmacy", timezone="Pacific/Kiritimati")
    answer = await chain.http.post(
        "/v1/members",
        json={
            "phone": "138 0013 8000",
            "name": "  王小明 ",
            "external_id": "crm-1",
            "card_no": "66001",
            "birthday": "1990-02-28",
            "gender": "male",
            "branch_id": chain.branch_id,
        },
    )
    assert answer.status_code == 201, answer.text
    member = answer.json()
    today = (datetime.now(UTC) + timedelta(hours=14)).date().isoformat()
    assert (member["phone"], member["name"], member["joined_on"]) == ("+8613800138000", "王小明", today)
    assert member["tier"] == {
        "ladder": "class",
        "code": "d",
        "name": member["tier"]["name"],
        "since": today,
        "valid_until": None,
    }
    assert list(member["tiers"]) == ["class", "card"]
    seen = await chain.http.get(f"/v1/members/{member['id']}")
    assert (seen.json(), seen.headers["etag"]) == (member, answer.headers["etag"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("", "identifier-missing")]),
        ({"gender": "male"}, [("", "identifier-missing")]),
        ({"phone": "12345"}, [("/phone", "phone-invalid")]),
        ({"phone": 13800138000}, [("/phone", "wrong-type")]),
        ({"name": ""}, [("/name", "too-short")]),
        ({"name": "x" * 201}, [("/name", "too-long")]),
        ({"name": "a\u0000b"}, [("/name", "control-character")]),
        ({"name": "x", "level": 3}, [("/level", "unknown-field")]),
        ({"name": "x", "birthday": "2999-01-01"}, [("/birthday", "out-of-range")]),
        ({"name": "x", "birthday": "2190-01-01"}, [("/birthday", "in-the-future")]),
        ({"name": "x", "joined_on": "2190-01-01"}, [("/joined_on", "occurred-too-far-ahead")]),
        ({"name": "x", "gender": "m"}, [("/gender", "not-allowed")]),
        ({"name": "x", "wechat": {"app_id": "wx1"}}, [("/wechat/openid", "required")]),
        (
            {"name": "x", "branch_id": "01890000-0000-7000-8000-000000000000"},
            [("/branch_id", "unknown-branch")],
        ),
        (
            {"name": 1, "phone": "1", "x": 2},
            [("/phone", "phone-invalid"), ("/name", "wrong-type"), ("/x", "unknown-field")],
        ),
    ],
)
async def test_refuses_bad_input_with_its_place(
    chain: Any, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    answer = await chain.http.post("/v1/members", json=body)
    assert answer.status_code == 422, answer.text
    assert sorted(kinds(answer)) == sorted(expected)
    assert (await chain.http.get("/v1/members")).json()["data"] == []


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("phone", "+86 138-0013-8000", "phone-taken"),
        ("card_no", "66001", "card-taken"),
        ("external_id", "crm-1", "external-id-taken"),
        ("wechat", {"app_id": "wx1", "openid": "o1"}, "wechat-taken"),
        ("wechat", {"app_id": "wx2", "openid": "o1", "unionid": "u1"}, "wechat-taken"),
    ],
)
async def test_an_identifier_leads_to_one_member(
    chain: Any, new_chain: NewChain, field: str, value: Any, problem: str
) -> None:
    first = {
        "phone": "13800138000",
        "card_no": "66001",
        "external_id": "crm-1",
        "wechat": {"app_id": "wx1", "openid": "o1", "unionid": "u1"},
    }
    assert (await chain.http.post("/v1/members", json=first)).status_code == 201
    second = {"name": "Second", field: value}
    answer = await chain.http.post("/v1/members", json=second)
    assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{problem}")
    assert len((await chain.http.get("/v1/members")).json()["data"]) == 1
    neighbour = await new_chain()
    assert (await neighbour.http.post("/v1/members", json=first)).status_code == 201


async def test_of_many_at_once_one_gets_the_phone(chain: Any) -> None:
    answers = await asyncio.gather(
        *(chain.http.post("/v1/members", json={"phone": "13800138000", "name": str(n)}) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_change_keeps_what_is_left_out_and_frees_the_old_phone(chain: Any) -> None:
    enrolled = await chain.http.post("/v1/members", json={"phone": "13800138000", "name": "Ann"})
    made, tag = enrolled.json(), enrolled.headers["etag"]
    path = f"/v1/members/{made['id']}"
    answer = await chain.http.patch(path, json={"phone": "13900139000"}, headers={"If-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag
    assert answer.json() == {**made, "phone": "+8613900139000"}
    stale = await chain.http.patch(path, json={"name": "Bob"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/precondition-failed")
    changed = await chain.http.patch(path, json={"name": "Bea"})
    assert changed.json()["name"] == "Bea"
    same = await chain.http.patch(path, json={"name": "Bea"})
    assert same.headers["etag"] == changed.headers["etag"]
    assert (await chain.http.post("/v1/members", json={"phone": "13800138000"})).status_code == 201
    taken = await chain.http.patch(path, json={"phone": "13800138000"})
    assert (taken.status_code, kinds(taken)) == (409, [("/phone", "phone-taken")])
    gone = await chain.http.patch(path, json={"phone": None, "name": None})
    assert (gone.status_code, kinds(gone)) == (422, [("", "identifier-missing")])
    assert (await chain.http.patch(path, json={"phone": None})).json()["phone"] is None
    acts = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [a["detail"]["fields"] for a in acts if a["action"] == "member.change"] == [["phone"], ["name"], ["phone"]]


async def test_wechat_identities_are_per_app(chain: Any) -> None:
    wechat = {"app_id": "wx1", "openid": "o1", "unionid": "u1"}
    made = (await chain.http.post("/v1/members", json={"wechat": wechat})).json()
    path = f"/v1/members/{made['id']}"
    assert (await chain.http.patch(path, json={"wechat": {"app_id": "wx2", "openid": "o1"}})).status_code == 200
    assert (await chain.http.patch(path, json={"wechat": None})).status_code == 422
    assert (await chain.http.patch(path, json={"wechat": None, "name": "Ann"})).status_code == 200
    assert (await chain.http.post("/v1/members", json={"wechat": wechat})).status_code == 201


async def test_changes_of_one_member_are_in_one_order(chain: Any) -> None:
    from saas.scope import connection, tenant_scope

    enrolled = await chain.http.post("/v1/members", json={"name": "Ann"})
    made, tag = enrolled.json(), enrolled.headers["etag"]
    path = f"/v1/members/{made['id']}"
    answers = await asyncio.gather(
        *(chain.http.patch(path, json={"name": str(n)}, headers={"If-Match": tag}) for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    async with tenant_scope(chain.tenant_id):
        row = await connection().fetchrow(
            "SELECT q.seq, m.revision FROM member m JOIN member_number q ON q.tenant_id = $1 AND q.member_id = m.id"
            " WHERE m.tenant_id = $1 AND m.id = $2",
            chain.tenant_id,
            UUID(made["id"]),
        )
    assert dict(row) == {"seq": 1, "revision": 2}


async def test_another_chains_member_is_not_there(chain: Any, new_chain: NewChain) -> None:
    made = (await chain.http.post("/v1/members", json={"phone": "13800138000"})).json()
    neighbour = await new_chain()
    for answer in (
        await neighbour.http.get(f"/v1/members/{made['id']}"),
        await neighbour.http.patch(f"/v1/members/{made['id']}", json={"name": "Mine"}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert (await neighbour.http.get("/v1/members?phone=13800138000")).json()["data"] == []
