"""The caller's own number: the same activity again gets its first answer, for ever; another one is refused."""

import asyncio
from typing import Any

import pytest
from club import BROUGHT, CLASSES, did, done, rules
from support.chains import Chain
from support.till import member, rows

SENT: dict[str, Any] = {"kind": "review", "occurred_at": "2026-01-01T00:00:00Z", "value": 4.5, "data": {"dish": "面"}}


async def test_the_first_answer_stays_the_answer(chain: Chain) -> None:
    await rules(chain, CLASSES)
    one = await member(chain)
    answers = [await done(chain, str(number), one) for number in range(4)]
    assert [answer["tier"]["after"] for answer in answers] == ["base", "base", "top", "top"]
    await rules(chain, BROUGHT, activity_kinds=["check_in"], health_kinds=[])  # no more classes
    for number, answer in enumerate(answers):
        again = await did(chain, str(number), one)
        assert (again.status_code, again.json()) == (200, answer)
    assert len(await rows(chain, "activity")) == len(await rows(chain, "activity_external")) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "class"},
        {"occurred_at": "2026-01-02T00:00:00Z"},
        {"occurred_at": None},
        {"value": 4.6},
        {"value": None},
        {"data": {"dish": "饭"}},
        {"data": None},
        {"branch_id": "…"},
        {"phone": "13800000004"},
    ],
)
async def test_other_content_is_a_conflict(change: dict[str, Any], chain: Chain) -> None:
    await member(chain, phone="13800000003")
    await member(chain, phone="13800000004")
    sent = {"phone": "13800000003", **SENT}
    await done(chain, "1", None, **sent)
    if "branch_id" in change:
        change = {"branch_id": chain.branch_id}
    refused = await did(chain, "1", None, **{**sent, **change})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/external-id-conflict")
    assert len(await rows(chain, "activity")) == 1


async def test_the_same_told_otherwise_is_the_same(chain: Chain) -> None:
    one = await member(chain, phone="13800000005")
    first = await done(chain, "1", one, **SENT)
    for change in ({"value": "4.5000"}, {"occurred_at": "2026-01-01T08:00:00.000+08:00"}):
        again = await did(chain, "1", None, phone="+8613800000005", **{**SENT, **change})
        assert (again.status_code, again.json()) == (200, first)


async def test_a_number_is_the_chains_not_the_branches(chain: Chain) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    one = await member(chain)
    await done(chain, "1", one, branch_id=chain.branch_id)
    assert (await did(chain, "1", one, branch_id=other)).status_code == 409


async def test_sixteen_at_once_are_one(chain: Chain) -> None:
    await rules(chain, {**CLASSES, "gte": 1})
    one = await member(chain)
    answers = await asyncio.gather(*(did(chain, "1", one) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len(await rows(chain, "activity")) == len(await rows(chain, "decision")) == 1
    assert [(row["measure"], row["facts"]) for row in await rows(chain, "measure_day")] == [
        ("activity", 1),
        ("activity:class", 1),
    ]


async def test_sixteen_members_want_one_number(chain: Chain) -> None:
    members = [await member(chain) for _ in range(16)]
    answers = await asyncio.gather(*(did(chain, "1", one) for one in members))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len(await rows(chain, "activity")) == 1


async def test_after_a_merge_the_number_is_still_the_same_activity(chain: Chain) -> None:
    kept, other = await member(chain), await member(chain, phone="13800000006")
    first = await done(chain, "1", None, phone="13800000006")
    merged = await chain.http.post(f"/v1/members/{kept}/merge", json={"other_id": other})
    assert merged.is_success, merged.text
    for who in ({"member_id": other}, {"member_id": kept}, {"phone": "13800000006"}):
        body = {"external_id": "1", "kind": "class", **who}
        again = await chain.http.post("/v1/activities", json=body)
        assert (again.status_code, again.json()) == (200, first)
    assert (await done(chain, "2", other))["member_id"] == kept
    listed = (await chain.http.get(f"/v1/members/{other}/activities")).json()["data"]
    assert [activity["external_id"] for activity in listed] == ["2", "1"]
