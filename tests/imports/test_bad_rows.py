import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

HEADER = "external_id,member,branch,occurred_at,amount,category\n"
REQUIRED = ("external_id", "member", "occurred_at", "amount")
MEMBERS = "external_id,phone,card_no,name\nM1,13800138001,C1,甲\nM2,13800138002,C2,乙\n"


@pytest.fixture
async def shop(imports: Any) -> Any:
    await imports.run(MEMBERS, "members", evaluate=False)
    return imports


async def test_each_bad_row_is_named_with_line_column_and_reason(shop: Any) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    rows = [
        "T1,M1,,2025-01-01T10:00:00,10",  # line 2: too few columns
        ",M1,,2025-01-01T10:00:00,10,",
        "T3,nobody,nowhere,yesterday,ten,",
        "T4,M1,,2025-02-30T10:00:00,1.234,",
        f"T5,M1,,{ahead},10,",
        "T6,M1,,2025-01-01T10:00:00,-3,",
        "T7,M1,,2025-01-01T10:00:00,100000000000.01,",
        "T8,M1,,2025-01-01T10:00:00,10,a\tb",
        f"{'x' * 129},M1,,2025-01-01T10:00:00,10,",
        "",
        'T9,M1,,2025-01-01T10:00:00,"10,5",',
        "good,M1,,2025-01-01T10:00:00,10,,,",  # more columns, but empty
        "T10,M1,,2025-01-01T10:00:00,10,,extra",
        "T11\x00,M1,,2025-01-01T10:00:00,10,",
    ]
    done = await shop.run(HEADER + "\n".join(rows) + "\n", "purchases")
    assert (done["state"], done["rows"], done["imported"], done["failed"]) == ("done", 13, 1, 12)
    assert await shop.codes(done["id"]) == [
        (2, "", "wrong-column-count"),
        (3, "external_id", "required"),
        (4, "amount", "invalid-amount"),
        (4, "branch", "unknown-branch"),
        (4, "member", "unknown-member"),
        (4, "occurred_at", "invalid-datetime"),
        (5, "amount", "too-many-decimals"),
        (5, "occurred_at", "invalid-datetime"),
        (6, "occurred_at", "occurred-too-far-ahead"),
        (7, "amount", "refund-of-missing"),
        (8, "amount", "out-of-range"),
        (9, "category", "control-character"),
        (10, "external_id", "too-long"),
        (12, "amount", "invalid-amount"),
        (14, "", "wrong-column-count"),
        (15, "external_id", "control-character"),
    ]
    assert [row[2] for row in await shop.purchases()] == ["good"]
    await shop.assert_aggregates()


async def test_errors_are_safe_in_a_spreadsheet_and_in_the_readers_language(shop: Any) -> None:
    rows = 'T1,"=HYPERLINK(""x"")",,2025-01-01,10,\nT2,M1,,2025-01-01,-5,\nT3,@SUM,,2025-01-01,10,\n'
    done = await shop.run(HEADER + rows, "purchases")
    english = await shop.errors(done["id"])
    assert [row[4] for row in english] == ['\'=HYPERLINK("x")', "'-5", "'@SUM"]
    assert english[0][3] == "no such member"
    chinese = await shop.errors(done["id"], "zh-CN")
    assert [row[3] for row in chinese] == [
        "没有这位会员",
        "负数金额是退款：请在 refund_of 填写原消费单号",
        "没有这位会员",
    ]


async def test_an_open_quote_costs_its_own_line_only(shop: Any) -> None:
    good = [f'T{n},M1,,2025-01-01,{n},"book, old"' for n in range(50)]
    rows = good.copy()
    rows.insert(10, 'B1,M1,,2025-01-01,1,"never closed')
    rows.insert(30, 'B2,"M1" x,,2025-01-01,1,')
    rows.append('B3,M1,,2025-01-01,1,"')
    done = await shop.run(HEADER + "\n".join(rows), "purchases")
    assert (done["imported"], done["failed"]) == (50, 3), await shop.errors(done["id"])
    assert await shop.codes(done["id"]) == [
        (12, "", "quote-not-closed"),
        (32, "", "malformed-row"),
        (54, "", "quote-not-closed"),
    ]


async def test_an_open_quote_before_a_megabyte_without_quotes(shop: Any) -> None:
    good = [f"T{n},M1,,2025-01-01,{n % 7},{'x' * 50}" for n in range(15_000)]
    rows = ['B1,M1,,2025-01-01,1,"never closed', *good, 'T15000,M1,,2025-01-01,1,"y"']
    done = await shop.run(HEADER + "\n".join(rows), "purchases", evaluate=False)
    assert (done["rows"], done["imported"], done["failed"]) == (15_002, 15_001, 1)
    assert await shop.codes(done["id"]) == [(2, "", "quote-not-closed")]


