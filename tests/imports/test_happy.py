import gzip
import json
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tenants.imports import batch

MEMBERS = "external_id,phone,card_no,name,birthday,gender,joined_on,branch\n" + "".join(
    f"M{n},1380013{n:04d},C{n},会员{n},1990-01-{n % 28 + 1:02d},{'FM'[n % 2]},2024-01-02,\n" for n in range(20)
)
PURCHASES = "external_id,member,occurred_at,amount,category\n" + "".join(
    f"T{n},M{n % 20},2025-0{n % 9 + 1}-15T12:0{n % 10}:00,{n}.5,书\n" for n in range(200)
)


def as_ndjson(text: str) -> str:
    header, *rows = text.strip().split("\n")
    names = header.split(",")
    return "".join(json.dumps(dict(zip(names, row.split(","), strict=True)), ensure_ascii=False) + "\n" for row in rows)


ENCODINGS = {
    "plain": lambda text: text.encode(),
    "bom": lambda text: text.encode("utf-8-sig"),
    "gb18030": lambda text: text.encode("gb18030"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "no-last-newline": lambda text: text.strip().encode(),
    "quoted": lambda text: "".join(
        ",".join(f'"{c}"' for c in line.split(",")) + "\n" for line in text.strip().split("\n")
    ).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip-gb18030": lambda text: gzip.compress(text.encode("gb18030")),
    "gzip-members": lambda text: gzip.compress(text.encode()[:100]) + gzip.compress(text.encode()[100:]),
    "ndjson": lambda text: as_ndjson(text).encode(),
    "ndjson-gzip-bom": lambda text: gzip.compress(as_ndjson(text).encode("utf-8-sig")),
}


@pytest.mark.parametrize("form", ENCODINGS)
async def test_members_and_purchases_in_every_form(imports: Any, form: str) -> None:
    made = await imports.run(ENCODINGS[form](MEMBERS), "members")
    assert made["state"] == "done", made
    counts = {key: made[key] for key in ("rows", "imported", "updated", "unchanged", "failed", "error")}
    assert counts == {"rows": 20, "imported": 20, "updated": 0, "unchanged": 0, "failed": 0, "error": None}
    bought = await imports.run(ENCODINGS[form](PURCHASES), "purchases")
    assert (bought["rows"], bought["imported"], bought["failed"]) == (200, 200, 0), bought
    assert bought["recalculation_id"] is not None
    assert bought["seconds"] > 0
    rows = await imports.purchases()
    assert rows[0] == (
        "M0", "main", "T0", datetime(2025, 1, 15, 4, 0, tzinfo=UTC), date(2025, 1, 15), 50, "书",
    ) or rows[0][2:] == ("T0", datetime(2025, 1, 15, 4, 0, tzinfo=UTC), date(2025, 1, 15), 50, "书")  # fmt: skip
    await imports.assert_aggregates()
    names = await imports.query("SELECT name, phone, gender FROM member WHERE tenant_id = $1 ORDER BY phone LIMIT 2")
    assert names == [
        {"name": "会员0", "phone": "+8613800130000", "gender": "female"},
        {"name": "会员1", "phone": "+8613800130001", "gender": "male"},
    ]


async def test_twice_is_once(imports: Any) -> None:
    await imports.run(MEMBERS, "members")
    first = await imports.run(PURCHASES, "purchases")
    before = await imports.query("SELECT * FROM purchase WHERE tenant_id = $1 ORDER BY id")
    numbered = (
        "SELECT m.id, q.seq, m.revision FROM member m JOIN member_number q ON q.tenant_id = $1 AND q.member_id = m.id"
        " WHERE m.tenant_id = $1 ORDER BY m.id"
    )
    seqs = await imports.query(numbered)
    members = await imports.run(MEMBERS, "members")
    assert (members["imported"], members["updated"], members["unchanged"]) == (0, 0, 20)
    again = await imports.run(PURCHASES, "purchases")
    assert (first["imported"], again["imported"], again["unchanged"], again["failed"]) == (200, 0, 200, 0)
    assert again["recalculation_id"] is None
    assert await imports.query("SELECT * FROM purchase WHERE tenant_id = $1 ORDER BY id") == before
    assert await imports.query(numbered) == seqs != []


async def test_any_order_gives_the_same(imports: Any, new_chain: Any) -> None:
    other = type(imports)(await new_chain(), imports.drain)
    header, *rows = PURCHASES.strip().split("\n")
    shuffled = random.Random(1).sample(rows, len(rows))  # noqa: S311 - any order will do
    for target, lines in ((imports, rows), (other, shuffled)):
        await target.run(MEMBERS, "members")
        await target.run("\n".join([header, *lines]), "purchases")
        await target.assert_aggregates()
    assert await imports.purchases() == await other.purchases()
    totals = (
        "SELECT spend, purchases, max_purchase, last_day FROM member_total WHERE tenant_id = $1 ORDER BY 1, 2, 3, 4"
    )
    assert await imports.query(totals) == await other.query(totals)


async def test_tiers_are_decided_when_the_import_is_through(imports: Any) -> None:
    await imports.run("external_id,name\nA,甲\nB,乙\n", "members", evaluate=False)
    rows = "external_id,member,occurred_at,amount\nT1,A,2025-01-01,2999.99\nT2,A,2025-02-01,700.01\nT3,B,2025-02-01,1\n"
    done = await imports.run(rows, "purchases", evaluate=False)
    assert done["recalculation_id"] is None
    held = (
        "SELECT m.external_id, t.tier FROM member_tier t JOIN member m ON m.tenant_id = t.tenant_id"
        " AND m.id = t.member_id WHERE t.tenant_id = $1"
    )
    assert await imports.query(held) == []
    done = await imports.run(rows + "T4,B,2025-02-02,1\n", "purchases")
    job = (await imports.http.get(f"/v1/jobs/{done['recalculation_id']}")).json()
    assert job["state"] == "done", job
    assert [row["external_id"] for row in await imports.query(held)] == ["A"]  # the first import's facts too


async def test_mapping_minor_units_and_unmapped_columns(imports: Any) -> None:
    mapping = {"member_id": "external_id", "卡号": "card_no"}
    await imports.run("name,member_id,卡号\n无关,M1,C1\n", "members", mapping=mapping)
    assert await imports.query("SELECT external_id, card_no, name FROM member WHERE tenant_id = $1") == [
        {"external_id": "M1", "card_no": "C1", "name": None}
    ]
    mapping = {"ticket": "external_id", "who": "member", "when": "occurred_at", "amount_cents": "amount"}
    rows = "ticket,who,when,amount,amount_cents\nT1,M1,1997-01-01T00:00:00,77.01,7701\n"
    done = await imports.run(rows, "purchases", mapping=mapping, minor_units=True)
    assert done["imported"] == 1
    assert [row[5] for row in await imports.purchases()] == [7701]


async def test_members_are_found_by_external_id_phone_and_card(imports: Any) -> None:
    await imports.run("external_id,phone,card_no\nM1,13800138001,C1\n13800138002,,\n,13800138002,\n", "members")
    rows = "external_id,member,occurred_at,amount\n" + "".join(
        f"T{n},{key},2025-01-01 08:00,1\n"
        for n, key in enumerate(["M1", "138 0013 8001", "+8613800138001", "C1", "13800138002"])
    )
    done = await imports.run(rows, "purchases")
    assert done["imported"] == 5, await imports.errors(done["id"])
    found = await imports.query(
        "SELECT m.external_id, count(*) FROM purchase p JOIN member m ON m.tenant_id = p.tenant_id"
        " AND m.id = p.member_id WHERE p.tenant_id = $1 GROUP BY 1 ORDER BY 1"
    )
    # the last key is one member's external id and another's phone: the external id counts
    assert [tuple(row.values()) for row in found] == [("13800138002", 1), ("M1", 4)]


async def test_create_missing_makes_branches_and_members(imports: Any) -> None:
    rows = "external_id,member,branch,occurred_at,amount\nT1,X1,S9,2025-03-02,5\nT2,X1,S9,2025-03-01,5\n"
    rows += "T3,13900139000,S8,2025-01-01,1\nT4,X2,S7,bad,1\nT5,139 0013 9000,S8,2025-01-02,1\n"
    refused = await imports.run(rows, "purchases")
    assert (refused["imported"], refused["failed"]) == (0, 5)
    assert {code for _, _, code in await imports.codes(refused["id"])} == {
        "unknown-member", "unknown-branch", "invalid-datetime",
    }  # fmt: skip
    done = await imports.run(rows, "purchases", create_missing=True)
    assert (done["imported"], done["failed"]) == (4, 1), await imports.errors(done["id"])
    made = await imports.query(
        "SELECT external_id, phone, joined_on FROM member WHERE tenant_id = $1 ORDER BY joined_on"
    )
    assert made == [
        {"external_id": None, "phone": "+8613900139000", "joined_on": date(2025, 1, 1)},
        {"external_id": "X1", "phone": None, "joined_on": date(2025, 3, 1)},
    ]
    codes = await imports.query("SELECT code FROM branch WHERE tenant_id = $1 AND code LIKE 'S%' ORDER BY code")
    assert [row["code"] for row in codes] == ["S8", "S9"]
    audit = await imports.query("SELECT detail FROM audit WHERE tenant_id = $1 AND action = 'branch.open'")
    assert {row["detail"].get("import_id") for row in audit} >= {done["id"]}
    again = await imports.run(rows, "purchases", create_missing=True)
    assert (again["imported"], again["unchanged"]) == (0, 4)


async def test_another_joining_day_is_a_logged_fact(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By members' files and, for members that the import itself made, by an earlier purchase in a later batch."""
    monkeypatch.setattr(batch, "BATCH_ROWS", 1)
    logged = "SELECT target, detail, actor FROM audit WHERE tenant_id = $1 AND action = 'member.joined_on' ORDER BY id"
    joined = (
        "SELECT m.id, m.joined_on, q.seq FROM member m JOIN member_number q ON q.tenant_id = $1 AND q.member_id = m.id"
        " WHERE m.tenant_id = $1 AND m.external_id = $2"
    )
    await imports.run("external_id,joined_on\nA,2025-03-01\nB,2025-03-01\n", "members", evaluate=False)
    assert await imports.query(logged) == []
    moved = "external_id,name,joined_on\nA,,2024-02-29\nB,乙,2025-03-01\n"
    await imports.run(moved, "members", evaluate=False, dry_run=True)
    assert await imports.query(logged) == []
    done = await imports.run(moved, "members", evaluate=False)
    (a,) = await imports.query(joined, "A")
    assert (a["joined_on"], a["seq"]) == (date(2024, 2, 29), 1)
    detail = {"from": "2025-03-01", "to": "2024-02-29", "import": done["id"]}
    (fact,) = await imports.query(logged)
    assert (fact["target"], fact["detail"]) == (f"member:{a['id']}", detail)
    assert fact["actor"].startswith("key:")
    rows = "external_id,member,occurred_at,amount\nT1,X,2025-03-02,5\nT2,X,2025-03-01,5\nT3,X,2025-03-03,5\n"
    done = await imports.run(rows, "purchases", create_missing=True, evaluate=False)
    (x,) = await imports.query(joined, "X")
    assert (x["joined_on"], x["seq"]) == (date(2025, 3, 1), 4)  # three purchases and the day
    detail = {"from": "2025-03-02", "to": "2025-03-01", "import": done["id"]}
    fact = (await imports.query(logged))[1]
    assert (fact["target"], fact["detail"]) == (f"member:{x['id']}", detail)
