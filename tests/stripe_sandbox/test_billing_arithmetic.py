"""Periods, rating, proration and dunning: tables and properties."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saas.local.stripe_sandbox.billing.dunning import DAY, next_attempt
from saas.local.stripe_sandbox.billing.periods import Interval, Period, boundary, period_at
from saas.local.stripe_sandbox.billing.proration import Debit, credit, share
from saas.local.stripe_sandbox.billing.rating import half_up, rate

MONTH = Interval("month")
SECONDS = st.integers(1_600_000_000, 2_000_000_000)
INTERVALS = st.builds(Interval, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 12))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_an_anchor_on_the_31st_keeps_to_the_last_day_of_the_month() -> None:
    anchor = at("2027-01-31T09:30:00")
    days = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    assert [boundary(anchor, MONTH, n) for n in range(5)] == [at(f"{day}T09:30:00") for day in days]
    assert boundary(anchor, MONTH, 13) == at("2028-02-29T09:30:00")
    assert boundary(at("2028-02-29T00:00:00"), Interval("year"), 1) == at("2029-02-28T00:00:00")


def test_a_boundary_begins_the_new_period() -> None:
    anchor = at("2027-01-31T00:00:00")
    assert period_at(anchor, MONTH, at("2027-02-28T00:00:00")) == Period(
        at("2027-02-28T00:00:00"), at("2027-03-31T00:00:00")
    )
    assert period_at(anchor, MONTH, at("2027-02-27T23:59:59")).start == anchor


@given(SECONDS, INTERVALS, SECONDS)
def test_periods_never_overlap_and_leave_no_gap(anchor: int, interval: Interval, moment: int) -> None:
    here = period_at(anchor, interval, moment)
    assert here.start <= moment < here.end
    assert period_at(anchor, interval, here.end).start == here.end
    assert period_at(anchor, interval, here.start - 1).end == here.start


GRADUATED = {
    "billing_scheme": "tiered",
    "tiers": [{"up_to": 1000, "unit_amount": 0}, {"up_to": None, "unit_amount_decimal": "4.9"}],
}


@pytest.mark.parametrize(
    ("members", "lines"),
    [
        (0, [(0, 0)]),
        (1, [(1, 0)]),
        (1000, [(1000, 0)]),
        (1001, [(1000, 0), (1, 5)]),  # 4.9 → 5
        (1005, [(1000, 0), (5, 25)]),  # 24.5 → 25: half up
        (12_345, [(1000, 0), (11_345, 55_591)]),  # 55,590.5 → 55,591
    ],
)
def test_graduated_lines(members: int, lines: list[tuple[int, int]]) -> None:
    assert [(line.quantity, line.amount) for line in rate(GRADUATED, members)] == lines


@given(st.integers(0, 10_000_000))
def test_tiers_take_every_unit_once(quantity: int) -> None:
    assert sum(line.quantity for line in rate(GRADUATED, quantity)) == quantity


def test_a_half_goes_away_from_zero() -> None:
    assert [half_up(Decimal(x)) for x in ("0.5", "1.5", "-0.5", "2.49", "-2.51")] == [1, 2, -1, 2, -3]


def test_half_of_the_time_is_half_of_the_money() -> None:
    assert share(29_900, 0, 100, 50) == 14_950
    assert share(29_900, 0, 100, -5) == 29_900
    assert share(29_900, 0, 100, 100) == share(29_900, 0, 100, 105) == 0


@given(st.integers(0, 10**9), SECONDS, st.integers(1, 40_000_000), st.lists(st.integers(-10, 40_000_010), max_size=8))
def test_credits_of_a_debit_never_exceed_it(amount: int, start: int, length: int, moments: list[int]) -> None:
    debit = Debit("si_1", amount, start, start + length, "il_1", "in_1")
    given_back = 0
    for moment in moments:
        back, left = credit(debit, start + moment)
        assert back >= 0
        assert left.end <= debit.end
        assert left == replace(debit, amount=debit.amount - back, end=left.end)
        given_back, debit = given_back + back, left
    assert given_back + debit.amount == amount


@given(st.integers(1, 10**9), st.integers(1, 40_000_000), st.data())
def test_a_swap_for_the_same_price_costs_nothing(amount: int, length: int, data: st.DataObject) -> None:
    moment = data.draw(st.integers(0, length))
    back, _ = credit(Debit("si_1", amount, 0, length, "il_1", None), moment)
    assert back == share(amount, 0, length, moment)


def test_retries_come_on_days_1_3_5_and_7() -> None:
    assert [next_attempt(0, now) for now in (0, DAY, 3 * DAY, 5 * DAY, 7 * DAY)] == [
        DAY,
        3 * DAY,
        5 * DAY,
        7 * DAY,
        None,
    ]
    assert next_attempt(0, 2 * DAY) == 3 * DAY
