"""Files of opening balances: tiers are taken over, once, each bad row with line, column and reason."""

import asyncio
import contextvars
from datetime import UTC, date, datetime
from typing import Any

import pytest
from opening_club import CARD, CLUB, HEADER, NOW, held, publish
from support.clock import set_clock

from tenants.imports import batch

MEMBERS = "external_id,phone,card_no,name\nM1,13800138001,C1,甲\nM2,13800138002,C2,乙\nM3,,C3,丙\n"


@pytest.fixture
async def club(imports: Any) -> Any:
    await set_clock(imports.chain.tenant_id, NOW)
    await publish(imports.chain, CARD, CLUB)
    await imports.run(MEMBERS, "members", evaluate=False)
    return imports


async def told(imports: Any) -> list[dict[str, Any]]:
    """All that may not change by an import that brings nothing new."""
    tables = ("member", "tier_act", "decision", "member_tier")
    return [await imports.query(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY 1, 2, 3") for table in tables]


async def test_tiers_by_code_and_by_name(club: Any) -> None:
    rows = [
        "M1,silver,2030-06-01,",
        "13800138002,金卡,2029-02-01,会员卡",
        "C3,gold,2030/7/1 00:00,CARD",
        "C1,g,,club",
        "M2,Fellow,2031-01-15,",
        "M3,普通,2030-01-01,Club",
        "M3,,,",
    ]
    done = await club.run(HEADER + "\n".join(rows) + "\n", "opening_balances")
    assert (done["rows"], done["imported"], done["unchanged"], done["failed"]) == (7, 5, 1, 1)
    assert await club.codes(done["id"]) == [(7, "tier", "unknown-tier")]
    assert await held(club) == [
        ("M1", "card", "silver", "2030-06-01", "2031-05-31"),
        ("M1", "club", "g", "2031-01-15", "2032-01-14"),
        ("M2", "card", "g", "2029-02-01", "2031-01-31"),
        ("M2", "club", "g", "2031-01-15", "2032-01-14"),
        ("M3", "card", "g", "2030-07-01", "2031-06-30"),
    ]
    decisions = await club.query(
        "SELECT reason, cause, cause_id, locked_until, may_rise FROM decision WHERE tenant_id = $1"
    )
    assert {tuple(str(v) for v in d.values()) for d in decisions} == {("import", "import", done["id"], "None", "True")}
    acts = await club.query("SELECT act, import_id::text, actor FROM tier_act WHERE tenant_id = $1")
    assert {(a["act"], a["import_id"]) for a in acts} == {("opening", done["id"])}
    assert {a["actor"].partition(":")[0] for a in acts} == {"key"}


async def test_each_bad_row_is_named_with_line_column_and_reason(club: Any) -> None:
    rows = [
        "nobody,silver,2031-01-16,,,,,,",
        ",platinum,yesterday,,,,,,",
        "M1,贵宾,,,,,,,",
        "M1,silver,,house,,,,,",
        "M1,silver,,,120,2031-12-31,,,",
        "M1,silver,,,,,500.00,0.01,",
        "M1,silver,,,12.34567,soon,many,1.001,",
        "M1,,2030-01-01,,,,,,",
        "M1,silver",
        "M2,silver,,,0,2031-12-31,0.00,0,",
        "M3,Silver,2030-01-01,,0.00,,,,无关",
    ]
    header = "member,tier,tier_since,ladder,points,points_expire_on,wallet_principal,wallet_bonus,remark\n"
    done = await club.run(header + "\n".join(rows) + "\n", "opening_balances")
    assert (done["rows"], done["imported"], done["unchanged"], done["failed"]) == (11, 4, 0, 7)
    assert await club.codes(done["id"]) == [
        (2, "member", "unknown-member"),
        (2, "tier_since", "in-the-future"),
        (3, "member", "required"),
        (3, "tier", "unknown-tier"),
        (3, "tier_since", "invalid-date"),
        (4, "tier", "unknown-tier"),  # two tiers are called so
        (5, "ladder", "unknown-ladder"),
        (8, "points", "too-many-decimals"),
        (8, "points_expire_on", "invalid-date"),
        (8, "wallet_bonus", "too-many-decimals"),
        (8, "wallet_principal", "invalid-amount"),
        (9, "tier", "required"),
        (10, "", "wrong-column-count"),
    ]
    english = {(row[0], row[1]): row[3] for row in await club.errors(done["id"])}
    chinese = {(row[0], row[1]): row[3] for row in await club.errors(done["id"], "zh-CN")}
    assert english["3", "tier"] == "no such tier; there are base, silver, g, guest, g, vip, twin"
    assert english["5", "ladder"] == "no such ladder; there are card, club"
    assert chinese["3", "tier"] == "没有这个等级，可用：base, silver, g, guest, g, vip, twin"
    assert [row[:3] for row in await held(club)] == [(m, "card", "silver") for m in ("M1", "M2", "M3")]


async def test_a_file_without_balances_is_refused(club: Any) -> None:
    refused = await club.run("member,name\nM1,甲\n", "opening_balances")
    assert (refused["state"], refused["error"]["errors"][0]["code"]) == ("failed", "identifier-missing")
    assert refused["error"]["errors"][0]["message"] == "one of tier, points, wallet_principal, wallet_bonus is needed"


async def test_the_same_file_twice_and_backwards_changes_nothing(club: Any) -> None:
    rows = [f"M{n % 3 + 1},{'silver' if n % 2 else 'g'},,{'card' if n < 3 else 'club'}\n" for n in (0, 1, 2, 4)]
    rows[3] = "M2,vip,2030-05-05,club\n"
    first = await club.run(HEADER + "".join(rows), "opening_balances")
    assert (first["imported"], first["failed"]) == (4, 0)
    before = await told(club)
    await set_clock(club.chain.tenant_id, datetime(2031, 1, 20, 4, tzinfo=UTC))
    for again in (rows, rows[::-1], rows + rows):
        done = await club.run(HEADER + "".join(again), "opening_balances")
        assert (done["imported"], done["updated"], done["unchanged"], done["failed"]) == (0, 0, len(again), 0)
        assert done["recalculation_id"] is None
    assert await told(club) == before


async def test_another_file_corrects(club: Any) -> None:
    await club.run(HEADER + "M1,silver,2030-06-01,\nM2,g,2030-06-01,\n", "opening_balances")
    done = await club.run(HEADER + "M1,g,2030-06-01,\nM2,g,2030-09-01,\n", "opening_balances")
    assert (done["imported"], done["updated"], done["unchanged"], done["failed"]) == (0, 2, 0, 0)
    assert done["recalculation_id"] is not None
    assert [row[2:4] for row in await held(club)] == [("g", "2030-06-01"), ("g", "2030-09-01")]


@pytest.mark.parametrize("size", [1, 2, 5000])
async def test_a_file_contradicting_itself_is_told_wherever_batches_end(
    size: int, club: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", size)
    rows = [
        "M1,silver,2030-06-01,",
        "M2,g,,",
        "C1,silver,,",
        "M1,silver,2030-07-01,",
        "C2,silver,,",
        "M1,g,,",
        "M1,g,,club",
    ]
    done = await club.run(HEADER + "\n".join(rows), "opening_balances")
    wrong = [(5, "tier", "opening-conflict"), (6, "tier", "opening-conflict"), (7, "tier", "opening-conflict")]
    assert (done["imported"], done["unchanged"], done["failed"]) == (3, 1, 3)
    assert await club.codes(done["id"]) == wrong
    before = await told(club)
    again = await club.run(HEADER + "\n".join(rows), "opening_balances")
    assert (again["imported"], again["updated"], again["unchanged"], again["failed"]) == (0, 0, 4, 3)
    assert await club.codes(again["id"]) == wrong
    assert await told(club) == before


async def test_a_dry_run_writes_nothing_and_finds_the_same_errors(club: Any) -> None:
    rows = "M1,silver,,\nM2,platinum,,\nM1,g,,\nnew,silver,,\n"
    before = await told(club)
    tried = await club.run(HEADER + rows, "opening_balances", dry_run=True, create_missing=True)
    assert (tried["imported"], tried["failed"]) == (2, 2)
    assert await told(club) == before
    done = await club.run(HEADER + rows, "opening_balances", create_missing=True)
    assert await club.codes(done["id"]) == await club.codes(tried["id"])
    assert (done["imported"], done["failed"]) == (2, 2)


async def test_members_that_nobody_knows_are_made_with_their_tiers(club: Any) -> None:
    rows = "13800138009,silver,2030-06-01,\nN2,g,,\nN3,,,\n13800138009,vip,2029-03-01,\n"
    done = await club.run(HEADER + rows, "opening_balances", create_missing=True)
    assert (done["imported"], done["unchanged"], done["failed"]) == (3, 1, 0)
    made = await club.query(
        "SELECT coalesce(external_id, phone) AS one, joined_on, seq FROM member m"
        " JOIN member_number q ON q.tenant_id = m.tenant_id AND q.member_id = m.id"
        " WHERE m.tenant_id = $1 AND enrolled_by = $2 ORDER BY 1",
        f"import:{done['id']}",
    )
    # One act each, and a decision a ladder. A row without a tier has no fact: nobody is made for it.
    assert [(m["one"], m["joined_on"], m["seq"]) for m in made] == [
        ("+8613800138009", date(2029, 3, 1), 2),
        ("N2", date(2031, 1, 15), 2),
    ]


async def test_a_tier_may_be_older_than_the_joining_day(club: Any) -> None:
    """What the old system said of the tier and what the members' file says are both kept as they are."""
    done = await club.run(HEADER + "M1,silver,2020-06-01,\n", "opening_balances")
    assert (done["imported"], done["failed"]) == (1, 0)
    (one,) = await club.query("SELECT joined_on FROM member WHERE tenant_id = $1 AND external_id = 'M1'")
    assert one["joined_on"] == date(2031, 1, 15)
    assert await held(club) == [("M1", "card", "silver", "2020-06-01", "2031-05-31")]


async def test_what_staff_have_set_stays_while_it_is_locked(club: Any) -> None:
    member = (await club.http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]
    body = {"tier": "g", "reason": "VIP", "locked_until": "2031-03-31"}
    assert (await club.http.put(f"/v1/members/{member}/tier", json=body)).is_success
    done = await club.run(HEADER + "M1,silver,2030-06-01,\nM1,g,2030-06-01,club\n", "opening_balances")
    assert await club.codes(done["id"]) == [(2, "tier", "tier-locked")]
    assert "Mar 31, 2031" in (await club.errors(done["id"]))[0][3]
    assert [row[:3] for row in await held(club)] == [("M1", "card", "g"), ("M1", "club", "g")]
    assert (await club.http.delete(f"/v1/members/{member}/tier")).is_success
    again = await club.run(HEADER + "M1,silver,2030-06-01,\n", "opening_balances")
    assert (again["imported"], again["failed"]) == (1, 0)


async def test_who_has_left_is_nobody_any_more(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.imports import opening_apply

    found = opening_apply.find_members
    one, two = [(await club.http.get(f"/v1/members?external_id={m}")).json()["data"][0]["id"] for m in ("M1", "M2")]
    assert (await club.http.delete(f"/v1/members/{one}")).is_success

    async def leaves_meanwhile(*arguments: Any) -> None:
        await found(*arguments)
        monkeypatch.undo()
        await asyncio.create_task(leave())

    async def leave() -> None:
        answer = await asyncio.create_task(club.http.delete(f"/v1/members/{two}"), context=contextvars.Context())
        assert answer.is_success

    monkeypatch.setattr(opening_apply, "find_members", leaves_meanwhile)
    done = await club.run(HEADER + "M1,silver,,\nM2,silver,,\nM3,silver,,\n", "opening_balances")
    assert await club.codes(done["id"]) == [(2, "member", "unknown-member"), (3, "member", "member-closed")]
    assert [row[0] for row in await held(club)] == ["M3"]


async def test_who_was_merged_is_the_survivor(club: Any) -> None:
    one, two = [(await club.http.get(f"/v1/members?external_id={m}")).json()["data"][0]["id"] for m in ("M1", "M2")]
    assert (await club.http.post(f"/v1/members/{one}/merge", json={"other_id": two})).is_success
    done = await club.run(HEADER + "M2,silver,2030-06-01,\nM1,g,,\n", "opening_balances")
    assert await club.codes(done["id"]) == [(3, "tier", "opening-conflict")]
    assert [row[:3] for row in await held(club)] == [("M1", "card", "silver")]


async def test_rules_published_while_the_file_is_read_count(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.imports import opening_apply

    found = opening_apply.find_members

    async def published_meanwhile(*arguments: Any) -> None:
        await found(*arguments)
        monkeypatch.undo()
        fewer = {**CARD, "tiers": [{**CARD["tiers"][0]}, {**CARD["tiers"][1], "code": "plus"}]}
        await asyncio.create_task(publish(club.chain, fewer), context=contextvars.Context())

    monkeypatch.setattr(opening_apply, "find_members", published_meanwhile)
    done = await club.run(HEADER + "M1,银卡,,\nM2,金卡,,\n", "opening_balances")
    assert await club.codes(done["id"]) == [(3, "tier", "unknown-tier")]
    (decision,) = await club.query("SELECT to_tier, programme_version FROM decision WHERE tenant_id = $1")
    assert decision == {"to_tier": "plus", "programme_version": 3}
