"""What taken-over tiers lead to: the evaluation after the import, validities that end, a rebuild."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from opening_club import CARD, CLUB, HEADER, NOW, held, ladder, publish
from support.clock import owner
from support.midnights import begin, pass_time

from saas.ids import first_id_since
from tenants.imports import batch

SALES = "external_id,member,occurred_at,amount\n"
NAMES = [("base", "普通", "Regular"), ("silver", "银卡", "Silver"), ("g", "金卡", "Gold")]


async def chain_of(imports: Any, *ladders: dict[str, Any], members: int = 3) -> Any:
    await begin(imports.chain, NOW, "Asia/Shanghai")
    await publish(imports.chain, *ladders)
    await imports.run(
        "external_id,joined_on\n" + "".join(f"M{n},2028-01-01\n" for n in range(1, members + 1)), "members"
    )
    return imports


async def reasons(imports: Any) -> list[tuple[str, ...]]:
    """Every decision in the order made: member, reason, from, to."""
    found = await imports.query(
        "SELECT m.external_id, d.reason, d.from_tier, d.to_tier FROM decision d"
        " JOIN member m ON m.tenant_id = d.tenant_id AND m.id = d.member_id WHERE d.tenant_id = $1 ORDER BY d.id"
    )
    return [tuple(row.values()) for row in found]


async def result(imports: Any, done: dict[str, Any]) -> dict[str, Any]:
    """Of the recalculation behind an import."""
    job = (await imports.http.get(f"/v1/jobs/{done['recalculation_id']}")).json()
    assert job["state"] == "done", job
    found: dict[str, Any] = job["result"]
    return {name: found[name] for name in ("evaluated", "upgraded", "renewed", "downgraded")}


async def test_who_has_earned_more_rises_when_the_import_is_through(imports: Any) -> None:
    shop = await chain_of(imports, CARD)
    await shop.run(SALES + "T1,M1,2031-01-02,2500\nT2,M2,2031-01-02,2500\n", "purchases", evaluate=False)
    done = await shop.run(HEADER + "M1,silver,2030-06-01,\nM3,g,2030-06-01,\n", "opening_balances")
    assert sorted(await reasons(shop)) == [
        ("M1", "import", "base", "silver"),
        ("M1", "upgrade", "silver", "g"),
        ("M2", "upgrade", "base", "g"),  # the sales were left to this evaluation
        ("M3", "import", "base", "g"),
    ]
    assert (await result(shop, done))["upgraded"] == 2


async def test_without_an_evaluation_the_next_import_brings_it(imports: Any) -> None:
    shop = await chain_of(imports, CARD)
    await shop.run(SALES + "T1,M1,2031-01-02,2500\n", "purchases", evaluate=False)
    done = await shop.run(HEADER + "M1,silver,,\n", "opening_balances", evaluate=False)
    assert done["recalculation_id"] is None
    assert await held(shop) == [("M1", "card", "silver", "2031-01-15", "2032-01-14")]
    again = await shop.run(HEADER + "M2,silver,,\nM1,silver,,\n", "opening_balances")
    assert again["unchanged"] == 1
    assert ("M1", "upgrade", "silver", "g") in await reasons(shop)


async def test_an_evaluation_looks_at_those_with_openings_only(imports: Any) -> None:
    """Members of long ago, whose only fact is the opening."""
    shop = await chain_of(imports, CARD, members=0)
    old = first_id_since(datetime.now(UTC) - timedelta(hours=2)).int
    conn, tenant_id = await owner(), shop.chain.tenant_id
    for n in range(20):
        await conn.execute(
            "INSERT INTO member (tenant_id, id, external_id, joined_on, source, created_at)"
            " VALUES ($1, $2, $3, '2028-01-01', 'api', now())",
            tenant_id,
            UUID(int=old + n),
            f"M{n}",
        )
        await conn.execute(
            "INSERT INTO member_identity (tenant_id, kind, value, member_id) VALUES ($1, 'external_id', $2, $3)",
            tenant_id,
            f"M{n}",
            UUID(int=old + n),
        )
    await conn.execute("UPDATE import_run SET started_at = started_at - interval '3 hours',"
                       " finished_at = finished_at - interval '3 hours' WHERE tenant_id = $1", tenant_id)  # fmt: skip
    done = await shop.run(HEADER + "M1,silver,2030-06-01,\nM2,g,2030-06-01,\n", "opening_balances")
    assert (await result(shop, done))["evaluated"] == 2


@pytest.mark.parametrize(
    ("bought", "then"), [(None, ("downgrade", "silver", "base")), (1000, ("renew", "silver", "silver"))]
)
async def test_a_validity_that_ends_is_renewed_or_falls_as_any_other(
    bought: int | None, then: tuple[str, ...], imports: Any, drain: Any
) -> None:
    """Taken two years ago, valid for the third; no lock keeps it."""
    shop = await chain_of(imports, CARD)
    await shop.run(HEADER + "M1,silver,2029-02-10,\n", "opening_balances")
    assert await held(shop) == [("M1", "card", "silver", "2029-02-10", "2031-02-09")]
    if bought is not None:
        await shop.run(SALES + f"T1,M1,2031-01-14,{bought}\n", "purchases")
    locks = await shop.query("SELECT locked_until, may_rise FROM member_tier WHERE tenant_id = $1")
    assert locks == [{"locked_until": None, "may_rise": True}]
    await pass_time(shop.chain, drain, datetime(2031, 2, 8, 4, tzinfo=UTC), nights=["tiers"])
    assert await reasons(shop) == [("M1", "import", "base", "silver")]
    await pass_time(shop.chain, drain, datetime(2031, 3, 2, 4, tzinfo=UTC), nights=["tiers"])
    assert await reasons(shop) == [("M1", "import", "base", "silver"), ("M1", *then)]
    if bought is not None:
        assert await held(shop) == [("M1", "card", "silver", "2029-02-10", "2032-02-09")]


async def test_until_the_next_schedule_decides(imports: Any, drain: Any) -> None:
    monthly = ladder("card", ("会员卡", "Card"), NAMES, upgrade="scheduled", validity={"type": "until_next_schedule"})
    shop = await chain_of(imports, monthly)
    done = await shop.run(HEADER + "M1,g,2020-01-01,\n", "opening_balances")
    assert (await result(shop, done))["downgraded"] == 0
    assert await held(shop) == [("M1", "card", "g", "2020-01-01", "2031-01-31")]
    await pass_time(shop.chain, drain, datetime(2031, 2, 1, 4, tzinfo=UTC), nights=["tiers"])
    assert await reasons(shop) == [("M1", "import", "base", "g"), ("M1", "downgrade", "g", "base")]


async def test_a_rebuild_takes_over_what_was_said_last(imports: Any) -> None:
    shop = await chain_of(imports, CARD, CLUB)
    await shop.run(HEADER + "M1,g,2030-09-01,\nM1,vip,2030-01-01,\n", "opening_balances")
    await shop.run(HEADER + "M1,silver,2030-05-01,\n", "opening_balances")
    await shop.run(SALES + "T1,M1,2030-04-01,1000\nT2,M1,2030-07-01,900\nT3,M1,2030-08-01,100\n", "purchases")
    answer = await shop.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202, answer.text
    await shop.drain(shop.chain.tenant_id)
    decided = await shop.query(
        "SELECT day, ladder, reason, to_tier FROM decision WHERE tenant_id = $1 AND ladder = 'card' ORDER BY seq"
    )
    assert [(row["day"], row["reason"], row["to_tier"]) for row in decided] == [
        (date(2030, 4, 1), "upgrade", "silver"),
        (date(2030, 4, 30), "import", "silver"),
        (date(2030, 8, 1), "upgrade", "g"),
    ]
    assert await held(shop) == [
        ("M1", "card", "g", "2030-08-01", "2031-07-31"),
        ("M1", "club", "vip", "2030-01-01", "2031-12-31"),  # its first year was over, and earned again
    ]


async def test_files_at_once_in_any_order(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    club = await chain_of(imports, CARD, CLUB)
    monkeypatch.setattr(batch, "BATCH_ROWS", 60)
    people = "external_id\n" + "".join(f"P{n}\n" for n in range(150))
    await club.run(people, "members", evaluate=False)
    rows = [f"P{n % 150},{'vip' if n < 150 else 'silver'},2030-0{n % 9 + 1}-01,\n" for n in range(300)]
    shuffled = random.Random(1).sample(rows, len(rows))  # noqa: S311 - any order will do
    sent = [(await club.send(HEADER + "".join(lines), "opening_balances")).json() for lines in (rows, shuffled)]
    ids = [one["import_id"] for one in sent]

    async def work() -> None:
        while {(await club.read(i))["state"] for i in ids} != {"done"}:
            await club.drain(club.chain.tenant_id)

    await asyncio.gather(work(), work())
    done = [await club.read(i) for i in ids]
    assert (sum(d["imported"] for d in done), sum(d["unchanged"] for d in done)) == (300, 300)
    assert {d["failed"] for d in done} == {0}
    assert len(await held(club)) == 300
    gaps = await club.query(
        "SELECT m.id FROM member m JOIN member_number q ON q.tenant_id = $1 AND q.member_id = m.id"
        " WHERE m.tenant_id = $1 AND q.seq <>"
        " (SELECT count(DISTINCT d.seq) FROM decision d WHERE d.tenant_id = $1 AND d.member_id = m.id)"
        " + (SELECT count(DISTINCT a.seq) FROM tier_act a WHERE a.tenant_id = $1 AND a.member_id = m.id)"
    )
    assert gaps == []