async def test_endless_lines_are_skipped(shop: Any) -> None:
    rows = (
        f'T1,M1,,2025-01-01,1,\n{"x" * 3_000_000}\nT2,M1,,2025-01-01,1,\n"open{"y" * 1_500_000}\nT3,M1,,2025-01-01,1,\n'
    )
    done = await shop.run(HEADER + rows, "purchases")
    assert (done["imported"], done["failed"]) == (3, 2)
    assert await shop.codes(done["id"]) == [(3, "", "row-too-long"), (5, "", "row-too-long")]


async def test_wrong_bytes_in_the_middle_are_a_row_error(shop: Any) -> None:
    rows = "T1,M1,,2025-01-01,1,书\n".encode() + "T2,M1,,2025-01-01,1,书\n".encode("gb18030")
    rows += "T3,M1,,2025-01-01,1,本\n".encode()
    done = await shop.run(HEADER.encode() + rows, "purchases")
    assert (done["imported"], done["failed"]) == (2, 1)
    assert await shop.codes(done["id"]) == [(3, "category", "wrong-encoding")]
    rows = "U1,M1,,2025-01-01,1,书\nU2,M1,,2025-01-01,1,书\n".encode("gb18030") + b"U3,M1,,2025-01-01,1,\xff\xff\n"
    done = await shop.run(HEADER.encode() + rows, "purchases")
    assert (done["imported"], done["failed"]) == (2, 1), await shop.errors(done["id"])
    assert [row[6] for row in await shop.purchases() if row[2].startswith("U")] == ["书", "书"]


async def test_bad_json_lines(shop: Any) -> None:
    good = {"external_id": "T1", "member": "M1", "occurred_at": "2025-01-01", "amount": 12.10}
    lines = [
        json.dumps(good),
        "[1, 2]",
        '{"external_id": "T2", ',
        json.dumps({**good, "external_id": 3, "amount": 5}),
        json.dumps({**good, "external_id": "T4", "amount": True}),
        json.dumps({**good, "external_id": "T5", "member": {"id": 1}, "amount": "1e3"}),
        '{"external_id": "T6\\u0000", "member": "M1", "occurred_at": "2025-01-01", "amount": NaN}',
        '{"external_id": "T7\\ud800", "member": "M1\\u0000", "occurred_at": "2025-01-01", "amount": 1}',
        "[" * 100_000,
        "",
        json.dumps({**good, "external_id": "T8", "member": None}),
    ]
    done = await shop.run("\n".join(lines), "purchases")
    assert (done["rows"], done["imported"], done["failed"]) == (10, 2, 8)
    assert await shop.codes(done["id"]) == [
        (2, "", "malformed-json"),
        (3, "", "malformed-json"),
        (5, "amount", "wrong-type"),
        (6, "amount", "invalid-amount"),
        (6, "member", "wrong-type"),
        (7, "", "malformed-json"),
        (8, "external_id", "control-character"),
        (8, "member", "control-character"),
        (9, "", "malformed-json"),
        (11, "member", "required"),
    ]
    assert {(row[2], row[5]) for row in await shop.purchases()} == {("T1", 1210), ("3", 500)}


async def test_one_number_twice_in_a_file(shop: Any) -> None:
    rows = "T1,M1,,2025-01-01,5,\nT1,M1,,2025-01-01,5.00,\nT1,M1,,2025-01-01,6,\n"
    rows += "T1,M2,,2025-01-01,5,\nT2,M1,,2025-01-01,1,\n"
    done = await shop.run(HEADER + rows, "purchases")
    assert (done["imported"], done["unchanged"], done["failed"]) == (2, 1, 2)
    assert await shop.codes(done["id"]) == [
        (4, "external_id", "external-id-conflict"),
        (5, "external_id", "external-id-conflict"),
    ]
    later = await shop.run(HEADER + "T1,M1,,2025-01-01,7,\nT2,M1,,2025-01-01,1,\nT2,M1,,2025-01-01,2,\n", "purchases")
    assert (later["imported"], later["unchanged"], later["failed"]) == (0, 1, 2)
    await shop.assert_aggregates()


async def test_the_tills_own_purchase_is_known(shop: Any) -> None:
    found = await shop.query("SELECT id FROM member WHERE tenant_id = $1 AND external_id = 'M1'")
    body = {
        "member_id": str(found[0]["id"]),
        "branch_id": shop.chain.branch_id,
        "external_id": "T1",
        "occurred_at": "2025-01-01T10:00:00+08:00",
        "amount": 500,
        "external_amounts": True,
    }
    answer = await shop.http.post("/v1/purchases", json=body)
    assert answer.status_code == 201, answer.text
    rows = "T1,M1,,2025-01-01 10:00:00,5,\nT1,M1,,2025-01-01 10:00:01,5,\n"
    done = await shop.run(HEADER + rows, "purchases")
    assert (done["imported"], done["unchanged"], done["failed"]) == (0, 1, 1)


