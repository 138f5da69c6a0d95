"""Files of activities: every good row in, once, each bad one with line, column and reason."""

import asyncio
import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.clock import owner

from tenants.imports import batch

HEADER = "external_id,member,kind,occurred_at,value,branch\n"
MEMBERS = "external_id,phone,card_no,name\nM1,13800138001,C1,甲\nM2,13800138002,C2,乙\nM3,,C3,丙\n"
CLASSES = {"metric": "activities", "kind": "class", "window": {"type": "lifetime"}, "gte": 3}
KINDS = {"activity_kinds": ["class", "review", "glucose_check"], "health_kinds": ["glucose_check"]}


async def rules(chain: Any, upgrade: str = "immediate") -> None:
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["policy"]["upgrade"] = upgrade
    ladder["tiers"] = [
        {"code": "base", "rank": 0, "names": {"zh-CN": "普通", "en": "Base"}},
        {"code": "top", "rank": 1, "names": {"zh-CN": "高级", "en": "Top"}, "qualify": CLASSES},
    ]
    document |= {"ladders": [ladder], **KINDS}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


@pytest.fixture
async def club(imports: Any) -> Any:
    await rules(imports.chain)
    await imports.run(MEMBERS, "members", evaluate=False)
    return imports


async def activities(imports: Any) -> list[tuple[Any, ...]]:
    """What was done, without ids and instants of recording."""
    found = await imports.query(
        "SELECT m.external_id AS member, a.external_id, a.kind, a.occurred_at, a.local_day, a.value::text, b.code,"
        " a.source FROM activity a JOIN member m ON m.tenant_id = a.tenant_id AND m.id = a.member_id"
        " LEFT JOIN branch b ON b.tenant_id = a.tenant_id AND b.id = a.branch_id WHERE a.tenant_id = $1 ORDER BY 2"
    )
    return [tuple(row.values()) for row in found]


