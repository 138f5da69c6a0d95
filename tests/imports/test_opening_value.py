"""Points and stored value taken over from elsewhere: once, whole, and provable."""

from typing import Any

import pytest
from opening_club import CARD, CLUB, NOW, publish
from support.clock import set_clock

from saas.scope import tenant_scope
from tenants.imports import batch
from tenants.verifying.ledgers import verify_ledgers

HEADER = "member,points,points_expire_on,wallet_principal,wallet_bonus\n"
KIND = "opening_balances"


@pytest.fixture
async def club(imports: Any) -> Any:
    await set_clock(imports.chain.tenant_id, NOW)
    await publish(imports.chain, CARD, CLUB)
    rows = "".join(f"M{n},{n}\n" for n in range(1, 4))
    done = await imports.run(f"external_id,name\n{rows}", "members")
    assert done["imported"] == 3
    return imports


async def value(club: Any) -> list[tuple[Any, ...]]:
    """member, points, principal, bonus of those who have an account."""
    rows = await club.query(
        "SELECT m.external_id, p.open - p.debt AS points, w.principal, w.bonus FROM member m"
        " LEFT JOIN points_account p ON p.tenant_id = m.tenant_id AND p.member_id = m.id"
        " LEFT JOIN wallet_account w ON w.tenant_id = m.tenant_id AND w.member_id = m.id"
        " WHERE m.tenant_id = $1 AND coalesce(p.member_id, w.member_id) IS NOT NULL ORDER BY 1"
    )
    async with tenant_scope(club.chain.tenant_id):
        assert await verify_ledgers() == []
    return [tuple(row.values()) for row in rows]


async def test_balances_are_lots_of_their_own(club: Any) -> None:
    done = await club.run(HEADER + "M1,120,2031-12-31,500.00,0.01\nM2,7,,,\nM3,,,0,20\n", KIND)
    assert (done["imported"], done["failed"]) == (3, 0)
    assert await value(club) == [("M1", 120, 50_000, 1), ("M2", 7, None, None), ("M3", None, 0, 2_000)]
    lots = await club.query('SELECT points, "left", expires_on::text FROM points_lot WHERE tenant_id = $1 ORDER BY 1')
    assert [tuple(lot.values()) for lot in lots] == [(7, 7, None), (120, 120, "2031-12-31")]
    told = await club.query("SELECT kind, amount FROM wallet_entry WHERE tenant_id = $1 ORDER BY amount")
    assert [tuple(row.values()) for row in told] == [
        ("opening_bonus", 1),
        ("opening_bonus", 2_000),
        ("opening", 50_000),
    ]


@pytest.mark.parametrize("size", [1, 2, 5000])
async def test_the_same_again_changes_nothing_and_another_amount_is_told(
    size: int, club: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", size)
    rows = "M1,120,,500,\nM2,7,,,\n"
    await club.run(HEADER + rows, KIND)
    before = await value(club)
    done = await club.run(HEADER + rows + rows, KIND)
    assert (done["imported"], done["unchanged"], done["failed"]) == (0, 4, 0)
    other = await club.run(HEADER + "M1,121,,500,\nM2,,,10,\nM1,120,,400,3\n", KIND)
    assert (other["imported"], other["unchanged"], other["failed"]) == (1, 0, 2)
    assert await club.codes(other["id"]) == [
        (2, "points", "opening-taken"),
        (4, "wallet_bonus", "opening-taken"),
        (4, "wallet_principal", "opening-taken"),
    ]
    told = {row[1]: row[3] for row in await club.errors(other["id"], "zh-CN") if row[0] == "2"}
    assert told["points"] == "该会员的期初余额已导入过：120；差额请手工调整"
    assert await value(club) == [before[0], ("M2", 7, 1_000, 0)]


async def test_points_and_wallet_may_come_in_rows_of_their_own_but_not_twice(club: Any) -> None:
    done = await club.run(HEADER + "M1,120,,,\nM1,,,5,1\nM1,119,,,\nM1,,,5,2\n", KIND)
    assert (done["imported"], done["failed"]) == (2, 2)
    assert await club.codes(done["id"]) == [(4, "points", "opening-taken"), (5, "wallet_bonus", "opening-taken")]
    assert await value(club) == [("M1", 120, 500, 100)]


async def test_a_row_with_a_wrong_tier_brings_nothing(club: Any) -> None:
    done = await club.run("member,tier,points\nM1,silver,10\nM1,g,10\nM2,platinum,10\nM3,,10\n", KIND)
    assert (done["imported"], done["failed"]) == (2, 2)
    assert await value(club) == [("M1", 10, None, None), ("M3", 10, None, None)]


async def test_bad_balances_are_named(club: Any) -> None:
    rows = "M1,-1,,,\nM1,1.5,,,\nM1,1,2030-01-01,-5,\nM1,,2032-01-01,1,\n"
    done = await club.run(HEADER + rows, KIND)
    assert (done["imported"], done["failed"]) == (0, 4)
    assert [(line, field) for line, field, _ in await club.codes(done["id"])] == [
        (2, "points"),
        (3, "points"),
        (4, "points_expire_on"),
        (4, "wallet_principal"),
        (5, "points"),
    ]


async def test_debt_is_paid_and_members_are_made(club: Any) -> None:
    chain = club.chain
    one = (await chain.http.get("/v1/members?external_id=M1")).json()["data"][0]["id"]
    sale = {"member_id": one, "branch_id": chain.branch_id, "external_id": "s", "amount": 10_000}
    sold = (await chain.http.post("/v1/purchases", json=sale | {"external_amounts": True})).json()
    assert sold["points_earned"] == 100
    assert (await chain.http.post("/v1/points/redeem", json={"member_id": one, "points": 60})).status_code == 201
    await chain.http.post(f"/v1/purchases/{sold['id']}/refunds", json={"external_id": "r", "amount": 10_000})
    done = await club.run(HEADER + "M1,100,,,\n13800138009,5,,,\n", KIND, create_missing=True)
    assert (done["imported"], done["failed"]) == (2, 0)
    assert await value(club) == [("M1", 40, None, None), (None, 5, None, None)]
    dry = await club.run(HEADER + "M2,100,,1,\n", KIND, dry_run=True)
    assert dry["imported"] == 1
    assert len(await value(club)) == 2
