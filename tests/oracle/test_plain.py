"""The oracle against tables worked out by hand: upgrades, validities, renewals, grace."""

from datetime import date
from typing import Any

import pytest
from oracle.conditions import Standing
from oracle.decisions import Decision
from oracle.facts import Json
from oracle.shop import (
    ALWAYS,
    MEMBER,
    MONTH,
    NEVER,
    ONE_MONTH,
    TO_SCHEDULE,
    at,
    buy,
    chain,
    ends,
    spend,
    told,
)

# Upgrades


def test_the_fact_that_earns_it_lifts_at_once_and_ranks_may_be_skipped() -> None:
    shop = chain((spend(1000), None), (spend(2000), None), (spend(5000), None))
    assert buy(shop, "2024-01-10 12:00", 999) == []
    [made] = buy(shop, "2024-01-11 12:00", 1001)  # 999 + 1001 = 2000: t2 at once
    assert made == Decision(
        ladder="card",
        member=MEMBER,
        effective_at=at("2024-01-11 12:00"),
        from_tier="t0",
        to_tier="t2",
        reason="upgrade",
        standing=Standing(2, since=date(2024, 1, 11), validity_start=date(2024, 1, 11)),
        facts={"t1/qualify": 2000, "t2/qualify": 2000, "t3/qualify": 2000},
        day=date(2024, 1, 11),
        mode="fact",
    )
    assert shop.tier(MEMBER, "card") == "t2"


def test_a_scheduled_ladder_waits_for_its_schedule() -> None:
    shop = chain((spend(1000, MONTH), None), upgrade="scheduled", validity=TO_SCHEDULE)
    assert buy(shop, "2024-01-10", 1000) == []
    [made] = shop.recalculate(at("2024-02-01"))  # D = 31 January: January's spend
    assert (made.to_tier, made.day, made.valid_until) == ("t1", date(2024, 1, 31), date(2024, 2, 29))


def test_a_tier_earned_by_time_comes_with_the_schedule() -> None:
    # Joined 1 January: at 1 February 00:00, D is 31 January, 30 days on.
    for days, decisions in ((30, [("t0", "t1", "upgrade")]), (31, [])):
        shop = chain(({"metric": "tenure_days", "gte": days}, None))
        assert told(shop.recalculate(at("2024-02-01"))) == decisions


def test_a_purchase_dated_ahead_counts_from_its_own_day() -> None:
    shop = chain((spend(1000), None))
    assert buy(shop, "2024-01-12 09:00", 1000, recorded="2024-01-11 10:00") == []
    assert shop.recalculate(at("2024-01-12 00:00")) == []  # D = 11 January
    assert told(shop.recalculate(at("2024-01-12 00:01"))) == [("t0", "t1", "upgrade")]


def test_a_late_purchase_counts_in_the_month_it_belongs_to() -> None:
    # Recorded on 5 February: too late for January's schedule to be repeated.
    shop = chain((spend(1000, MONTH), None))
    assert buy(shop, "2024-01-31 23:59", 1000, recorded="2024-02-05 08:00") == []
    shop = chain((spend(1000, MONTH | {"offset": -1}), None))
    assert told(buy(shop, "2024-01-31 23:59", 1000, recorded="2024-02-05 08:00")) == [("t0", "t1", "upgrade")]


@pytest.mark.parametrize(
    ("zone", "fires", "decisions"),
    [
        # 03:00 UTC on 1 March is 22:00 on 29 February in New York, but 11:00 on 1 March in Shanghai.
        ("America/New_York", "2024-03-01T05:00:00+00:00", [("t0", "t1", "upgrade")]),
        ("Asia/Shanghai", "2024-02-29T16:00:00+00:00", []),
        ("UTC", "2024-03-01T00:00:00+00:00", []),
    ],
)
def test_months_are_the_tenants_own(zone: str, fires: str, decisions: list[Any]) -> None:
    shop = chain((spend(1000, MONTH), None), zone=zone, upgrade="scheduled", validity=TO_SCHEDULE)
    buy(shop, "2024-03-01T03:00:00+00:00", 1000)
    assert told(shop.recalculate(at(fires))) == decisions


# Validity


