"""What the pages say of a chain's account."""

from datetime import UTC, datetime, timedelta

import pytest

from saas.plans.banner import Account, Banner, banner

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (Account("active", bought=True, has_card=True), None),
        (Account("trialing", NOW + 8 * DAY), None),
        (Account("trialing", NOW + 7 * DAY), Banner("trial_ends", "info", NOW + 7 * DAY)),
        (Account("trialing", NOW + DAY, bought=True), Banner("trial_ends", "info", NOW + DAY)),
        (Account("trialing", NOW + DAY, bought=True, has_card=True), None),
        (Account("suspended", NOW - DAY), Banner("trial_over", "danger")),
        (Account("suspended", NOW - DAY, bought=True), Banner("unpaid", "danger")),
        (Account("suspended", bought=True, held_by_operator=True), Banner("held", "danger")),
        (Account("past_due", bought=True, has_card=True), Banner("past_due", "warning")),
        (Account("past_due", bought=True, overdue_since=NOW - DAY), Banner("overdue", "warning", NOW + 13 * DAY)),
        (
            Account("active", bought=True, cancel_at_period_end=True, period_end=NOW + DAY),
            Banner("ending", "info", NOW + DAY),
        ),
        (Account("past_due", bought=True, cancel_at_period_end=True), Banner("past_due", "warning")),
        (Account("cancelled", cancelled_at=NOW), Banner("cancelled", "danger", NOW + 30 * DAY)),
        (Account("cancelled"), Banner("cancelled", "danger")),
    ],
)
def test_the_most_urgent_thing_is_said(account: Account, expected: Banner | None) -> None:
    assert banner(account, NOW) == expected
