"""Metrics with a twist: scores, means against their bounds, what was given back, members who fell to the base tier."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from books import Json, Member, end_of, leaf_of, programme, shop, values_of, write
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids, Values

LIFETIME: Json = {"type": "lifetime"}
MONTH: Json = {"type": "calendar_month"}
D = date(2028, 2, 29)


@pytest.fixture
async def tenant_id(database: None) -> UUID:
    return await shop()


async def value(tenant_id: UUID, member: Member, leaf: Json, day: date = D, *, retain: bool = False) -> Any:
    rules = programme(leaf, retain=retain)
    found = await values_of(tenant_id, rules, [leaf], day, Ids.ONE, [member], retain=retain)
    return found[member.id][0]


async def holds(tenant_id: UUID, member: Member, leaf: Json) -> bool:
    values = Values(programme(leaf), [0], Ids.ONE)
    condition = values.holds(leaf_of(leaf), 0, in_retain=False)
    sql = f"WITH {values.ctes()}\nSELECT {condition} FROM v"
    async with tenant_scope(tenant_id):
        found = await connection().fetchval(sql, tenant_id, member.id, *values.binder.values(end_of(D)))
    assert isinstance(found, bool)
    return found


def weight(metric: str, per: int, points: int, **fields: Any) -> Json:
    windowed = {} if metric == "tenure_days" else {"window": LIFETIME}
    return {"metric": metric, "per": per, "points": points, **windowed, **fields}


def score(*weights: Json) -> Json:
    return {"metric": "score", "weights": list(weights), "gte": 1}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([weight("spend", 100, 1)], 2),
        ([weight("spend", 299, 7)], 7),
        ([weight("spend", 300, 7)], 0),
        ([weight("spend", 1, 10**9)], 299 * 10**9),
        ([weight("spend", 100, 1), weight("spend", 100, 1)], 4),
        ([weight("spend", 100, 1), weight("activities", 1, 50, kind="class"), weight("tenure_days", 365, 10)], 172),
        ([weight("spend", 1, 1, window=MONTH)], 199),
        ([weight("spend", 1, 1, category="tea"), weight("purchases", 1, 1000, category="tea")], 1040),
        ([weight("max_purchase", 100, 1), weight("max_top_up", 100, 10), weight("top_ups", 100, 100)], 961),
        ([weight("referrals", 2, 5), weight("points_earned", 10, 1), weight("branches", 1, 3)], 20),
    ],
)
async def test_a_score_adds_what_each_part_reaches(tenant_id: UUID, weights: list[Json], expected: int) -> None:
    member = Member(date(2026, 3, 1))
    member.facts = [
        (date(2027, 12, 31), "purchase", 100),
        (D, "purchase", 199),
        (D, "category:tea", 40),
        *[(D, "activity:class", None)] * 3,
        (D, "top_up", 300),
        (D, "top_up", 600),
        *[(D, "referral", 0)] * 3,
        (D, "points", 99),
        (D, "branch:1", 199),
        (date(2027, 12, 31), "branch:2", 100),
    ]
    await write(tenant_id, member)
    found = await value(tenant_id, member, score(*weights))
    assert found == expected
    assert found == found.to_integral_value()


async def test_a_part_below_zero_is_floored_too(tenant_id: UUID) -> None:
    member = Member(D + timedelta(days=1))
    await write(tenant_id, member)
    assert await value(tenant_id, member, score(weight("tenure_days", 365, 10))) == -10


async def test_no_sum_is_too_large_for_a_score(tenant_id: UUID) -> None:
    member = Member(D, [(D, "purchase", 10**18 - 1), (D, "points", 10**15 - 1)])
    await write(tenant_id, member)
    huge = score(weight("spend", 1, 10**9), weight("points_earned", 10**13, 1))
    assert await value(tenant_id, member, huge) == (10**18 - 1) * 10**9 + 99
    assert await holds(tenant_id, member, huge)


async def test_a_score_in_a_qualify_counts_from_the_fall_and_in_a_retain_all(tenant_id: UUID) -> None:
    member = Member(
        date(2026, 1, 1), [(date(2027, 5, 1), "purchase", 100), (D, "purchase", 7)], fell_on=date(2027, 6, 1)
    )
    await write(tenant_id, member)
    one = score(weight("spend", 1, 1))
    assert await value(tenant_id, member, one) == 7
    assert await value(tenant_id, member, one, retain=True) == 107


async def test_who_fell_to_the_base_tier_counts_its_tier_from_joining(tenant_id: UUID) -> None:
    """And `lifetime` from the fall, whatever it measures."""
    days = [date(2027, 5, 31), date(2027, 6, 1), D]
    facts: list[Any] = [(day, "activity", None) for day in days] + [(day, "branch:1", 1) for day in days[:1]]
    member = Member(date(2026, 1, 1), facts, fell_on=days[1])
    await write(tenant_id, member)
    for window, expected in ((LIFETIME, 2), ({"type": "since_tier_start"}, 3), ({"type": "current_validity"}, 3)):
        assert await value(tenant_id, member, {"metric": "activities", "window": window, "gte": 1}) == expected
    assert await value(tenant_id, member, {"metric": "branches", "window": LIFETIME, "gte": 1}) == 0
    assert await value(tenant_id, member, {"metric": "branches", "window": LIFETIME, "gte": 1}, retain=True) == 1


def rating(bound: str, upper: str | None = None) -> Json:
    return {"metric": "rating", "window": LIFETIME, "gte": bound} | ({} if upper is None else {"lt": upper})


@pytest.mark.parametrize(
    ("numbers", "leaf", "met"),
    [
        (["4", "5"], rating("4.5"), True),
        (["4", "5"], rating("4.5001"), False),
        (["4", "5", None], rating("4.5"), True),
        (["1", "1", "2"], rating("1.3333"), True),
        (["1", "1", "2"], rating("1.3334"), False),
        (["1", "1", "2"], rating("1", "1.3334"), True),
        (["9999999999.9999", "9999999999.9999", "9999999999.9998"], rating("9999999999.9999"), False),
        (["-5", "-6"], rating("-5.5"), True),
        (["-5", "-6"], rating("-5.4999"), False),
        ([None], rating("-9999"), False),
        ([], rating("-9999"), False),
        (["0"], rating("0"), True),
    ],
    ids=str,
)
async def test_a_mean_is_held_against_its_bounds_exactly(
    tenant_id: UUID, numbers: list[str | None], leaf: Json, met: bool
) -> None:
    member = Member(D, [(D, "activity", None if number is None else Decimal(number)) for number in numbers])
    await write(tenant_id, member)
    assert await holds(tenant_id, member, leaf) is met


async def test_a_mean_of_very_many_is_told_from_its_bound(tenant_id: UUID) -> None:
    member = Member(D)
    await write(tenant_id, member)
    many = 10**9
    for column, when in (("day", D), ("month", D.replace(day=1))):
        await (await owner()).execute(
            f"INSERT INTO measure_{column} (tenant_id, member_id, measure, {column}, total, facts, valued)"
            " VALUES ($1, $2, 'activity', $3, $4, $5, $5)",
            *(tenant_id, member.id, when, Decimal("4.5") * many - Decimal("0.0001"), many),
        )
    assert not await holds(tenant_id, member, rating("4.5"))
    assert await holds(tenant_id, member, rating("4.4999", "4.5"))


async def refunded(tenant_id: UUID, member: Member, day: date) -> None:
    """The day's purchases were all given back."""
    conn = await owner()
    for column, when in (("day", day), ("month", day.replace(day=1))):
        await conn.execute(
            f"UPDATE member_{column} SET spend = 0, purchases = 0, max_purchase = 0"
            f" WHERE tenant_id = $1 AND member_id = $2 AND {column} = $3",
            *(tenant_id, member.id, when),
        )
        await conn.execute(
            f"UPDATE measure_{column} SET total = 0, facts = 0"
            f" WHERE tenant_id = $1 AND member_id = $2 AND {column} = $3",
            *(tenant_id, member.id, when),
        )


