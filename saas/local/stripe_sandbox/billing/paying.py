"""One attempt to charge, and which payment method it goes to."""

from dataclasses import dataclass

from saas.local.stripe_sandbox.errors import StripeError, declined
from saas.local.stripe_sandbox.resources import cards
from saas.local.stripe_sandbox.store import Object, Store


@dataclass(frozen=True)
class Outcome:
    """What a charge came to. `action`: the card's holder must authenticate."""

    paid: bool
    code: str = ""
    decline_code: str | None = None
    message: str = ""
    action: bool = False


_NO_METHOD = Outcome(False, "payment_method_missing", None, "There is no payment method to charge.")
_ACTION = Outcome(
    False,
    "invoice_payment_intent_requires_action",
    "authentication_required",
    "Payment for this invoice requires additional user action before it can be completed successfully.",
    action=True,
)


def charge(store: Store, method: str | None, *, on_session: bool) -> Outcome:
    """Charge a payment method; None: there is none, and that is a failure, too."""
    if method is None:
        return _NO_METHOD
    answer = cards.charged(store.must("payment_method", method), present=on_session)
    if answer is None:
        return Outcome(True)
    if answer == "authenticate":
        return _ACTION
    return Outcome(False, answer.code, answer.decline_code, answer.message)


def refusal(outcome: Outcome, *, keep: bool) -> StripeError:
    """The 402 for a charge that failed; `keep`: what was written about it stays."""
    error = declined(outcome.code, outcome.decline_code, outcome.message)
    error.keep = keep
    return error


def method_of(store: Store, subscription: Object) -> str | None:
    """The subscription's payment method, else its customer's."""
    own: str | None = subscription.get("default_payment_method")
    return own or method_for_customer(store, subscription["customer"])


def method_for(store: Store, invoice: Object) -> str | None:
    """What pays an invoice: its own, its subscription's, or its customer's payment method, as they are now."""
    return method_of(store, store.must("subscription", invoice["_subscription"]))


def method_for_customer(store: Store, customer: str) -> str | None:
    """The customer's default."""
    found: str | None = store.must("customer", customer)["invoice_settings"]["default_payment_method"]
    return found
