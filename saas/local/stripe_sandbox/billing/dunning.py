"""When a failed payment is tried again: pure arithmetic.

Stripe's schedule is a setting of the account; this one is the custom schedule that a test account is given: 1, 3, 5
and 7 days after the first attempt, then the subscription is left `unpaid` and its invoice open, so that it can be
recovered with a new card (docs.stripe.com/billing/revenue-recovery/smart-retries).
"""

DAY = 86_400
RETRY_DAYS = (1, 3, 5, 7)


def next_attempt(first_attempt: int, now: int) -> int | None:
    """When the invoice is tried next after a failure at `now`; None: no more. An attempt by hand shifts nothing."""
    return next((due for days in RETRY_DAYS if (due := first_attempt + days * DAY) > now), None)
