"""Conditions and windows of a tier worked out by hand; and what must be true of any history."""

import pytest
from oracle.conditions import facts_of, holds
from oracle.facts import Json
from oracle.shop import ALWAYS, LIFETIME, MEMBER, MONTH, NEVER, ONE_MONTH, TO_SCHEDULE, at, buy, chain, spend


def test_the_current_validity() -> None:
    window: Json = {"type": "current_validity"}
    # Under until_next_schedule: from 1 February, for a base member as for a holder.
    shop = chain((spend(1, window), None), validity=TO_SCHEDULE, upgrade="scheduled", joined="2024-01-20")
    buy(shop, "2024-01-25", 300)
    buy(shop, "2024-02-25", 700)
    assert facts_of(shop.view(MEMBER, "card", at("2024-02-01"))) == {"t1/qualify": 300}
    assert facts_of(shop.view(MEMBER, "card", at("2024-03-01"))) == {"t1/qualify": 700}
    # Otherwise: base from joined_on (10 January), then from the upgrade, then from the renewal.
    shop = chain((spend(1000, window), ALWAYS), validity=ONE_MONTH, joined="2024-01-10")
    assert buy(shop, "2024-01-09 12:00", 5000, recorded="2024-01-10 12:00") == []
    [made] = buy(shop, "2024-01-15 12:00", 1000)
    assert made.facts["t1/qualify"] == 1000
    buy(shop, "2024-02-14 12:00", 40)
    assert facts_of(shop.view(MEMBER, "card", at("2024-02-15")))["t1/qualify"] == 1040
    shop.recalculate(at("2024-02-15"))
    buy(shop, "2024-02-15 12:00", 2)
    assert facts_of(shop.view(MEMBER, "card", at("2024-02-16")))["t1/qualify"] == 2


def test_since_the_tier_began() -> None:
    window: Json = {"type": "since_tier_start"}
    here = ({"metric": "purchases", "window": window, "gte": 2}, spend(1000, MONTH))
    shop = chain(here, validity=ONE_MONTH, joined="2024-01-10")
    buy(shop, "2024-01-09", 1000)
    buy(shop, "2024-01-10 10:00", 1)
    assert len(buy(shop, "2024-01-11 10:00", 1)) == 1  # two since joining; valid to 10 February
    buy(shop, "2024-02-05", 1000)
    assert [one.reason for one in shop.recalculate(at("2024-02-11"))] == ["renew"]  # to 10 March
    # Since 11 January, not since the renewal: the second and the third purchase.
    assert facts_of(shop.view(MEMBER, "card", at("2024-02-12")))["t1/qualify"] == 2
    assert [one.reason for one in shop.recalculate(at("2024-03-11"))] == ["downgrade"]
    # Fallen to base: since it joined, whatever lay between.
    assert facts_of(shop.view(MEMBER, "card", at("2024-03-12")))["t1/qualify"] == 3


# Conditions: purchases of 300 and 700 on 5 and 20 January, seen on 31 January; joined 1 January


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (spend(1000), True),
        (spend(1001), False),
        ({"metric": "spend", "window": LIFETIME, "lt": 1000}, False),
        ({"metric": "spend", "window": LIFETIME, "lt": 1001}, True),
        ({"metric": "spend", "window": LIFETIME, "gte": 1000, "lt": 1001}, True),
        ({"metric": "purchases", "window": MONTH, "gte": 2}, True),
        ({"metric": "purchases", "window": {"type": "rolling_days", "days": 12}, "gte": 1}, True),
        ({"metric": "purchases", "window": {"type": "rolling_days", "days": 11}, "gte": 1}, False),
        ({"metric": "max_purchase", "window": MONTH, "gte": 700}, True),
        ({"metric": "max_purchase", "window": MONTH, "gte": 701}, False),
        ({"metric": "tenure_days", "gte": 30}, True),
        ({"metric": "tenure_days", "gte": 31}, False),
        ({"metric": "days_since_purchase", "gte": 11, "lt": 12}, True),
        ({"any": [NEVER, ALWAYS]}, True),
        ({"any": [NEVER, NEVER]}, False),
        ({"all": [NEVER, ALWAYS]}, False),
        ({"all": [ALWAYS, {"not": NEVER}]}, True),
        ({"not": {"any": [NEVER, ALWAYS]}}, False),
    ],
)
def test_condition(condition: Json, met: bool) -> None:
    shop = chain((NEVER, None))
    buy(shop, "2024-01-20 12:00", 700)
    buy(shop, "2024-01-05 12:00", 300, recorded="2024-01-21")
    buy(shop, "2024-02-01 10:00", 9000, recorded="2024-01-31 12:00")  # after D: as if it weren't
    view = shop.view(MEMBER, "card", at("2024-02-01"))
    assert holds(condition, view, view.standpoint(since_fall=True)) is met


def test_without_a_purchase() -> None:
    recent: Json = {"metric": "days_since_purchase", "lt": 10}
    largest: Json = {"metric": "max_purchase", "window": LIFETIME, "lt": 1}
    shop = chain(({"all": [recent, {"not": recent}, largest]}, None))
    view = shop.view(MEMBER, "card", at("2024-02-01"))
    here = view.standpoint(since_fall=True)
    # No purchase: no number of days, so not met (and its `not` is); the largest of none is 0.
    assert [holds(one, view, here) for one in (recent, {"not": recent}, largest)] == [False, True, True]
    assert facts_of(view) == {"t1/qualify/all/0": None, "t1/qualify/all/1/not": None, "t1/qualify/all/2": 0}
