"""The nights: what has had its last day leaves the balances once, in batches, and members hear of it 30 days ahead."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.feed import told_of
from support.midnights import pass_time, work
from support.till import member, rows

from saas.running import run_due
from saas.scheduler import fire_due
from saas.scope import connection, tenant_scope
from tenants.nightly import this_night
from tenants.points import expiring, ledger
from tenants.points.expiring import run_expiry, run_notices
from tenants.verifying.ledgers import verify_ledgers


def at(text: str) -> datetime:
    """In Shanghai, 8 hours ahead."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=8)


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    """Its clock stands at noon of 10 March 2031, and no night has been missed before."""
    await set_clock(chain.tenant_id, at("2031-03-10 12:00"))
    await (await owner()).execute(
        "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1", chain.tenant_id, at("2031-03-11 00:00")
    )
    return chain


async def give(chain: Chain, who: str, points: int, expires_on: str) -> None:
    body = {"member_id": who, "points": points, "reason": "x", "expires_on": expires_on}
    answer = await chain.http.post("/v1/points/adjust", json=body)
    assert answer.status_code == 201, answer.text


async def held(chain: Chain, who: str) -> dict[str, Any]:
    found: dict[str, Any] = (await chain.http.get(f"/v1/members/{who}/points")).json()
    return found


async def told(chain: Chain) -> list[tuple[str, str, int]]:
    """Who was told of which day and how many points."""
    found = await told_of(chain.tenant_id, "points.expiring")
    data = [(str(row["member_id"]), json.loads(row["data"])) for row in found]
    return sorted((who, each["expires_on"], each["points"]) for who, each in data)