async def test_members_of_a_file_apply_one_after_the_other(imports: Any) -> None:
    rows = (
        "external_id,phone,card_no,name,gender,joined_on\n"
        "A,13800138001,,甲,M,2024/1/5\n"
        ",13800138001,C1,,,\n"  # found by phone, gets a card
        "B,13800138001,,乙,,\n"  # another external id: the phone is A's
        "B,13800138002,C1,乙,,\n"  # the card is A's
        "B,13800138002,C2,乙,female,\n"
        "A,13800138003,,,,\n"  # gives its phone up
        "B,13800138001,,,,\n"  # which is free then
        ",,C2,丙,,\n"
        ",,,丁,,\n"
        "D,12345,,,x,2999-01-01\n"
        "B,13800138001,C2,丙,女,\n"
    )
    done = await imports.run(rows, "members")
    assert await imports.codes(done["id"]) == [
        (4, "phone", "phone-taken"),
        (5, "card_no", "card-taken"),
        (10, "", "identifier-missing"),
        (11, "gender", "not-allowed"),
        (11, "joined_on", "out-of-range"),
        (11, "phone", "phone-invalid"),
    ]
    assert (done["imported"], done["updated"], done["unchanged"], done["failed"]) == (2, 4, 1, 4)
    found = await imports.query(
        "SELECT external_id, phone, card_no, name, gender, joined_on::text FROM member WHERE tenant_id = $1"
        " ORDER BY external_id"
    )
    today = (await imports.query("SELECT current_date::text AS day WHERE $1::uuid IS NOT NULL"))[0]["day"]
    assert [tuple(row.values())[:5] for row in found] == [
        ("A", "+8613800138003", "C1", "甲", "male"),
        ("B", "+8613800138001", "C2", "丙", "female"),
    ]
    assert found[0]["joined_on"] == "2024-01-05"
    assert found[1]["joined_on"] >= today
    leads = await imports.query(
        "SELECT i.kind, i.value, m.external_id FROM member_identity i JOIN member m ON m.tenant_id = i.tenant_id"
        " AND m.id = i.member_id WHERE i.tenant_id = $1 ORDER BY 1, 2"
    )
    assert [tuple(row.values()) for row in leads] == [
        ("card", "C1", "A"),
        ("card", "C2", "B"),
        ("external_id", "A", "A"),
        ("external_id", "B", "B"),
        ("phone", "+8613800138001", "B"),
        ("phone", "+8613800138003", "A"),
    ]


async def test_a_dry_run_finds_the_same_and_writes_nothing(shop: Any) -> None:
    rows = "T1,M1,,2025-01-01,5,\nT2,nobody,,2025-01-01,5,\nT1,M1,,2025-01-01,6,\nT3,M1,S5,2025-01-01,x,\n"
    dry = await shop.run(HEADER + rows, "purchases", dry_run=True)
    assert (dry["state"], dry["rows"], dry["imported"], dry["failed"]) == ("done", 4, 1, 3)
    for table in ("purchase", "purchase_external", "member_total", "member_month", "member_day"):
        assert await shop.query(f"SELECT 1 FROM {table} WHERE tenant_id = $1") == []
    assert await shop.query("SELECT 1 FROM member_number WHERE tenant_id = $1") == []
    dry_errors = await shop.errors(dry["id"])
    real = await shop.run(HEADER + rows, "purchases")
    assert await shop.errors(real["id"]) == dry_errors
    assert real["imported"] == 1
    dry = await shop.run("external_id,branch\nZ1,S9\n", "members", dry_run=True, create_missing=True)
    assert dry["imported"] == 1
    assert await shop.query("SELECT 1 FROM branch WHERE tenant_id = $1 AND code = 'S9'") == []


@pytest.mark.parametrize(
    ("file", "options", "expected"),
    [
        ("", {}, [("", "file-empty")]),
        (" \n\n", {}, [("", "file-empty")]),
        ("a,b\n1,2\n", {}, [(field, "required") for field in REQUIRED]),
        ("external_id,member,occurred_at\n", {}, [("amount", "required")]),
        (HEADER, {"mapping": {"nr": "external_id", "member": "member"}}, [("nr", "unknown-column")]),
        ("external_id,external_id,member,occurred_at,amount\n", {}, [("external_id", "duplicate")]),
        ('external_id,"member\n1,2\n', {}, [("", "malformed-row")]),
        (HEADER.encode("utf-16"), {}, [("", "encoding-not-accepted")]),
        (b"PK\x03\x04" + b"\x00" * 100, {}, [("", "not-text")]),
        ('{"external_id": "1"}', {"mapping": {"a": "external_id"}}, [(field, "required") for field in REQUIRED[1:]]),
    ],
)  # fmt: skip
async def test_a_file_that_does_not_fit_fails_as_a_whole(
    imports: Any, file: str | bytes, options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    done = await imports.run(file, "purchases", **options)
    assert (done["state"], done["rows"], done["imported"]) == ("failed", 0, 0)
    assert [(error["column"], error["code"]) for error in done["error"]["errors"]] == expected
    assert done["error"]["message"]
    job = (await imports.http.get(f"/v1/jobs/{done['id']}")).json()
    assert job["state"] == "failed"
    assert job["error"] == {"code": "import-invalid"}
    assert await imports.errors(done["id"]) == []
