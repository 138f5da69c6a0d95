"""A chain's status from what Stripe says and from the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saas.billing.states import Standing, Status, StripeStatus, next_instant, status_at
from saas.plans.banner import EXPORT_WINDOW, OVERDUE

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TRIAL = NOW + 5 * DAY
OVER = NOW - 5 * DAY


@pytest.mark.parametrize(
    ("stripe_status", "expected"),
    [
        ("trialing", "trialing"),
        ("active", "active"),
        ("past_due", "past_due"),
        ("unpaid", "suspended"),
        ("paused", "suspended"),
        ("canceled", "cancelled"),
    ],
)
@pytest.mark.parametrize("before", get_args(Status))
@pytest.mark.parametrize("trial", [TRIAL, OVER, None])
def test_what_stripe_says_counts_whatever_was_before(
    stripe_status: StripeStatus, expected: Status, before: Status, trial: datetime | None
) -> None:
    assert status_at(Standing(before, trial, stripe_status), NOW) == expected


@pytest.mark.parametrize("stripe_status", [None, "incomplete", "incomplete_expired"])
@pytest.mark.parametrize(
    ("before", "trial", "expected"),
    [
        ("trialing", TRIAL, "trialing"),
        ("trialing", NOW, "suspended"),
        ("trialing", OVER, "suspended"),
        ("suspended", OVER, "suspended"),
        ("suspended", TRIAL, "trialing"),
        ("cancelled", TRIAL, "cancelled"),
        ("cancelled", None, "cancelled"),
        ("trialing", None, "suspended"),
    ],
)
def test_without_a_subscription_the_trial_counts(
    stripe_status: StripeStatus | None, before: Status, trial: datetime | None, expected: Status
) -> None:
    assert status_at(Standing(before, trial, stripe_status), NOW) == expected


@pytest.mark.parametrize(
    ("stripe_status", "expected"),
    [(None, "suspended"), ("trialing", "suspended"), ("active", "suspended"), ("canceled", "cancelled")],
)
def test_the_operator_holds_whom_stripe_doesnt(stripe_status: StripeStatus | None, expected: Status) -> None:
    assert status_at(Standing("active", TRIAL, stripe_status, held_by_operator=True), NOW) == expected


@pytest.mark.parametrize(("since", "expected"), [(OVERDUE - DAY, "past_due"), (OVERDUE, "suspended")])
def test_a_sent_invoice_may_be_overdue_for_two_weeks(since: timedelta, expected: Status) -> None:
    assert status_at(Standing("past_due", None, "past_due", overdue_since=NOW - since), NOW) == expected


def test_an_overdue_invoice_of_who_pays_again_holds_nobody() -> None:
    assert status_at(Standing("suspended", None, "active", overdue_since=NOW - OVERDUE), NOW) == "active"


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing("trialing", TRIAL), TRIAL - 3 * DAY),
        (Standing("trialing", NOW + 2 * DAY), NOW + 2 * DAY),
        (Standing("suspended", OVER), None),
        (Standing("trialing", TRIAL, "trialing"), None),
        (Standing("active", None, "active"), None),
        (Standing("past_due", None, "past_due", overdue_since=NOW - DAY), NOW + 13 * DAY),
        (Standing("active", None, "active", period_end=TRIAL, next_plan="starter"), TRIAL - DAY),
        (Standing("active", None, "active", period_end=TRIAL, next_plan="starter", next_step="renewing"), None),
        (Standing("cancelled", None, "canceled", cancelled_at=NOW), NOW + 23 * DAY),
        (Standing("cancelled", None, "canceled", cancelled_at=NOW - 23 * DAY), NOW + 6 * DAY),
        (Standing("cancelled", None, "canceled", cancelled_at=NOW - 29 * DAY), NOW + DAY),
        (Standing("cancelled", None, "canceled", cancelled_at=NOW - EXPORT_WINDOW), None),
        (Standing("cancelled", None, "canceled"), None),
    ],
)
def test_the_next_date_of_our_own_calendar(standing: Standing, expected: datetime | None) -> None:
    assert next_instant(standing, NOW) == expected


_INSTANTS = st.one_of(st.none(), st.integers(-60, 60).map(lambda days: NOW + days * DAY))


@given(
    standing=st.builds(
        Standing,
        status=st.sampled_from(get_args(Status)),
        trial_ends_at=_INSTANTS,
        stripe_status=st.one_of(st.none(), st.sampled_from(get_args(StripeStatus))),
        overdue_since=_INSTANTS,
        held_by_operator=st.booleans(),
        cancelled_at=_INSTANTS,
    ),
    hours=st.integers(0, 24 * 60),
)
def test_the_status_changes_by_itself_only_where_the_calendar_says_so(standing: Standing, hours: int) -> None:
    settled = _with(standing, status_at(standing, NOW))
    due = next_instant(settled, NOW)
    later = NOW + timedelta(hours=hours)
    if due is None or later < due:
        assert status_at(settled, later) == settled.status


def _with(standing: Standing, status: Status) -> Standing:
    return replace(standing, status=status)
