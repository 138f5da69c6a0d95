"""The form of a coupon, as the API's bodies and back."""

import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final

from tenants.coupons.bodies import CouponChange, NewCoupon
from tenants.offers.typed import YES, Typed, amount_typed

FIELDS: Final = (
    "code",
    "names_zh-CN",
    "names_en",
    "value_type",
    "value_amount",
    "value_percent",
    "value_price",
    "minimum",
    "categories",
    "branches",
    "days",
    "valid_days",
    "valid_from",
    "valid_until",
)
EMPTY: Final = {"value_type": "amount", "days": "valid_days", "valid_days": "30", "combines_tier_discount": YES}
_COMBINES: Final = ("tier_discount", "campaign", "coupons")
_NO_CODE: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = 24


def new_coupon(typed: Typed, branches: list[str]) -> NewCoupon:
    """Raises DomainError `validation-failed`. A code is made where none is given."""
    names = typed.names()
    code = typed.plain("code") or code_of(names.get("en") or "", "coupon")
    days = {name: value for name, value in _days(typed).items() if value is not None}
    return typed.body(NewCoupon, {"code": code, "names": names, **_terms(typed, branches), **days})


def changed_coupon(typed: Typed, branches: list[str], kept: Mapping[str, Any]) -> CouponChange:
    """The whole form: what it has is what the coupon is from now on. `kept`: the coupon as it is (`coupon.shown`).
    Raises DomainError `validation-failed`.
    """
    days = {name: value for name, value in _days(typed).items() if value is not None or name == "valid_from"}
    return typed.body(CouponChange, {"names": typed.names(), **_terms(typed, branches, kept["categories"]), **days})


def _terms(typed: Typed, branches: list[str], categories: Collection[str] = ()) -> dict[str, Any]:
    somewhere = typed.text("where") == "some"
    if somewhere and not branches:
        typed.missing("branches")
    return {
        "value": _value(typed),
        "minimum": typed.money("minimum") or 0,
        "categories": typed.labels("categories", categories),
        "branches": branches if somewhere else [],
        "combines": {name: typed.yes(f"combines_{name}") for name in _COMBINES},
    }


def _value(typed: Typed) -> dict[str, Any]:
    kind = typed.text("value_type") or "amount"
    if kind == "percent":
        value: object = typed.plain("value_percent")
        name = "percent"
    else:
        name = "price" if kind == "fixed_price" else "amount"
        value = typed.money(f"value_{name}", above_zero=name == "amount")
    if value is None:
        typed.missing(f"value_{name}")
    return {"type": kind, name: value}


def _days(typed: Typed) -> dict[str, Any]:
    if typed.text("days") == "fixed":
        if typed.text("valid_until") is None:
            typed.missing("valid_until")
        return {"valid_from": typed.plain("valid_from"), "valid_until": typed.plain("valid_until")}
    days = typed.whole("valid_days")
    if days is None:
        typed.missing("valid_days")
    return {"valid_days": days}


def code_of(name: str, otherwise: str, own: str | None = None) -> str:
    """A code that nobody has to think of: the English name's letters (or `otherwise`) and something of its own, which
    a form that is sent twice brings along.
    """
    stem = _NO_CODE.sub("-", name.lower()).strip("-")[:_LONGEST].strip("-")
    own = own or secrets.token_hex(3)
    return f"{stem}-{own}" if stem[:1].isalpha() else f"{otherwise}-{own}"


def filled(coupon: Mapping[str, Any], currency: str) -> dict[str, str]:
    """The form of a coupon as it's kept (`coupon.shown`)."""
    value = coupon["value"]
    form = {
        "names_zh-CN": coupon["names"].get("zh-CN", ""),
        "names_en": coupon["names"].get("en", ""),
        "value_type": value["type"],
        "value_amount": amount_typed(value.get("amount"), currency),
        "value_percent": value.get("percent", ""),
        "value_price": amount_typed(value.get("price"), currency),
        "minimum": amount_typed(coupon["minimum"] or None, currency),
        "categories": "\n".join(coupon["categories"]),
        "where": "some" if coupon["branches"] else "all",
        "days": "valid_days" if coupon["valid_days"] is not None else "fixed",
    }
    form |= {f"combines_{name}": YES for name in _COMBINES if coupon["combines"][name]}
    for name in ("valid_days", "valid_from", "valid_until"):
        form[name] = "" if coupon[name] is None else str(coupon[name])
    return form
