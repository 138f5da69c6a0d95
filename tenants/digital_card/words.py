"""What a card calls things: coupons in a line, movements of points and of stored value."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter

from saas.i18n import n_
from tenants.coupons.terms import AmountOff, FixedPrice, PercentOff, Value
from tenants.programme.wording.teller import Teller

POINTS_KINDS: Final = {
    "earn": n_("Purchase"),
    "top_up": n_("Top-up"),
    "activity": n_("Activity"),
    "referral": n_("A friend joined"),
    "birthday": n_("Birthday"),
    "campaign": n_("Campaign"),
    "reverse": n_("Purchase given back"),
    "top_up_reverse": n_("Top-up given back"),
    "undo_earn": n_("Purchase undone"),
    "undo_top_up": n_("Top-up undone"),
    "redeem": n_("Paid with points"),
    "return": n_("Points given back"),
    "undo_redeem": n_("Purchase undone"),
    "reward": n_("Reward claimed"),
    "reward_return": n_("Reward called off"),
    "use": n_("Points used"),
    "adjust": n_("Set right by staff"),
    "opening": n_("Taken over"),
    "expire": n_("Expired"),
    "void": n_("Voided"),
    "merge_out": n_("Two records became one"),
    "merge_in": n_("Two records became one"),
}
WALLET_KINDS: Final = {
    "top_up": n_("Top-up"),
    "spend": n_("Paid from the balance"),
    "return": n_("Given back"),
    "undo_spend": n_("Payment undone"),
    "refund": n_("Paid out"),
    "refund_deduction": n_("Kept at paying out"),
    "undo_top_up": n_("Top-up undone"),
    "void": n_("Voided"),
    "opening": n_("Taken over"),
    "merge_out": n_("Two records became one"),
    "merge_in": n_("Two records became one"),
}
"""Of principal; bonus has the same kinds with `_bonus` behind them."""

_VALUE: TypeAdapter[AmountOff | PercentOff | FixedPrice] = TypeAdapter(Value)


def wallet_kind(kind: str) -> str:
    """The text of a movement, whichever account moved."""
    return WALLET_KINDS[kind.removesuffix("_bonus")]


def coupon_value(terms: Mapping[str, Any], teller: Teller) -> str:
    """What a coupon takes off: ¥10 off, 20% off, for ¥9.90."""
    value = _VALUE.validate_python(terms["value"])
    match value:
        case AmountOff(amount=amount):
            return teller.say("%(amount)s off", amount=teller.money(amount))
        case PercentOff(percent=percent):
            return teller.say("%(percent)s off", percent=teller.percent(percent))
        case FixedPrice(price=0):
            return teller.say("free of charge")
        case FixedPrice(price=price):
            return teller.say("for %(amount)s", amount=teller.money(price))


def coupon_limits(terms: Mapping[str, Any], teller: Teller, today: date) -> list[str]:
    """What it asks for: from how much on, on what, where, from when on."""
    limits = []
    if terms["valid_from"] > today:
        limits.append(teller.say("from %(day)s on", day=teller.day(terms["valid_from"])))
    if terms["minimum"]:
        limits.append(teller.say("from %(amount)s on", amount=teller.money(terms["minimum"])))
    if terms["categories"]:
        limits.append(teller.listed(terms["categories"]))
    if terms["branches"]:
        shops = teller.listed(teller.own("branch", code) for code in terms["branches"])
        limits.append(teller.say("at %(branches)s only", branches=shops))
    return limits