async def proved(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []


async def test_points_live_to_the_end_of_their_last_day(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await give(shop, who, 10, "2031-03-11")
    await give(shop, who, 5, "2031-03-12")
    await pass_time(shop, drain, at("2031-03-11 23:59"))
    assert (await held(shop, who))["spendable"] == 15
    await set_clock(shop.tenant_id, at("2031-03-12 00:00") + timedelta(milliseconds=1))
    late = await held(shop, who)  # the job hasn't come yet
    assert (late["balance"], late["spendable"], late["expiring_next"]) == (15, 5, {"points": 5, "on": "2031-03-12"})
    refused = await shop.http.post("/v1/points/redeem", json={"member_id": who, "points": 6})
    assert (refused.status_code, refused.json()["spendable"]) == (422, 5)
    await work(shop, drain)
    shown = await held(shop, who)
    assert (shown["balance"], shown["spendable"]) == (5, 5)
    assert [(e["kind"], e["points"], e["balance"], e["day"]) for e in shown["data"]] == [
        ("expire", -10, 5, "2031-03-12"),
        ("adjust", 5, 15, "2031-03-10"),
        ("adjust", 10, 10, "2031-03-10"),
    ]
    assert await rows(shop, "points_take") == []
    await proved(shop)


async def test_many_in_batches_and_the_job_twice(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "LOTS", 3)
    people = [await member(shop) for _ in range(7)]
    for n, who in enumerate(people):
        for k in range(1 + n % 3):
            await give(shop, who, 10 + k, f"2031-03-{11 + (n + k) % 3}")
        await give(shop, who, 100, "2031-12-31")
    await pass_time(shop, drain, at("2031-03-14 00:00") - timedelta(seconds=1))
    await pass_time(shop, drain, at("2031-03-14 12:00"))
    for _ in range(2):
        async with tenant_scope(shop.tenant_id):
            await run_expiry({"schedule": "points-expiry"})
    await drain(shop.tenant_id)
    assert [(await held(shop, who))["balance"] for who in people] == [100] * 7
    gone = [e for e in await rows(shop, "points_entry") if e["kind"] == "expire"]
    lots = [x for x in await rows(shop, "points_lot") if x["points"] < 100]
    assert {e["source_id"] for e in gone} == {x["id"] for x in lots}
    assert len(gone) == len(lots) == sum(1 + n % 3 for n in range(7))
    await proved(shop)
    for one in await rows(shop, "member"):  # each fact has the member's next number
        numbers = {e["seq"] for e in await rows(shop, "points_entry") if e["member_id"] == one["id"]}
        assert numbers == set(range(1, one["seq"] + 1))


async def test_a_member_with_more_lots_than_a_batch(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "LOTS", 2)
    who = await member(shop)
    for points in range(1, 6):
        await give(shop, who, points, "2031-03-11")
    await give(shop, who, 9, "2031-03-12")
    await pass_time(shop, drain, at("2031-03-13 12:00"))
    assert (await held(shop, who))["balance"] == 0
    await proved(shop)


async def test_a_night_that_dies_comes_again(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "LOTS", 2)
    people = [await member(shop) for _ in range(5)]
    for who in people:
        await give(shop, who, 10, "2031-03-11")
    await pass_time(shop, drain, at("2031-03-11 12:00"))
    await set_clock(shop.tenant_id, at("2031-03-12 00:01"))
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "_EXPIRE", ledger._EXPIRE + " RETURNING 1 / 0")
        for _ in range(3):
            await fire_due(shop.tenant_id)
            await run_due(shop.tenant_id)
            await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", shop.tenant_id)
    assert [(await held(shop, who))["balance"] for who in people] == [10] * 5
    await run_due(shop.tenant_id)  # one batch is through; the next one's process dies before it begins
    await work(shop, drain)
    assert [(await held(shop, who))["balance"] for who in people] == [0] * 5
    await proved(shop)


async def test_nights_that_were_missed_are_made_up_for_at_once(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    for day in (11, 13, 15):
        await give(shop, who, day, f"2031-03-{day}")
    await set_clock(shop.tenant_id, at("2031-03-15 12:00"))
    await work(shop, drain)
    shown = await held(shop, who)
    assert (shown["balance"], [e["points"] for e in shown["data"][:2]]) == (15, [-13, -11])
    due = {row["name"]: row["next_at"] for row in await rows(shop, "schedule")}
    assert due["points-expiry"] == due["points-notices"] == at("2031-03-16 00:00")


async def test_what_comes_back_after_its_lots_last_day_lives_30_days(shop: Chain, drain: Any) -> None:
    who = await member(shop)
    await give(shop, who, 10, "2031-03-11")
    await give(shop, who, 10, "2031-12-31")
    spent = (await shop.http.post("/v1/points/redeem", json={"member_id": who, "points": 15})).json()
    await pass_time(shop, drain, at("2031-03-20 12:00"))
    async with tenant_scope(shop.tenant_id):
        night = await this_night()
        took, lots = await ledger.taken([("use", UUID(spent["id"]))])
        book = await ledger.read(UUID(who))
        fact = ledger.Fact(UUID(who), 4, UUID(spent["id"]), night.now, night.today, "system")
        book.give_back(fact, "undo_redeem", took, 15, lots)
        await ledger.post(book.postings)
    shown = await held(shop, who)
    assert (shown["balance"], shown["expiring_next"]) == (20, {"points": 10, "on": "2031-04-19"})
    await proved(shop)


async def test_members_hear_once_30_days_ahead(shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "TOLD", 2)
    people = sorted([await member(shop) for _ in range(5)])
    for who in people:
        await give(shop, who, 10, "2031-04-11")
        await give(shop, who, 5, "2031-04-11")
    await give(shop, people[0], 7, "2031-04-12")
    await pass_time(shop, drain, at("2031-03-11 23:59"))
    assert await told(shop) == []
    await pass_time(shop, drain, at("2031-03-12 12:00"))
    first = [(who, "2031-04-11", 15) for who in people]
    assert await told(shop) == first
    for _ in range(2):
        async with tenant_scope(shop.tenant_id):
            await run_notices({"schedule": "points-notices"})
        await drain(shop.tenant_id)
    assert await told(shop) == first
    await give(shop, people[1], 3, "2031-04-11")  # heard of that day already
    await give(shop, people[1], 3, "2031-03-13")
    await pass_time(shop, drain, at("2031-03-13 12:00"))
    assert await told(shop) == sorted([*first, (people[0], "2031-04-12", 7), (people[1], "2031-03-13", 3)])
    assert len(await rows(shop, "points_notice")) == 7


async def test_who_has_left_or_spent_all_hears_nothing(shop: Chain, drain: Any) -> None:
    left, spent = await member(shop), await member(shop)
    for who in (left, spent):
        await give(shop, who, 10, "2031-04-01")
    assert (await shop.http.delete(f"/v1/members/{left}")).is_success
    assert (await shop.http.post("/v1/points/redeem", json={"member_id": spent, "points": 10})).status_code == 201
    await pass_time(shop, drain, at("2031-03-12 12:00"))
    assert await told(shop) == []


async def test_the_night_asks_indexes_as_the_role_app(shop: Chain) -> None:
    async with tenant_scope(shop.tenant_id):
        arguments = [shop.tenant_id, date(2031, 3, 12), date.min, UUID(int=0), 10_000]
        await connection().execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        value = await connection().fetchval(f"EXPLAIN (FORMAT JSON) {expiring.NEXT}", *arguments)
        text = value if isinstance(value, str) else json.dumps(value)
        assert "points_lot_tenant_id_expires_on_member_id_idx" in text
        assert "Seq Scan" not in text
