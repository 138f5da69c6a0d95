"""Refunds in a purchase file: in any order of rows and files, once, and never more than the whole."""

import asyncio
import random
from typing import Any

import pytest
from benchmarks.round_trips import counted
from support.drift import drift
from support.till import bought

from tenants.imports import batch

HEADER = "external_id,member,branch,occurred_at,amount,category,refund_of\n"
MEMBERS = "external_id,phone,name\nM1,13800138001,甲\nM2,13800138002,乙\n"
SALES = [
    "T1,M1,,2025-01-01 10:00,10.00,tea,",
    "T2,M1,,2025-01-01 11:00,20.00,cake,",
    "T3,M2,,2025-02-01 10:00,5.00,,",
]
BACKS = [
    "R1,M1,,2025-01-02 10:00,-4.00,,T1",
    "R2,M1,,2025-01-03 10:00,-20.00,,T2",
    "R3,,,2025-02-02 10:00,-5.00,,T3",
    "R4,M1,,2025-01-04 10:00,-6.00,,T1",
]


@pytest.fixture
async def shop(imports: Any) -> Any:
    await imports.run(MEMBERS, "members", evaluate=False)
    return imports


async def refunds(shop: Any) -> list[tuple[Any, ...]]:
    found = await shop.query(
        "SELECT r.external_id, p.external_id AS of, r.amount, r.source FROM refund r JOIN purchase p"
        " ON p.tenant_id = r.tenant_id AND p.id = r.purchase_id WHERE r.tenant_id = $1 ORDER BY 1"
    )
    return [tuple(row.values()) for row in found]


