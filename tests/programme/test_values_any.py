"""Any metrics over any windows of any history: the compiled SQL against loops over the facts."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from books import Fact, Json, Member, leaf_of, programme, reckoned, shop, values_of, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.programme.compiler import Ids
from tenants.programme.conditions import parts as parts_of
from tenants.programme.leaves import Quantity
from tenants.programme.windows import Lifetime, bounds

START, LAST = date(2024, 1, 1), date(2028, 12, 31)
DAYS = st.dates(START, LAST)
EDGES = st.sampled_from(["2024-02-29", "2024-12-31", "2025-01-01", "2025-02-28", "2026-02-28", "2026-03-01"])
SOME_DAY = st.one_of(DAYS, EDGES.map(date.fromisoformat))
WINDOWS: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["lifetime", "since_tier_start", "current_validity"]).map(lambda kind: {"type": kind}),
    st.builds(
        lambda kind, offset: {"type": kind, "offset": offset},
        st.sampled_from(["calendar_month", "calendar_quarter", "calendar_year", "membership_year"]),
        st.integers(-5, 0),
    ),
    st.integers(1, 900).map(lambda n: {"type": "rolling_days", "days": n}),
    st.integers(1, 30).map(lambda n: {"type": "rolling_months", "months": n}),
    st.tuples(SOME_DAY, SOME_DAY).map(
        lambda days: {"type": "between", "from": min(days).isoformat(), "to": max(days).isoformat()}
    ),
)
TEA: Json = {"category": "tea"}
DETAILS: dict[str, Json] = {"spend": TEA, "purchases": TEA, "activities": {"kind": "class"}}
COUNTED = ["spend", "purchases", "max_purchase", "activities", "referrals", "top_ups", "max_top_up", "points_earned"]


@st.composite
def quantities(draw: st.DrawFn) -> Json:
    metric = draw(st.sampled_from([*COUNTED, "branches"]))
    detail = DETAILS.get(metric, {}) if draw(st.booleans()) else {}
    return {"metric": metric, "window": draw(WINDOWS), **detail}


@st.composite
def leaves(draw: st.DrawFn) -> Json:
    match draw(st.sampled_from(["counted", "counted", "rating", "score"])):
        case "rating":
            kind: Json = {"kind": "class"} if draw(st.booleans()) else {}
            return {"metric": "rating", "window": draw(WINDOWS), "gte": "3", **kind}
        case "score":
            numbers = st.integers(1, 50)
            parts = draw(st.lists(quantities(), min_size=1, max_size=4))
            weights = [{**part, "per": draw(numbers), "points": draw(numbers)} for part in parts]
            return {"metric": "score", "gte": 1, "weights": weights}
        case _:
            return {**draw(quantities()), "gte": 1}


AMOUNTS = st.integers(0, 200)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.tuples(SOME_DAY, st.sampled_from(["purchase", "category:tea", "category:herbs", "top_up", "points"]), AMOUNTS),
    st.tuples(SOME_DAY, st.sampled_from(["branch:1", "branch:2", "branch:3", "referral"]), AMOUNTS),
    st.tuples(
        SOME_DAY,
        st.sampled_from(["activity", "activity:class", "activity:review"]),
        st.none() | st.decimals(-9, 9, places=4),
    ),
)


@st.composite
def members(draw: st.DrawFn) -> Member:
    member = Member(draw(SOME_DAY), draw(st.lists(FACTS, max_size=30)))
    if draw(st.booleans()):
        member.since = draw(SOME_DAY)
        member.valid_from = draw(st.dates(member.since, LAST))
    if draw(st.booleans()):
        member.fell_on = draw(SOME_DAY)
    return member


def days_of(part: Quantity, member: Member, day: date, *, retain: bool) -> tuple[date, date]:
    assert part.window is not None
    start = member.since or member.joined_on
    first, last = bounds(
        part.window,
        day,
        joined_on=member.joined_on,
        tier_start=start,
        validity_start=member.valid_from or start if member.since else member.joined_on,
    )
    if isinstance(part.window, Lifetime) and not retain:
        first = member.fell_on
    return first or date.min, last


def expected(data: Json, member: Member, day: date, *, retain: bool) -> int | Fraction | None:
    leaf = leaf_of(data)
    if data["metric"] != "score":
        return reckoned(data, member, *days_of(leaf, member, day, retain=retain))
    total = 0
    for part, weight in zip(parts_of(leaf), data["weights"], strict=True):
        value = reckoned(weight, member, *days_of(part, member, day, retain=retain))
        assert isinstance(value, int)
        total += value // weight["per"] * weight["points"]
    return total


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(leaves(), min_size=1, max_size=12),
    regulars=st.lists(members(), min_size=1, max_size=3),
    day=SOME_DAY,
    ids=st.sampled_from(Ids),
    retain=st.booleans(),
)
async def test_sql_is_what_loops_over_the_facts_give(
    database: None, asked: list[Json], regulars: list[Member], day: date, ids: Ids, retain: bool
) -> None:
    tenant_id = await shop()
    await write(tenant_id, *regulars)
    found = await values_of(tenant_id, programme(*asked, retain=retain), asked, day, ids, regulars, retain=retain)
    assert found.keys() == {member.id for member in regulars}
    for member in regulars:
        for leaf, value in zip(asked, found[member.id], strict=True):
            wanted = expected(leaf, member, day, retain=retain)
            assert close(value, wanted), (leaf, value, wanted, member)


def close(value: Any, wanted: int | Fraction | None) -> bool:
    if value is None or wanted is None:
        return value is wanted
    if isinstance(wanted, int):
        return bool(value == wanted)
    return abs(Fraction(Decimal(value)) - wanted) < Fraction(1, 10**19)
