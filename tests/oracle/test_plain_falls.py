"""The oracle against tables worked out by hand: falls, silent renewals, schedules late and twice."""

from datetime import date
from typing import Any

import pytest
from oracle.documents import document, ladder_json, tier_json
from oracle.facts import Json
from oracle.plain import Chain
from oracle.shop import (
    ALWAYS,
    MEMBER,
    MONTH,
    NEVER,
    ONE_MONTH,
    POLICY,
    TO_SCHEDULE,
    at,
    buy,
    chain,
    ends,
    spend,
    told,
)

# Falls


@pytest.mark.parametrize(
    ("retains", "max_drop", "landing"),
    [
        ((NEVER, NEVER, NEVER), None, "t0"),
        ((NEVER, NEVER, NEVER), 1, "t2"),  # none allowed holds: the lowest allowed
        ((NEVER, NEVER, NEVER), 2, "t1"),
        ((NEVER, NEVER, NEVER), 9, "t0"),
        ((ALWAYS, NEVER, NEVER), None, "t1"),
        ((ALWAYS, ALWAYS, NEVER), None, "t2"),
        ((ALWAYS, ALWAYS, NEVER), 2, "t2"),
        ((ALWAYS, NEVER, NEVER), 1, "t2"),  # t1 would hold but is too far
        ((None, None, NEVER), None, "t1"),  # no retain: qualify; t2's fails
    ],
)
def test_where_a_fall_ends(retains: tuple[Json | None, ...], max_drop: int | None, landing: str) -> None:
    # January: 3000, so t3. At 15 February the month has 1000 (t1 would qualify).
    qualifies = (spend(1000, MONTH), spend(2000, MONTH), spend(3000, MONTH))
    shop = chain(*zip(qualifies, retains, strict=True), validity=ONE_MONTH, max_drop=max_drop)
    buy(shop, "2024-01-15", 3000)
    buy(shop, "2024-02-03", 1000)
    assert told(shop.recalculate(at("2024-02-15 12:00"))) == [("t3", landing, "downgrade")]
    # A tier fallen to has a normal validity from the day of the fall; the base tier has none.
    assert ends(shop) == (None if landing == "t0" else "2024-03-14")
    assert shop.standing(MEMBER, "card").since == (None if landing == "t0" else date(2024, 2, 15))


def test_what_was_lost_is_earned_again() -> None:
    shop = chain((spend(1000), spend(500, MONTH)), validity=ONE_MONTH)
    buy(shop, "2024-01-15", 1000)
    assert told(shop.recalculate(at("2024-02-15"))) == [("t1", "t0", "downgrade")]
    # From 15 February on: what belongs to the 14th doesn't count, the rest of the 15th does.
    assert buy(shop, "2024-02-14 10:00", 1000, recorded="2024-02-15 11:00") == []
    assert buy(shop, "2024-02-15 12:00", 999) == []
    [again] = buy(shop, "2024-02-16 12:00", 1)
    assert (again.to_tier, again.facts) == ("t1", {"t1/qualify": 1000, "t1/retain": 2000})


@pytest.mark.parametrize(
    ("retain", "second"), [(None, ("t1", "t0", "downgrade")), (spend(1000), ("t1", "t1", "renew"))]
)
def test_a_lifetime_is_whole_in_an_explicit_retain_only(retain: Json | None, second: Any) -> None:
    # Falls on 15 February (t2's retain), to t1 by a lifetime of 2000; then the lifetime since that fall is 0.
    shop = chain((spend(1000), retain), (spend(2000), NEVER), validity=ONE_MONTH)
    buy(shop, "2024-01-15", 2000)
    assert told(shop.recalculate(at("2024-02-15"))) == [("t2", "t1", "downgrade")]
    made = shop.recalculate(at("2024-03-15"))
    assert told(made) == [second]
    assert made[0].facts["t1/qualify"] == 0
    assert made[0].facts.get("t1/retain", 2000) == 2000


# Until the next schedule


def test_a_renewal_until_the_next_schedule_is_silent() -> None:
    shop = chain((spend(1000, MONTH), None), validity=TO_SCHEDULE)
    buy(shop, "2024-01-10 12:00", 1000)
    assert ends(shop) == "2024-01-31"
    assert shop.recalculate(at("2024-01-20")) == []
    assert ends(shop) == "2024-01-31"
    assert shop.recalculate(at("2024-02-01")) == []
    assert ends(shop) == "2024-02-29"
    assert buy(shop, "2024-02-10", 1) == []  # 1 of 1000, but the validity runs
    assert told(shop.recalculate(at("2024-03-01"))) == [("t1", "t0", "downgrade")]


def test_a_purchase_before_a_late_schedule_leaves_the_end_to_the_schedule() -> None:
    shop = chain((spend(1000, MONTH), None), validity=TO_SCHEDULE)
    buy(shop, "2024-01-10 12:00", 1000)
    assert buy(shop, "2024-02-01 00:00:03", 1) == []  # the month has begun with nothing in it
    assert shop.recalculate(at("2024-02-01")) == []  # and January kept the tier
    assert told(shop.recalculate(at("2024-03-01"))) == [("t1", "t0", "downgrade")]


# Schedules that fire late or twice; several ladders


def test_a_schedule_never_decides_before_a_later_decision() -> None:
    bought: Json = {"metric": "purchases", "window": MONTH, "gte": 1}
    shop = chain((bought, None), ({"not": bought}, None))
    assert told(buy(shop, "2024-02-20", 1)) == [("t0", "t1", "upgrade")]
    assert shop.recalculate(at("2024-02-15")) == []  # t2 would hold on the 14th
    assert told(shop.recalculate(at("2024-03-15"))) == [("t1", "t2", "upgrade")]


def test_fired_twice_it_writes_once() -> None:
    # Qualify holds and retain doesn't: a second evaluation would lift again what the first has felled.
    recent = spend(1, {"type": "rolling_months", "months": 12})
    shop = chain((recent, NEVER), (recent, NEVER), validity=ONE_MONTH, max_drop=1)
    buy(shop, "2024-01-15", 1)
    assert told(shop.recalculate(at("2024-02-15"))) == [("t2", "t1", "downgrade")]
    assert shop.recalculate(at("2024-02-15")) == []
    assert told(shop.recalculate(at("2024-02-16"))) == [("t1", "t2", "upgrade")]


def test_ladders_are_decided_each_for_itself() -> None:
    fast = ladder_json("card", [tier_json("t0", 0), tier_json("t1", 1, spend(1))], POLICY)
    slow = ladder_json(
        "class", [tier_json("d", 0), tier_json("c", 1, spend(1))], POLICY | {"upgrade": "scheduled"}, "staff"
    )
    shop = Chain(document([fast, slow]), "UTC")
    shop.add_member(MEMBER, date(2024, 1, 1))
    assert buy(shop, "2024-01-15 00:00", 1) == []  # at midnight D is the 14th
    assert [one.ladder for one in buy(shop, "2024-01-15 12:00", 1)] == ["card"]
    assert shop.recalculate(at("2024-02-01"), ladders=["card"]) == []
    assert [one.ladder for one in shop.recalculate(at("2024-02-01"))] == ["class"]