async def assert_measures(imports: Any) -> None:
    """Days and months are the sums of the activities; every number of a member is taken once."""
    for table, key, day in (
        ("measure_day", "day", "local_day"),
        ("measure_month", "month", "date_trunc('month', local_day::timestamp)::date"),
    ):
        stored = await imports.query(
            f"SELECT member_id, measure, {key}, total, facts, valued FROM {table} WHERE tenant_id = $1"
            " AND measure ^@ 'activity' ORDER BY 1, 2, 3"
        )
        summed = await imports.query(
            f"SELECT a.member_id, c.measure, {day} AS {key}, coalesce(sum(value), 0) AS total, count(*) AS facts,"
            " count(value) AS valued FROM activity a"
            " CROSS JOIN LATERAL (VALUES ('activity'), ('activity:' || a.kind)) AS c (measure)"
            " WHERE a.tenant_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        assert stored == summed, table
    twice = await imports.query(
        "SELECT member_id FROM activity WHERE tenant_id = $1 GROUP BY member_id HAVING count(DISTINCT seq) <> count(*)"
    )
    assert twice == []


async def tiers(imports: Any) -> dict[str, str]:
    found = await imports.query(
        "SELECT m.external_id, t.tier FROM member_tier t JOIN member m ON m.tenant_id = t.tenant_id"
        " AND m.id = t.member_id WHERE t.tenant_id = $1"
    )
    return {row["external_id"]: row["tier"] for row in found}


async def test_rows_by_id_phone_and_card(club: Any) -> None:
    rows = [
        "A1,M1,class,2026-01-31 23:30,,",
        "A2,13800138002,review,2026-01-31T23:30:00Z,4.5000,main",
        "A3,C1,review,2026/2/1,-0.25,",
    ]
    code = (await club.http.get("/v1/branches")).json()["data"][0]["code"]
    done = await club.run(HEADER + "\n".join(rows).replace("main", code) + "\n", "activities")
    assert (done["state"], done["rows"], done["imported"], done["failed"]) == ("done", 3, 3, 0)
    china = timedelta(hours=8)
    at = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert await activities(club) == [
        ("M1", "A1", "class", at - china, date(2026, 1, 31), None, None, "import"),
        ("M2", "A2", "review", at, date(2026, 2, 1), "4.5000", code, "import"),
        ("M1", "A3", "review", datetime(2026, 1, 31, 16, tzinfo=UTC), date(2026, 2, 1), "-0.2500", None, "import"),
    ]
    await assert_measures(club)


async def test_each_bad_row_is_named_with_line_column_and_reason(club: Any) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    rows = [
        ",M1,class,2026-01-01,,",
        "A2,nobody,clas,yesterday,ten,nowhere",
        "A3,M1,class,2026-02-30,1.23456,",
        f"A4,M1,class,{ahead},10000000000,",
        "A5,M1,glucose_check,2026-01-01,6.1,",
        "A6,,,,,",
        "A7,M1,class,2026-01-01,1e3,",
        "A8,M1,class,2026-01-01",
        "good,M1,class,2026-01-01,,",
        "good,M1,class,2026-01-01,,",
        "good,M2,class,2026-01-01,,",
    ]
    done = await club.run(HEADER + "\n".join(rows) + "\n", "activities")
    assert (done["rows"], done["imported"], done["unchanged"], done["failed"]) == (11, 1, 1, 9)
    assert await club.codes(done["id"]) == [
        (2, "external_id", "required"),
        (3, "branch", "unknown-branch"),
        (3, "kind", "undeclared-activity-kind"),
        (3, "member", "unknown-member"),
        (3, "occurred_at", "invalid-datetime"),
        (3, "value", "invalid-number"),
        (4, "occurred_at", "invalid-datetime"),
        (4, "value", "too-many-decimals"),
        (5, "occurred_at", "occurred-too-far-ahead"),
        (5, "value", "out-of-range"),
        (6, "kind", "health-consent-missing"),
        (7, "kind", "required"),
        (7, "member", "required"),
        (7, "occurred_at", "required"),
        (8, "value", "invalid-number"),
        (9, "", "wrong-column-count"),
        (12, "external_id", "external-id-conflict"),
    ]
    english = {(row[0], row[1]): row[3] for row in await club.errors(done["id"])}
    chinese = {(row[0], row[1]): row[3] for row in await club.errors(done["id"], "zh-CN")}
    assert english["3", "kind"].endswith("declared are class, review, glucose_check")
    assert chinese["6", "kind"] == "会员未单独同意记录健康数据"
    await assert_measures(club)


async def test_the_same_file_twice_and_backwards_changes_nothing(club: Any) -> None:
    rows = [f"A{n},M{n % 3 + 1},class,2026-01-{n % 28 + 1:02} 10:00,{n % 5},\n" for n in range(60)]
    await club.run(HEADER + "".join(rows), "activities")
    before = await activities(club), await tiers(club)
    again = await club.run(HEADER + "".join(reversed(rows)), "activities")
    assert (again["imported"], again["unchanged"], again["failed"]) == (0, 60, 0)
    assert (await activities(club), await tiers(club)) == before
    other = await club.run(HEADER + rows[0].replace(",0,", ",1,"), "activities")
    assert (other["unchanged"], other["failed"]) == (0, 1)
    assert await club.codes(other["id"]) == [(2, "external_id", "external-id-conflict")]
    await assert_measures(club)


async def test_a_row_and_a_call_are_the_same_activity(club: Any) -> None:
    sent = {"external_id": "A1", "phone": "13800138001", "kind": "review", "value": 4.5}
    made = await club.http.post("/v1/activities", json={**sent, "occurred_at": "2026-01-01T02:00:00Z"})
    assert made.status_code == 201, made.text
    done = await club.run(HEADER + "A1,M1,review,2026-01-01 10:00,4.50,\n", "activities")
    assert (done["unchanged"], done["failed"]) == (1, 0)
    await club.run(HEADER + "A2,M1,review,2026-01-01 10:00,4.50,\n", "activities")
    again = await club.http.post(
        "/v1/activities", json={**sent, "external_id": "A2", "occurred_at": "2026-01-01T02:00:00Z"}
    )
    assert again.status_code == 200, again.text


@pytest.mark.parametrize("upgrade", ["immediate", "scheduled"])
async def test_tiers_are_decided_once_at_the_end(upgrade: str, club: Any) -> None:
    await rules(club.chain, upgrade)
    rows = "".join(f"A{n},M{1 if n < 3 else 2},class,2026-01-0{n + 1},,\n" for n in range(5))
    done = await club.run(HEADER + rows, "activities", evaluate=False)
    assert (done["recalculation_id"], await tiers(club)) == (None, {})
    done = await club.run(HEADER + "A9,M3,class,2026-01-01,,\n", "activities")
    assert done["recalculation_id"] is not None
    assert await tiers(club) == {"M1": "top"}


async def test_a_dry_run_writes_nothing_and_finds_the_same_errors(club: Any) -> None:
    rows = "A1,M1,class,2026-01-01,,\nA2,M1,glucose_check,2026-01-01,5,\nA3,new,class,2026-01-01,,\n"
    tried = await club.run(HEADER + rows, "activities", dry_run=True)
    assert (tried["imported"], tried["failed"]) == (1, 2)
    assert await activities(club) == []
    done = await club.run(HEADER + rows, "activities")
    assert await club.codes(done["id"]) == await club.codes(tried["id"])
    assert len(await activities(club)) == 1


async def test_health_of_those_who_agreed(club: Any) -> None:
    member = (await club.http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]
    assert (await club.http.patch(f"/v1/members/{member}", json={"consents": {"health": True}})).status_code == 200
    rows = (
        "A1,M1,glucose_check,2026-01-01,6.1,\nA2,M2,glucose_check,2026-01-01,6.1,\nA3,M1,glucose_check,2026-01-01,?,\n"
    )
    done = await club.run(HEADER + rows, "activities")
    assert (done["imported"], done["failed"]) == (1, 2)
    errors = [(row[0], row[2], row[4]) for row in await club.errors(done["id"])]
    assert errors == [("3", "health-consent-missing", "glucose_check"), ("4", "invalid-number", "")]


async def test_who_has_left_is_nobody_any_more(club: Any) -> None:
    member = (await club.http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]
    assert (await club.http.delete(f"/v1/members/{member}")).is_success
    done = await club.run(HEADER + "A1,M1,class,2026-01-01,,\n", "activities")
    assert await club.codes(done["id"]) == [(2, "member", "unknown-member")]


async def test_who_leaves_while_the_file_is_read_is_a_row_error(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.imports import activities_apply

    found = activities_apply.find_members
    member = (await club.http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]

    async def slowly(rows: Any, context: Any) -> None:
        await found(rows, context)
        await (await owner()).execute(
            "UPDATE member SET status = 'closed', closed_at = now() WHERE tenant_id = $1 AND id = $2",
            club.chain.tenant_id,
            UUID(member),
        )

    monkeypatch.setattr(activities_apply, "find_members", slowly)
    done = await club.run(HEADER + "A1,M1,class,2026-01-01,,\nA2,M2,class,2026-01-01,,\n", "activities")
    assert (done["imported"], await club.codes(done["id"])) == (1, [(2, "member", "member-closed")])


async def test_members_and_branches_that_only_the_file_knows(club: Any) -> None:
    rows = (
        "A1,13900139000,class,2026-03-02,,north\nA2,13900139000,class,2026-03-01,,\nA3,X9,review,2026-03-05,1,north\n"
    )
    done = await club.run(HEADER + rows, "activities", create_missing=True)
    assert (done["imported"], done["failed"]) == (3, 0), await club.errors(done["id"])
    made = await club.query(
        "SELECT coalesce(phone, external_id) AS key, joined_on::text FROM member"
        " WHERE tenant_id = $1 AND source = 'import' AND enrolled_by = $2 ORDER BY 1",
        f"import:{done['id']}",
    )
    assert [tuple(row.values()) for row in made] == [("+8613900139000", "2026-03-01"), ("X9", "2026-03-05")]
    again = await club.run(HEADER + rows, "activities", create_missing=True)
    assert (again["unchanged"], again["failed"]) == (3, 0)


async def test_json_lines_with_exact_numbers(club: Any) -> None:
    line = '{"external_id": "A1", "member": "M1", "kind": "review", "occurred_at": "2026-01-01", "value": %s}\n'
    rows = line % "4.1000" + (line % "1.00000000000000000001").replace("A1", "A2")
    done = await club.run(rows, "activities", filename="a.ndjson")
    assert await club.codes(done["id"]) == [(2, "value", "too-many-decimals")]
    assert [row[5] for row in await activities(club)] == ["4.1000"]


async def test_the_columns_may_be_named_otherwise(club: Any) -> None:
    mapping = {"单号": "external_id", "会员": "member", "行为": "kind", "时间": "occurred_at"}
    done = await club.run("单号,会员,行为,时间\nA1,M1,class,2026-01-01\n", "activities", mapping=mapping)
    assert done["imported"] == 1
    missing = await club.run("external_id,member\nA1,M1\n", "activities")
    assert missing["state"] == "failed"
    assert [(e["column"], e["code"]) for e in missing["error"]["errors"]] == [
        ("kind", "required"),
        ("occurred_at", "required"),
    ]
    refused = await club.send("x", "activities", mapping={"a": "amount"})
    assert refused.status_code == 422


async def test_a_caller_of_one_branch_names_it(club: Any, client: Any) -> None:
    (own,) = (await club.http.get("/v1/branches")).json()["data"]
    body = {"name": "till", "scopes": ["purchases:write"], "branch_ids": [own["id"]]}
    key = (await club.http.post("/v1/api-keys", json=body)).json()["key"]
    rows = f"A1,M1,class,2026-01-01,,{own['code']}\nA2,M1,class,2026-01-01,,\n"
    sent = await client.post(
        "/v1/imports",
        files={"file": ("a.csv", (HEADER + rows).encode())},
        data={"options": json.dumps({"kind": "activities"})},
        headers={"Authorization": f"Bearer {key}"},
    )
    await club.drain(club.chain.tenant_id)
    done = await club.read(sent.json()["import_id"])
    assert (done["imported"], done["failed"]) == (1, 1)
    assert await club.codes(done["id"]) == [(3, "branch", "required")]


def many(count: int, members: int) -> str:
    chance = random.Random(5)  # noqa: S311 - the same file every time
    return HEADER + "".join(
        f"A{n},M{chance.randrange(members)},{chance.choice(['class', 'review'])},"
        f"2025-{n % 9 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:00,{chance.choice(['', n % 5, f'{n % 7}.25'])},\n"
        for n in range(count)
    )


async def test_the_same_file_twice_at_once_beside_calls(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers on two imports of one file, and a till: each row once, nobody waits for ever."""
    monkeypatch.setattr(batch, "BATCH_ROWS", 200)
    people = "external_id,name\n" + "".join(f"M{n},会员{n}\n" for n in range(100))
    await club.run(people, "members", evaluate=False)
    file = many(1500, 100)
    header, *rows = file.strip().split("\n")
    ids = [
        (await club.send(one, "activities")).json()["import_id"] for one in (file, "\n".join([header, *reversed(rows)]))
    ]
    found = await club.query("SELECT id FROM member WHERE tenant_id = $1 LIMIT 10")

    async def till(number: int) -> None:
        for n in range(15):
            body = {"member_id": str(found[(n + number) % 10]["id"]), "kind": "class", "external_id": f"t{number}-{n}"}
            for _ in range(20):  # a busy machine may hold a batch's locks for longer than a till waits: it tries again
                answer = await club.http.post("/v1/activities", json=body)
                if answer.status_code != 503:
                    break
                assert "retry-after" in answer.headers
            assert answer.status_code == 201, answer.text

    async def work() -> None:
        while {(await club.read(i))["state"] for i in ids} != {"done"}:
            await club.drain(club.chain.tenant_id)

    await asyncio.gather(work(), work(), *(till(n) for n in range(3)))
    done = [await club.read(i) for i in ids]
    assert (sum(d["imported"] for d in done), sum(d["unchanged"] for d in done)) == (1500, 1500)
    assert {d["failed"] for d in done} == {0}
    assert len(await activities(club)) == 1545
    await assert_measures(club)
    assert await club.query("SELECT name FROM outbox WHERE tenant_id = $1 AND attempts > 0") == []


async def test_a_batch_is_a_few_statements_however_many_rows(club: Any) -> None:
    done = await club.run(many(5000, 4).replace(",M0,", ",M3,"), "activities")
    assert (done["imported"], done["failed"]) == (5000, 0), await club.errors(done["id"])
    assert done["seconds"] < 10
    await assert_measures(club)
