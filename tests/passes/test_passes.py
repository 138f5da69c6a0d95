"""Passes: sold once, used no more than they hold, undone shortly after, paid back to the last minor unit."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import drift, member, rows

from saas.scope import tenant_scope
from tenants.members.owed import owed_on_passes

SUMS = """
SELECT p.id FROM pass p JOIN pass_entry e ON e.tenant_id = p.tenant_id AND e.pass_id = p.id
 WHERE p.tenant_id = $1 GROUP BY p.tenant_id, p.id
HAVING p."left" <> sum(e.uses) OR p.paid_back <> coalesce(-sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0)
"""


@pytest.fixture(autouse=True)
async def agreed(chain: Chain) -> Any:
    yield
    assert await (await owner()).fetch(SUMS, chain.tenant_id) == []


def in_days(days: int) -> str:
    return str((datetime.now(UTC) + timedelta(days=days)).date())


def a_pass(chain: Chain, external_id: str = "p1", **fields: Any) -> dict[str, Any]:
    body = {
        "branch_id": chain.branch_id,
        "external_id": external_id,
        "product": "私教课",
        "uses": 10,
        "price": 100_000,
        "valid_until": in_days(30),
    }
    return body | fields


async def sold(chain: Chain, **fields: Any) -> dict[str, Any]:
    answer = await chain.http.post("/v1/passes", json=a_pass(chain, **fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def act(chain: Chain, pass_id: str, what: str, status: int = 201, **fields: Any) -> dict[str, Any]:
    body = fields if what == "undo-use" else {"branch_id": chain.branch_id, **fields}
    answer = await chain.http.post(f"/v1/passes/{pass_id}/{what}", json=body)
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


def code(answer: dict[str, Any]) -> str:
    return str(answer["type"]).removeprefix("/problems/")


async def test_a_pass_is_sold_and_used(chain: Chain) -> None:
    one = await member(chain, phone="13800138000", card_no="C1")
    tenders = [{"type": "cash", "amount": 40_000}, {"type": "wechat", "amount": 60_000}]
    made = await sold(chain, phone="13800138000", tenders=tenders, sold_by="小王")
    assert (made["member_id"], made["left"], made["state"], made["refundable"]) == (one, 10, "open", 100_000)
    used = await act(chain, made["id"], "use")
    assert (used["kind"], used["uses"], used["left"], used["pass"]["left"]) == ("use", -1, 9, 9)
    assert (await act(chain, made["id"], "use", count=9))["pass"]["state"] == "used_up"
    refused = await act(chain, made["id"], "use", 409)
    assert (code(refused), refused["left"]) == ("pass-used-up", 0)
    listed = (await chain.http.get(f"/v1/members/{one}/passes")).json()["data"]
    assert [(row["id"], row["left"], row["refundable"]) for row in listed] == [(made["id"], 0, 0)]
    assert (await chain.http.get(f"/v1/passes/{made['id']}")).json() == listed[0]
    entries = (await chain.http.get(f"/v1/passes/{made['id']}/entries")).json()["data"]
    assert [(e["kind"], e["uses"], e["left"], e["amount"]) for e in entries] == [
        ("use", -9, 0, 0),
        ("use", -1, 9, 0),
        ("sell", 10, 10, 100_000),
    ]


async def test_it_counts_in_no_metric(chain: Chain) -> None:
    one = await member(chain)
    made = await sold(chain, member_id=one)
    await act(chain, made["id"], "use")
    assert await rows(chain, "member_total") == await rows(chain, "decision") == []
    assert await drift(chain) == []


async def test_the_same_sale_again_is_the_first_one(chain: Chain) -> None:
    one, other = await member(chain, phone="13800138000"), await member(chain)
    made = await sold(chain, member_id=one)
    again = await chain.http.post("/v1/passes", json=a_pass(chain, phone="13800138000"))
    assert (again.status_code, again.json()) == (200, made)
    for body in (a_pass(chain, member_id=one, price=1), a_pass(chain, member_id=other)):
        answer = await chain.http.post("/v1/passes", json=body)
        assert (answer.status_code, code(answer.json())) == (409, "external-id-conflict")
    assert len(await rows(chain, "pass")) == 1


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"member_id": "01970000-0000-7000-8000-000000000001"}, 422, "unknown-member"),
        ({"phone": "13800138009"}, 422, "unknown-member"),
        ({}, 422, "validation-failed"),
        ({"phone": "13800138000", "card_no": "C1"}, 422, "validation-failed"),
        ({"phone": "13800138000", "uses": 0}, 422, "validation-failed"),
        ({"phone": "13800138000", "price": -1}, 422, "validation-failed"),
        ({"phone": "13800138000", "valid_until": "2020-01-01"}, 422, "validation-failed"),
        ({"phone": "13800138000", "branch_id": "01970000-0000-7000-8000-000000000001"}, 422, "unknown-branch"),
        ({"phone": "13800138000", "tenders": [{"type": "cash", "amount": 1}]}, 422, "tenders-do-not-match"),
    ],
)
async def test_what_cannot_be_sold(chain: Chain, fields: dict[str, Any], status: int, expected: str) -> None:
    await member(chain, phone="13800138000", card_no="C1")
    answer = await chain.http.post("/v1/passes", json=a_pass(chain, **fields))
    assert (answer.status_code, code(answer.json())) == (status, expected)
    assert await rows(chain, "pass") == []


async def test_a_lost_card_buys_nothing(chain: Chain) -> None:
    await member(chain, card_no="C1")
    await chain.http.post("/v1/cards/C1/report-lost", json={})
    answer = await chain.http.post("/v1/passes", json=a_pass(chain, card_no="C1"))
    assert (answer.status_code, code(answer.json())) == (409, "card-lost")


async def test_after_its_last_day_it_is_paid_back_not_used(chain: Chain) -> None:
    made = await sold(chain, member_id=await member(chain), valid_until=in_days(1))
    now = datetime.fromisoformat(made["recorded_at"])
    await set_clock(chain.tenant_id, now + timedelta(days=3))
    refused = await act(chain, made["id"], "use", 409)
    assert (code(refused), refused["valid_until"]) == ("pass-ended", made["valid_until"])
    back = await act(chain, made["id"], "refund", tender="cash", reason="过期")
    assert (back["amount"], back["uses"], back["tender"]) == (-100_000, -10, "cash")


async def test_a_use_is_undone_within_a_quarter_of_an_hour_by_who_entered_it(chain: Chain, client: Any) -> None:
    made = await sold(chain, member_id=await member(chain))
    used = await act(chain, made["id"], "use", count=2)
    key = (await chain.http.post("/v1/api-keys", json={"name": "x", "scopes": ["wallet:write"]})).json()["key"]
    theirs = await client.post(
        f"/v1/passes/{made['id']}/undo-use",
        json={"entry_id": used["id"]},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (theirs.status_code, code(theirs.json())) == (409, "undo-not-yours")
    undone = await act(chain, made["id"], "undo-use", entry_id=used["id"])
    assert (undone["uses"], undone["undoes"], undone["pass"]["left"]) == (2, used["id"], 10)
    again = await act(chain, made["id"], "undo-use", 200, entry_id=used["id"])
    assert again == undone
    for wrong in (undone["id"], made["id"]):
        refused = await act(chain, made["id"], "undo-use", 422, entry_id=wrong)
        assert refused["errors"][0]["pointer"] == "/entry_id"
    late = await act(chain, made["id"], "use")
    await set_clock(chain.tenant_id, datetime.fromisoformat(late["recorded_at"]) + timedelta(minutes=15, seconds=1))
    assert code(await act(chain, made["id"], "undo-use", 409, entry_id=late["id"])) == "undo-too-late"


async def test_a_repeated_use_is_one(chain: Chain) -> None:
    made = await sold(chain, member_id=await member(chain))
    first = await act(chain, made["id"], "use", external_id="u1")
    assert (await act(chain, made["id"], "use", 200, external_id="u1"))["id"] == first["id"]
    assert code(await act(chain, made["id"], "use", 409, external_id="u1", count=2)) == "external-id-conflict"
    back = await act(chain, made["id"], "refund", external_id="u1", uses=1)  # numbers of their own
    assert (await act(chain, made["id"], "refund", 200, external_id="u1", uses=1))["id"] == back["id"]
    assert back["left"] == 8


async def test_paid_back_pro_rata_and_never_more(chain: Chain) -> None:
    one = await member(chain)
    made = await sold(chain, member_id=one, uses=3, price=100)
    paid = [(await act(chain, made["id"], "refund", uses=1))["amount"] for _ in range(3)]
    assert paid == [-33, -33, -34]
    assert code(await act(chain, made["id"], "refund", 409)) == "pass-used-up"
    other = await sold(chain, external_id="p2", member_id=one, uses=3, price=100)
    await act(chain, other["id"], "use")
    assert (await chain.http.get(f"/v1/passes/{other['id']}")).json()["refundable"] == 66
    assert code(await act(chain, other["id"], "refund", 409, uses=3)) == "pass-used-up"
    assert (await act(chain, other["id"], "refund"))["amount"] == -66


async def test_who_has_left_uses_nothing_and_is_paid_back(chain: Chain) -> None:
    one = await member(chain)
    made = await sold(chain, member_id=one, uses=3, price=100)
    await act(chain, made["id"], "use")
    async with tenant_scope(chain.tenant_id):
        assert await owed_on_passes([UUID(one)]) == 66
    assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
    assert code(await act(chain, made["id"], "use", 409)) == "member-closed"
    answer = await chain.http.post("/v1/passes", json=a_pass(chain, "p2", member_id=one))
    assert (answer.status_code, code(answer.json())) == (409, "member-closed")
    assert (await act(chain, made["id"], "refund"))["amount"] == -66
    async with tenant_scope(chain.tenant_id):
        assert await owed_on_passes([UUID(one)]) == 0


async def test_a_merge_brings_the_passes(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    made = await sold(chain, member_id=other)
    used = await act(chain, made["id"], "use")
    assert (await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})).status_code == 200
    for who in (one, other):
        listed = (await chain.http.get(f"/v1/members/{who}/passes")).json()["data"]
        assert [(row["id"], row["member_id"]) for row in listed] == [(made["id"], one)]
    assert (await act(chain, made["id"], "use"))["left"] == 8
    assert (await act(chain, made["id"], "undo-use", entry_id=used["id"]))["left"] == 9
    again = await chain.http.post("/v1/passes", json=a_pass(chain, member_id=other))
    assert (again.status_code, again.json()["id"]) == (200, made["id"])


async def test_many_tills_use_what_is_left_and_no_more(chain: Chain) -> None:
    made = await sold(chain, member_id=await member(chain), uses=5, price=1_000)
    body = {"branch_id": chain.branch_id}
    answers = await asyncio.gather(
        *(chain.http.post(f"/v1/passes/{made['id']}/use", json=body) for _ in range(8)),
        *(chain.http.post(f"/v1/passes/{made['id']}/refund", json=body | {"uses": 1}) for _ in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
    [kept] = await rows(chain, "pass")
    assert kept["left"] == 0


async def test_one_number_at_two_tills_is_one_sale(chain: Chain) -> None:
    who = [await member(chain) for _ in range(2)]
    bodies = [a_pass(chain, member_id=who[n % 2]) for n in range(6)]

    async def till(body: dict[str, Any]) -> int:
        """Told that it is busy, as a slow machine may be, it tries again."""
        while (answer := await chain.http.post("/v1/passes", json=body)).status_code == 503:
            assert "retry-after" in answer.headers
        return answer.status_code

    assert sorted(await asyncio.gather(*map(till, bodies))) == [200, 200, 201, 409, 409, 409]
    assert len(await rows(chain, "pass_entry")) == 1


@pytest.mark.parametrize("what", ["use", "refund"])
async def test_one_number_at_two_tills_is_one_entry(chain: Chain, what: str) -> None:
    passes = [await sold(chain, external_id=f"p{n}", member_id=await member(chain)) for n in range(2)]
    body = {"branch_id": chain.branch_id, "external_id": "n1"} | ({"uses": 1} if what == "refund" else {})
    answers = await asyncio.gather(
        *(chain.http.post(f"/v1/passes/{passes[n % 2]['id']}/{what}", json=body) for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201, 409, 409, 409]
    assert sorted(row["left"] for row in await rows(chain, "pass")) == [9, 10]


async def test_a_key_of_another_branch(chain: Chain, client: Any) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    new = {"name": "x", "scopes": ["wallet:write"], "branch_ids": [other]}
    headers = {"Authorization": f"Bearer {(await chain.http.post('/v1/api-keys', json=new)).json()['key']}"}
    one = await member(chain)
    made = await sold(chain, member_id=one)
    for path, body in (
        ("/v1/passes", a_pass(chain, "p2", member_id=one)),
        (f"/v1/passes/{made['id']}/use", {"branch_id": chain.branch_id}),
        (f"/v1/passes/{made['id']}/refund", {"branch_id": chain.branch_id}),
    ):
        assert (await client.post(path, json=body, headers=headers)).status_code == 403
    used = await client.post(f"/v1/passes/{made['id']}/use", json={"branch_id": other}, headers=headers)
    assert (used.status_code, used.json()["branch_id"]) == (201, other)  # a pass is good at every branch


async def test_a_closed_branch_and_a_chain_that_is_closed_down(chain: Chain) -> None:
    one = await member(chain)
    made = await sold(chain, member_id=one)
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    assert (await chain.http.patch(f"/v1/branches/{other}", json={"closed": True})).status_code == 200
    assert code(await act(chain, made["id"], "use", 422, branch_id=other)) == "branch-closed"
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    for what in ("use", "refund"):
        assert code(await act(chain, made["id"], what, 403)) == "tenant-closed"
