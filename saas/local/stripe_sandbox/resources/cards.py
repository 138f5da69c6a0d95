"""Stripe's test cards: by the name of their payment method (`pm_card_…`, `tok_…`) or by their number."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Refusal:
    """Why a bank said no: `code` and `decline_code` of Stripe."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Card:
    """`attaching`, `charging`: whether and how it is refused. `authenticate`: when its holder must confirm himself.

    setup: at a setup, or at a payment without one before; always: at every payment, too.
    """

    name: str
    number: str
    brand: str = "visa"
    attaching: Refusal | None = None
    charging: Refusal | None = None
    authenticate: Literal["never", "setup", "always"] = "never"


_GENERIC: Final = Refusal("card_declined", "generic_decline", "Your card was declined.")
_FUNDS: Final = Refusal("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST: Final = Refusal("card_declined", "lost_card", "Your card was declined.")
_STOLEN: Final = Refusal("card_declined", "stolen_card", "Your card was declined.")
_EXPIRED: Final = Refusal("expired_card", "expired_card", "Your card has expired.")
_CVC: Final = Refusal("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
_PROCESSING: Final = Refusal(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)


def _refused(name: str, number: str, refusal: Refusal) -> Card:
    """Cards that are always declined can't even be attached to a customer."""
    return Card(name, number, attaching=refusal, charging=refusal)


_CARDS: Final = (
    Card("visa", "4242424242424242"),
    Card("visa_debit", "4000056655665556"),
    Card("mastercard", "5555555555554444", "mastercard"),
    Card("amex", "378282246310005", "amex"),
    Card("unionpay", "6200000000000005", "unionpay"),
    Card("cn", "4000001560000002"),
    _refused("chargeDeclined", "4000000000000002", _GENERIC),
    _refused("chargeDeclinedInsufficientFunds", "4000000000009995", _FUNDS),
    _refused("chargeDeclinedLostCard", "4000000000009987", _LOST),
    _refused("chargeDeclinedStolenCard", "4000000000009979", _STOLEN),
    _refused("chargeDeclinedExpiredCard", "4000000000000069", _EXPIRED),
    _refused("chargeDeclinedIncorrectCvc", "4000000000000127", _CVC),
    _refused("chargeDeclinedProcessingError", "4000000000000119", _PROCESSING),
    Card("chargeCustomerFail", "4000000000000341", charging=_GENERIC),
    Card("authenticationRequiredOnSetup", "4000002500003155", authenticate="setup"),
    Card("authenticationRequired", "4000002760003184", authenticate="always"),
    Card(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        charging=_FUNDS,
        authenticate="always",
    ),
)
_BY_NAME: Final = {card.name: card for card in _CARDS}
_BY_NUMBER: Final = {card.number: card for card in _CARDS}


def by_name(name: str) -> Card | None:
    """`pm_card_visa`, `pm_card_visa_chargeDeclined`, `tok_visa`."""
    plain = name.removeprefix("pm_card_").removeprefix("tok_")
    return _BY_NAME.get(plain) or _BY_NAME.get(plain.removeprefix("visa_"))


def by_number(number: str) -> Card | None:
    """With or without spaces."""
    return _BY_NUMBER.get("".join(number.split()))


def charged(payment_method: dict[str, object], *, present: bool) -> Refusal | Literal["authenticate"] | None:
    """What a payment with it comes to: None is success. `present`: its holder sits at the screen and confirms at once.

    Without him a card that asks for confirmation is `authenticate`, unless it was set up for that.
    """
    card = _BY_NAME.get(str(payment_method.get("_card")))
    if card is None:  # no card: Alipay and the like, whose payer is always present
        return None
    set_up = card.authenticate == "setup" and payment_method.get("_set_up")
    if card.authenticate != "never" and not present and not set_up:
        return "authenticate"
    return card.charging
