"""What Stripe's errors mean to us, and that no transaction waits on Stripe."""

from typing import Any

import pytest
import stripe
from support.chains import Chain
from support.stripe_box import StripeBox

from saas.billing.client import API_VERSION, at_work, problem, read, stripe_client, verdict
from saas.errors import DomainError
from saas.scope import tenant_scope


def failed(kind: type[stripe.StripeError], status: int, code: str | None = None, **headers: str) -> stripe.StripeError:
    body = {"error": {"message": "No such key: sk_test_secret", "code": code}}
    more: dict[str, Any] = {"http_status": status, "json_body": body, "headers": headers}
    if issubclass(kind, stripe.CardError):
        return kind("x", None, code, **more)
    if issubclass(kind, stripe.InvalidRequestError):
        return kind("x", None, code, **more)
    return kind("x", **more)


@pytest.mark.parametrize(
    ("error", "expected", "told"),
    [
        (failed(stripe.APIConnectionError, 0), "again", "billing-unavailable"),
        (failed(stripe.RateLimitError, 429, "rate_limit"), "again", "billing-unavailable"),
        (failed(stripe.APIError, 500), "again", "billing-unavailable"),
        (failed(stripe.APIError, 500, None, **{"Idempotent-Replayed": "true"}), "unknown", "billing-unavailable"),
        (failed(stripe.APIError, 409, "idempotency_key_in_use"), "again", "billing-unavailable"),
        (failed(stripe.AuthenticationError, 401), "again", "billing-unavailable"),
        (failed(stripe.CardError, 402, "card_declined"), "declined", "payment-declined"),
        (failed(stripe.InvalidRequestError, 400, "parameter_unknown"), "refused", "billing-refused"),
        (failed(stripe.IdempotencyError, 400), "refused", "billing-refused"),
    ],
)
def test_what_an_error_means(error: stripe.StripeError, expected: str, told: str) -> None:
    assert verdict(error) == expected
    found = problem(error)
    assert (found.code, found.params) == (told, {})
    assert "secret" not in str(found)


def test_a_key_at_work_is_known() -> None:
    assert at_work(failed(stripe.APIError, 409, "idempotency_key_in_use"))
    assert not at_work(failed(stripe.APIError, 409, "lock_timeout"))


def test_the_sdk_speaks_the_version_that_this_was_written_against() -> None:
    assert stripe.api_version == API_VERSION


async def test_no_transaction_waits_on_stripe(chain: Chain, billing_on: StripeBox) -> None:
    assert stripe_client() is stripe_client()
    async with tenant_scope(chain.tenant_id):
        with pytest.raises(RuntimeError, match="transaction"):
            stripe_client()


async def test_without_a_key_nothing_is_sold() -> None:
    with pytest.raises(DomainError) as refused:
        stripe_client()
    assert refused.value.code == "billing-disabled"


async def test_what_stripe_does_not_have(billing_on: StripeBox) -> None:
    with pytest.raises(DomainError) as refused:
        await read(stripe_client().v1.customers.retrieve_async("cus_nobodys"))
    assert refused.value.code == "not-found"
