"""What a shift is made of, by name: kinds of entries, and ways of payment."""

from collections.abc import Mapping
from typing import Final

from saas.i18n import Tongue, n_

KIND_NAMES: Final[Mapping[str, str]] = {
    "purchases": n_("Purchases"),
    "top_ups": n_("Top-ups"),
    "passes": n_("Passes sold"),
    "refunds": n_("Given back"),
    "wallet_refunds": n_("Stored value paid out"),
    "pass_refunds": n_("Passes paid back"),
    "undone_purchases": n_("Purchases undone"),
    "undone_top_ups": n_("Top-ups undone"),
}
TENDER_NAMES: Final[Mapping[str, str]] = {
    "wechat": n_("WeChat Pay"),
    "alipay": n_("Alipay"),
    "cash": n_("Cash"),
    "card": n_("Bank card"),
    "medical_insurance": n_("Medical insurance"),
    "bank_transfer": n_("Bank transfer"),
    "other": n_("Other"),
    "points": n_("Points"),
    "wallet": n_("Stored value"),
}
_UNNAMED: Final = n_("Unnamed way of payment")


def tender_name(way: str | None, speaks: Tongue) -> str:
    """A way of payment; None: nobody named it."""
    return speaks.say(TENDER_NAMES.get(way or "", _UNNAMED))