ALL = [
    ("R1", "T1", 400, "import"),
    ("R2", "T2", 2000, "import"),
    ("R3", "T3", 500, "import"),
    ("R4", "T1", 600, "import"),
]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("seed", range(3))
async def test_rows_in_any_order_and_batches_of_any_size(
    seed: int, size: int, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", size)
    rows = SALES + BACKS
    random.Random(seed).shuffle(rows)  # noqa: S311  # a test repeats its chances
    if seed == 0:
        rows = BACKS[::-1] + SALES
    file = HEADER + "\n".join(rows) + "\n"
    done = await shop.run(file, "purchases")
    told = (done["state"], done["rows"], done["imported"], done["unchanged"], done["failed"])
    assert told == ("done", 7, 7, 0, 0), await shop.errors(done["id"])
    assert await refunds(shop) == ALL
    assert await drift(shop.chain) == []
    again = await shop.run(file, "purchases")
    assert (again["rows"], again["imported"], again["unchanged"], again["failed"]) == (7, 0, 7, 0)
    assert await refunds(shop) == ALL
    assert await drift(shop.chain) == []


async def test_files_in_either_order(shop: Any) -> None:
    early = await shop.run(HEADER + "\n".join(BACKS) + "\n", "purchases")
    assert (early["imported"], early["failed"]) == (0, 4)
    assert {code for _, _, code in await shop.codes(early["id"])} == {"unknown-purchase"}
    await shop.run(HEADER + "\n".join(SALES) + "\n", "purchases")
    late = await shop.run(HEADER + "\n".join(BACKS) + "\n", "purchases")
    assert (late["imported"], late["failed"]) == (4, 0)
    assert await refunds(shop) == ALL
    assert await drift(shop.chain) == []


async def test_the_same_file_twice_at_once_gives_back_once(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", 7)
    sales = [f"S{n},M{n % 2 + 1},,2025-01-01 10:00,10.00,tea," for n in range(40)]
    for n in range(20):
        await bought(shop.chain, f"N{n}", 1000)  # nobody's, without a lock
    backs = [f"R{n},,,2025-01-02 10:00,-10.00,,S{n}" for n in range(40)]
    backs += [f"Q{n},,,2025-01-02 10:00,-10.00,,N{n}" for n in range(20)]
    await shop.run(HEADER + "\n".join(sales) + "\n", "purchases")
    files = [HEADER + "\n".join(rows) + "\n" for rows in (backs, backs[::-1], backs)]
    ids = [(await shop.send(file, "purchases", key=str(n))).json()["import_id"] for n, file in enumerate(files)]
    while {(await shop.read(i))["state"] for i in ids} != {"done"}:
        await asyncio.gather(*(shop.drain(shop.chain.tenant_id) for _ in files))
    done = [await shop.read(i) for i in ids]
    assert [sum(d[what] for d in done) for what in ("imported", "unchanged", "failed")] == [60, 120, 0]
    assert await drift(shop.chain) == []


async def test_a_file_in_minor_units_is_answered_in_them(shop: Any) -> None:
    rows = "T1,M1,,2025-01-01 10:00,1000,,\nR1,M1,,2025-01-02 10:00,-1001,,T1\n"
    done = await shop.run(HEADER + rows, "purchases", minor_units=True)
    (told,) = await shop.errors(done["id"])
    assert told[2:] == ["refund-exceeds-purchase", "no more than 1000 of this purchase is left to give back", "'-1001"]


async def test_many_members_refunds_take_no_more_statements_than_a_few(shop: Any) -> None:
    """Not one for each member's tiers that come into question, either."""
    people = [f"P{n},1390013{n:04},丙" for n in range(60)]
    await shop.run("external_id,phone,name\n" + "\n".join(people) + "\n", "members", evaluate=False)
    sales = [f"S{n},P{n},,2025-01-01 10:00,900.00,," for n in range(60)]
    await shop.run(HEADER + "\n".join(sales) + "\n", "purchases")
    backs = [f"R{n},,,2025-01-02 10:00,-900.00,,S{n}" for n in range(60)]
    trips = []
    for rows in (backs[:2], backs[2:10], backs[10:]):
        sent = await shop.send(HEADER + "\n".join(rows) + "\n", "purchases", evaluate=False)
        async with counted() as found:
            await shop.drain(shop.chain.tenant_id)
        assert (await shop.read(sent.json()["import_id"]))["imported"] == len(rows)
        trips.append(found.count)
    assert len(await shop.query("SELECT member_id FROM tier_recheck WHERE tenant_id = $1")) == 60
    assert trips[2] <= trips[1] + 3  # the slack is the larger file's own


async def test_what_cannot_be_given_back_is_named(shop: Any) -> None:
    rows = [
        *SALES,
        "R1,M1,,2025-01-02 10:00,-8.00,,T1",  # line 5
        "R2,M1,,2025-01-03 10:00,-3.00,,T1",  # only 2.00 is left by then
        "R3,M1,,2025-01-01 12:00,-1.00,,T9",
        "R4,M2,,2025-01-01 12:00,-1.00,,T1",
        "R5,nobody,,2025-01-01 12:00,-1.00,,T1",
        "R6,M1,,2025-01-01 12:00,1.00,,T1",
        "R7,M1,,2025-01-01 12:00,-1.00,,",
        "R8,M1,nowhere,2025-01-01 12:00,-1.00,,T1",
        "R1,M1,,2025-01-02 10:00,-7.00,,T1",
        "R9,M1,,soon,ten,,T1",
        "R1,M1,,2025-01-02 10:00,-8.00,,T1",
    ]
    done = await shop.run(HEADER + "\n".join(rows) + "\n", "purchases")
    assert (done["rows"], done["imported"], done["unchanged"], done["failed"]) == (14, 4, 1, 9)
    assert await shop.codes(done["id"]) == [
        (6, "amount", "refund-exceeds-purchase"),
        (7, "refund_of", "unknown-purchase"),
        (8, "member", "refund-of-other-member"),
        (9, "member", "unknown-member"),
        (10, "amount", "refund-not-negative"),
        (11, "amount", "refund-of-missing"),
        (12, "branch", "unknown-branch"),
        (13, "external_id", "external-id-conflict"),
        (14, "amount", "invalid-amount"),
        (14, "occurred_at", "invalid-datetime"),
    ]
    told = await shop.errors(done["id"])
    messages = {row[2]: row[3] for row in told}
    assert told[0][4] == "'-3.00"  # as the file says it, and no formula where a spreadsheet opens it
    chinese = {row[2]: row[3] for row in await shop.errors(done["id"], "zh-CN")}
    assert messages["refund-exceeds-purchase"] == "no more than 2.00 of this purchase is left to give back"
    assert chinese["refund-exceeds-purchase"] == "该笔消费最多还可退 2.00"
    assert (messages["unknown-purchase"], chinese["unknown-purchase"]) == (
        "no such purchase at this branch",
        "本门店没有这笔消费",
    )
    assert await refunds(shop) == [("R1", "T1", 800, "import")]
    assert await drift(shop.chain) == []


async def test_a_dry_run_finds_the_same_and_writes_nothing(shop: Any) -> None:
    rows = [*BACKS, *SALES, "R9,M1,,2025-01-09 10:00,-0.01,,T1", "R8,M1,,2025-01-09 10:00,-0.01,,T8"]
    done = await shop.run(HEADER + "\n".join(rows) + "\n", "purchases", dry_run=True)
    assert (done["rows"], done["imported"], done["failed"]) == (9, 7, 2)
    assert await shop.codes(done["id"]) == [
        (9, "amount", "refund-exceeds-purchase"),
        (10, "refund_of", "unknown-purchase"),
    ]
    assert await refunds(shop) == await shop.purchases() == []


async def test_a_tills_purchases_are_given_back_by_a_file(shop: Any) -> None:
    one = (await shop.query("SELECT id FROM member WHERE tenant_id = $1 AND external_id = 'M1'"))[0]["id"]
    lines = [{"category": "tea", "amount": 300}, {"category": "cake", "amount": 100}]
    await bought(shop.chain, "1", None, member_id=str(one), lines=lines)
    await bought(shop.chain, "2", 500)  # nobody's
    rows = ["A,M1,,2030-01-01,-2.00,,1", "B,,,2030-01-01,-5.00,,2", "C,M1,,2030-01-01,-1.00,,2"]
    file = HEADER.replace("2030", "2026") + "\n".join(rows).replace("2030", "2026") + "\n"
    done = await shop.run(file, "purchases")
    assert (done["imported"], done["failed"]) == (2, 1), await shop.errors(done["id"])
    assert await shop.codes(done["id"]) == [(4, "member", "refund-of-other-member")]
    assert await drift(shop.chain) == []


async def test_categories_of_imported_purchases_are_measured(shop: Any) -> None:
    await shop.run(HEADER + "\n".join(SALES) + "\n", "purchases")
    found = await shop.query(
        "SELECT measure, total::bigint AS total, facts FROM measure_month WHERE tenant_id = $1"
        " AND measure LIKE 'category:%' ORDER BY 1"
    )
    assert [tuple(row.values()) for row in found] == [("category:cake", 2000, 1), ("category:tea", 1000, 1)]
    assert {p["programme_version"] for p in await shop.query("SELECT * FROM purchase WHERE tenant_id = $1")} == {1}
    assert await drift(shop.chain) == []


async def test_a_first_purchase_in_a_file_counts_for_whoever_brought_the_member(shop: Any) -> None:
    http = shop.chain.http
    one = (await http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]
    brought = await http.post("/v1/members", json={"external_id": "M3", "name": "丙", "referrer_id": one})
    assert brought.status_code == 201, brought.text
    rows = ["A,M3,,2025-03-01,5.00,,", "B,M3,,2025-02-01,5.00,,", "C,M3,,2025-03-02,-5.00,,B"]
    await shop.run(HEADER + "\n".join(rows) + "\n", "purchases")
    counted = "SELECT counted_on::text AS day FROM referral WHERE tenant_id = $1"
    assert [row["day"] for row in await shop.query(counted)] == ["2025-03-01"]
    assert await drift(shop.chain) == []