@pytest.mark.parametrize(
    ("day", "policy", "last_day"),
    [
        ("2024-01-31", {"validity": ONE_MONTH}, "2024-02-28"),  # 31 Feb is 29 Feb, less a day
        ("2024-01-15", {"validity": ONE_MONTH}, "2024-02-14"),
        ("2024-02-29", {"validity": {"type": "months", "months": 12}}, "2025-02-27"),
        ("2024-01-01", {"validity": {"type": "months", "months": 12}}, "2024-12-31"),
        ("2024-03-05", {"validity": {"type": "calendar_year_end"}}, "2025-12-31"),
        ("2024-12-31", {"validity": {"type": "calendar_year_end"}}, "2025-12-31"),
        ("2024-01-31", {"validity": TO_SCHEDULE}, "2024-01-31"),
        ("2024-02-01", {"validity": TO_SCHEDULE}, "2024-02-29"),
        ("2024-02-10", {"validity": TO_SCHEDULE, "schedule": {"type": "quarterly"}}, "2024-03-31"),
        ("2024-02-10", {"validity": TO_SCHEDULE, "schedule": {"type": "daily"}}, "2024-02-10"),
        (
            "2024-03-01",
            {"validity": TO_SCHEDULE, "schedule": {"type": "yearly", "month": 3, "day": 1}},
            "2025-02-28",
        ),
        ("2024-03-01", {"validity": {"type": "forever"}}, None),
    ],
)
def test_a_new_validity(day: str, policy: Json, last_day: str | None) -> None:
    shop = chain((ALWAYS, None), **policy)
    buy(shop, f"{day} 12:00", 0)
    assert ends(shop) == last_day


@pytest.mark.parametrize(
    ("upgraded", "validity", "evaluated", "last_day", "first_day"),
    [
        # Valid to 14 February: nothing on that day; from the 15th on renewed.
        ("2024-01-15", ONE_MONTH, "2024-02-14 23:59", "2024-02-14", "2024-01-15"),
        ("2024-01-15", ONE_MONTH, "2024-02-15", "2024-03-14", "2024-02-15"),
        # Four missed months: 14 March, April, May, June are before 20 June; 14 July is not.
        ("2024-01-15", ONE_MONTH, "2024-06-20", "2024-07-14", "2024-06-15"),
        # On 14 March the end of 14 March is enough.
        ("2024-01-15", ONE_MONTH, "2024-03-14 12:00", "2024-03-14", "2024-02-15"),
        # 30 January, then 29 February, then 30 March: each counted from the old day, so that none drifts.
        ("2023-12-31", ONE_MONTH, "2024-03-05", "2024-03-30", "2024-03-01"),
        ("2024-05-05", {"type": "calendar_year_end"}, "2026-01-01", "2026-12-31", "2026-01-01"),
    ],
)
def test_a_renewal_adds_to_the_old_end(
    upgraded: str, validity: Json, evaluated: str, last_day: str, first_day: str
) -> None:
    shop = chain((ALWAYS, None), joined="2023-01-01", validity=validity)
    buy(shop, upgraded, 0)
    made = shop.recalculate(at(evaluated))
    assert told(made) == ([] if first_day == upgraded else [("t1", "t1", "renew")])
    assert ends(shop) == last_day
    standing = shop.standing(MEMBER, "card")
    assert standing.validity_start == date.fromisoformat(first_day)
    assert standing.since == date.fromisoformat(upgraded)  # a renewal is no new start


def test_a_fact_after_the_end_renews_or_fells_too_but_not_where_upgrades_are_scheduled() -> None:
    for retain, reason, upgrade in ((ALWAYS, "renew", "immediate"), (NEVER, "downgrade", "immediate")):
        shop = chain((spend(1000, MONTH), retain), validity=ONE_MONTH, upgrade=upgrade)
        buy(shop, "2024-01-15", 1000)
        assert [one.reason for one in buy(shop, "2024-02-15 09:00", 1)] == [reason]
    shop = chain((spend(1000, MONTH), NEVER), validity=ONE_MONTH, upgrade="scheduled")
    buy(shop, "2024-01-15", 1000)
    assert len(shop.recalculate(at("2024-01-20"))) == 1
    assert buy(shop, "2024-06-15", 1) == []


# Grace: valid to 14 February + 5 days = 19 February; a fall from the 20th on


@pytest.mark.parametrize(
    ("when", "decisions"), [("2024-02-19 23:59", []), ("2024-02-20 00:00", [("t1", "t0", "downgrade")])]
)
def test_grace_delays_the_fall(when: str, decisions: list[Any]) -> None:
    shop = chain((spend(1000, MONTH), None), validity=ONE_MONTH, grace_days=5)
    buy(shop, "2024-01-15", 1000)
    assert told(shop.recalculate(at(when))) == decisions


def test_in_grace_a_fact_renews_at_once_but_a_schedule_does_not() -> None:
    shop = chain((spend(1000, MONTH), None), validity=ONE_MONTH, grace_days=5)
    buy(shop, "2024-01-15", 1000)
    assert buy(shop, "2024-02-14 12:00", 500) == []  # still valid
    assert buy(shop, "2024-02-16 12:00", 499) == []  # in grace, 999 of 1000
    assert told(buy(shop, "2024-02-16 13:00", 1)) == [("t1", "t1", "renew")]
    assert ends(shop) == "2024-03-14"
    assert buy(shop, "2024-03-14 12:00", 1000) == []
    assert ends(shop) == "2024-03-14"  # on its last day a validity isn't over yet
    assert shop.recalculate(at("2024-03-16")) == []  # in grace, retain holds, no fact
    assert told(shop.recalculate(at("2024-03-20"))) == [("t1", "t1", "renew")]
    assert ends(shop) == "2024-04-14"