async def test_days_since_look_at_purchases_that_stand(tenant_id: UUID) -> None:
    days = [date(2028, 1, 10), date(2028, 2, 20), date(2028, 3, 10)]
    member = Member(date(2027, 1, 1), [(day, "purchase", 5) for day in days])
    await write(tenant_id, member)
    leaf: Json = {"metric": "days_since_purchase", "gte": 0}
    assert await value(tenant_id, member, leaf) == 9
    assert await value(tenant_id, member, leaf, date(2028, 3, 31)) == 21
    await refunded(tenant_id, member, days[1])
    assert await value(tenant_id, member, leaf) == 50
    assert await value(tenant_id, member, leaf, date(2028, 1, 9)) is None


async def test_a_branch_whose_purchases_were_given_back_is_not_counted(tenant_id: UUID) -> None:
    member = Member(D, [(date(2028, 1, 31), "branch:1", 5), (D, "branch:2", 5), (D, "branchy", 5)])
    await write(tenant_id, member)
    leaf: Json = {"metric": "branches", "window": LIFETIME, "gte": 1}
    assert await value(tenant_id, member, leaf) == 2
    await refunded(tenant_id, member, date(2028, 1, 31))
    assert await value(tenant_id, member, leaf) == 1
    assert await value(tenant_id, member, {**leaf, "window": {"type": "since_tier_start"}}) == 1


def test_no_label_becomes_sql() -> None:
    evil = "'; DROP TABLE member; --"
    leaves: list[Json] = [
        {"metric": "spend", "category": evil, "window": LIFETIME, "gte": 1},
        {"metric": "purchases", "category": evil, "window": {"type": "since_tier_start"}, "gte": 1},
        score(weight("spend", 7_777_777, 8_888_888, category=evil)),
        rating("9191.9191"),
    ]
    values = Values(programme(*leaves), [0], Ids.RANGE)
    conditions = [values.holds(leaf_of(leaf), 0, in_retain=False) for leaf in leaves]
    text = values.ctes() + "".join(conditions)
    for part in ("DROP", "7777777", "8888888", "9191"):
        assert part not in text
