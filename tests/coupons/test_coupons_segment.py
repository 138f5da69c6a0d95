"""A coupon for everybody in a segment: a chain of batches, each member once."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from giving import coupon, give, states_are_what_entries_leave
from support.chains import Chain
from support.clock import owner
from support.till import member, rows

Json = dict[str, Any]
TAGGED = {"property": "tag", "in": ["vip"]}


async def segment(chain: Chain, condition: Json = TAGGED) -> Json:
    body = {"code": f"s{uuid4().hex[:8]}", "names": {"zh-CN": "人群", "en": "Some"}, "condition": condition}
    answer = await chain.http.post("/v1/segments", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def job_of(chain: Chain, answer: Any) -> Json:
    assert answer.status_code == 202, answer.text
    found: Json = (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    return found


async def granted(chain: Chain) -> list[str]:
    return sorted(str(row["member_id"]) for row in await rows(chain, "coupon_grant"))


async def test_everybody_in_it_once(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.coupons import granting

    monkeypatch.setattr(granting, "BATCH", 3)
    wanted = sorted([await member(chain, tags=["vip"]) for _ in range(8)])
    others = [await member(chain) for _ in range(4)]
    gone = await member(chain, tags=["vip"])
    assert (await chain.http.delete(f"/v1/members/{gone}")).is_success
    made, some = await coupon(chain, "vip"), await segment(chain)
    answer = await give(chain, made["id"], segment=some["code"], reason="the anniversary")
    assert (await job_of(chain, answer))["state"] == "queued"
    late = await member(chain, tags=["vip"])
    done = await drain(chain.tenant_id)
    assert (done.done, done.failed, done.dead) == (3, 0, 0)
    job = await job_of(chain, answer)
    assert (job["state"], job["progress"], job["kind"]) == ("done", 1, "coupon_grant")
    assert job["result"] == {"granted": 9, "looked_at": len(wanted) + len(others) + 1, "ended": False}
    # Who joined before the first batch is in it: it looks at its own time.
    assert await granted(chain) == sorted([*wanted, late])
    assert {row["reason"] for row in await rows(chain, "coupon_entry")} == {"the anniversary"}
    (actor,) = {row["actor"] for row in await rows(chain, "coupon_entry")}
    assert actor.startswith("key:")
    seqs = {str(row["id"]): row["seq"] for row in await rows(chain, "member")}
    assert {str(row["member_id"]): row["seq"] for row in await rows(chain, "coupon_entry")} == {
        one: seqs[one] for one in [*wanted, late]
    }
    assert [seqs[one] for one in others] == [0] * 4
    assert await states_are_what_entries_leave(chain) == 9


async def test_by_id_and_nobody_in_it(chain: Chain, drain: Any) -> None:
    made, some = await coupon(chain, "none"), await segment(chain)
    answer = await give(chain, made["id"], segment=some["id"])
    await drain(chain.tenant_id)
    job = await job_of(chain, answer)
    assert job["result"] == {"granted": 0, "looked_at": 0, "ended": False}


async def test_a_batch_that_runs_twice_gives_once(chain: Chain, drain: Any) -> None:
    from saas.scope import tenant_scope
    from tenants.coupons.granting import run_batch

    wanted = sorted([await member(chain, tags=["vip"]) for _ in range(3)])
    made, some = await coupon(chain, "twice"), await segment(chain)
    answer = await give(chain, made["id"], segment=some["code"])
    payload = await (await owner()).fetchval(
        "SELECT payload::text FROM outbox WHERE tenant_id = $1 AND name = 'coupons.grant'", chain.tenant_id
    )
    import json

    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            await run_batch(json.loads(payload))
    await drain(chain.tenant_id)
    assert await granted(chain) == wanted
    assert (await job_of(chain, answer))["result"]["granted"] == 3
    assert [row["seq"] for row in await rows(chain, "member")] == [1, 1, 1]


async def test_a_coupon_that_ends_meanwhile_ends_it(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await member(chain, tags=["vip"])
    made, some = await coupon(chain, "ends"), await segment(chain)
    answer = await give(chain, made["id"], segment=some["code"])
    assert (await chain.http.patch(f"/v1/coupons/{made['id']}", json={"ended": True})).is_success
    await drain(chain.tenant_id)
    job = await job_of(chain, answer)
    assert (job["state"], job["result"]["granted"], job["result"]["ended"]) == ("done", 0, True)
    assert await granted(chain) == []


async def test_a_job_that_dies_says_so(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from saas.scope import tenant_scope
    from tenants.coupons.granting import give_up

    made, some = await coupon(chain, "dies"), await segment(chain)
    answer = await give(chain, made["id"], segment=some["code"])
    async with tenant_scope(chain.tenant_id):
        await give_up({"job_id": answer.json()["job_id"]}, "RuntimeError: x")
    assert (await job_of(chain, answer))["state"] == "failed"


async def test_the_ledgers_grant(chain: Chain) -> None:
    """What gifts and campaigns give with: the same source gives once, who gets nothing takes no number."""
    from saas.scope import tenant_scope
    from tenants.coupons.granting import lock_active
    from tenants.coupons.ledger import Grant, grant

    one, two = UUID(await member(chain)), UUID(await member(chain))
    made = await coupon(chain, "gift")
    over = await coupon(chain, "over", valid_days=None, valid_until="2020-01-01")
    source, other = uuid4(), uuid4()
    asked = [
        Grant("gift", one, "upgrade", source),
        Grant("no-such", one, "upgrade", source),
        Grant("gift", two, "upgrade", source, seq=7),
        Grant("gift", one, "birthday", source),
        Grant("gift", one, "upgrade", source),
        Grant("over", two, "upgrade", other),
    ]
    answers = []
    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            locked = await lock_active([two, one, uuid4()])
            assert locked.members == {one, two}
            answers.append(await grant(asked, recorded_at=locked.recorded_at, today=locked.today))
    first = answers[0]
    assert answers[1] == first
    assert [given is None for given in first] == [False, True, False, False, False, True]
    assert first[0] == first[4]
    assert len({*first}) == 4
    found = {row["id"]: row for row in await rows(chain, "coupon_grant")}
    assert found.keys() == {given for given in first if given is not None}
    assert {row["coupon_id"] for row in found.values()} == {UUID(made["id"])} != {UUID(over["id"])}
    entries = {row["grant_id"]: (row["seq"], row["source_id"]) for row in await rows(chain, "coupon_entry")}
    assert entries == {first[0]: (1, source), first[2]: (7, source), first[3]: (1, source)}
    assert {row["id"]: row["seq"] for row in await rows(chain, "member")} == {one: 1, two: 0}
