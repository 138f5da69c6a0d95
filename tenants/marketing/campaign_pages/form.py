"""The form of a campaign, as its document and back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from saas.digits import number_of
from saas.errors import LANGUAGES, DomainError, FieldError
from tenants.campaigns.document import (
    AnyCampaign,
    DiscountCampaign,
    GrantCampaign,
    MessageCampaign,
    MultiplierCampaign,
)
from tenants.marketing.campaign_pages.choices import AT
from tenants.offers.typed import YES, Typed, amount_typed

MODELS: Final[dict[str, type[AnyCampaign]]] = {
    "grant": GrantCampaign,
    "message": MessageCampaign,
    "discount": DiscountCampaign,
    "multiplier": MultiplierCampaign,
}
BOXES: Final = ("always", "between", "yearly", "weekdays", "month_days")
EVENTS: Final = (
    "joined",
    "birthday",
    "purchase",
    "tier_reached",
    "referral",
    "segment_entered",
    "points_expiring",
    "tier_expiring",
)
GUEST: Final = "guest"
EMPTY: Final[dict[str, dict[str, str]]] = {
    "grant": {"when": "joined", "once": "ever", "birthday_before": "7", "points_days": "30"},
    "message": {"when": "joined", "birthday_before": "7", "points_days": "30"},
    "discount": {"when": "between", "offer": "amount"},
    "multiplier": {"when": "month_days", "multiplier": "2"},
}
FIELDS: Final = (
    "code",
    "names_zh-CN",
    "names_en",
    "when",
    "between_from",
    "between_to",
    "yearly_from",
    "yearly_to",
    "weekdays",
    "month_days",
    "birthday_before",
    "purchase_min",
    "guest_min",
    "friends",
    "points_days",
    "both_sides",
    "audience",
    "control_percent",
    "once",
    "tell",
    "coupon",
    "points",
    "multiplier",
    "offer_percent",
    "offer_categories",
    "offer_amount",
    "offer_minimum",
)
# Where the form says what a part of `when` says, by the way that was chosen.
_WHEN: Final[dict[str, dict[str, str]]] = {
    "between": {"from": "between_from", "to": "between_to"},
    "yearly": {"from": "yearly_from", "to": "yearly_to"},
    "weekdays": {"days": "weekdays"},
    "month_days": {"days": "month_days"},
    "birthday": {"days_before": "birthday_before"},
    "purchase": {"min_amount": "purchase_min"},
    "guest": {"min_amount": "guest_min"},
    "points_expiring": {"days": "points_days"},
    "referral": {"count": "friends"},
}
_ELSEWHERE: Final = {"message": "tell", "channel": "tell", "offer/type": "offer_percent"}


def campaign_of(asked: Typed, kind: str, code: str, weekdays: list[str]) -> AnyCampaign:
    """The document. Raises DomainError `validation-failed`, each error at a field of the form."""
    text, _, channel = (asked.text("tell") or "").partition(AT)
    values: dict[str, Any] = {
        "code": code,
        "type": kind,
        "names": asked.names(),
        "when": _when(asked, weekdays),
        "audience": asked.text("audience"),
        "control_percent": _plain_percent(asked, "control_percent") or "0",
        "message": text or None,
        "channel": channel or None,
        **_deed(asked, kind),
    }
    if kind == "message" and not text:
        asked.missing("tell")
    when = asked.text("when") or ""
    if when == GUEST:  # nobody knows who a guest is: what the form has of members doesn't count
        values |= {"audience": None, "control_percent": "0", "once": None, "message": None, "channel": None}
    try:
        return asked.body(MODELS[kind], values)
    except DomainError as error:
        raise placed(error, when) from None


def placed(error: DomainError, when: str) -> DomainError:
    """The same error, each fault at the field of the form that it is about."""
    error.errors = tuple(replace(fault, pointer=_field(fault, when)) for fault in error.errors)
    return error


def _field(fault: FieldError, when: str) -> str:
    at = fault.pointer.lstrip("/")
    if fault.code == "nothing-granted":
        return "/coupon"
    if fault.code == "audience-missing":
        return "/audience"
    if at in _ELSEWHERE:
        return f"/{_ELSEWHERE[at]}"
    head, _, rest = at.partition("/")
    if head == "when":
        return f"/{_WHEN.get(when, {}).get(rest.partition('/')[0], 'when')}"
    return fault.pointer


def _when(asked: Typed, weekdays: list[str]) -> dict[str, Any]:
    kind = asked.text("when") or ""
    if kind == "weekdays":
        if not weekdays:
            asked.missing("weekdays")
        return {"type": kind, "days": sorted(n for one in weekdays if (n := number_of(one)) is not None)}
    said = _SAID.get(kind)
    return {"type": "purchase" if kind == GUEST else kind, **(said(asked) if said else {})}


def _needed(asked: Typed, name: str) -> str | None:
    if asked.text(name) is None:
        asked.missing(name)
    return asked.plain(name)


def _day_of_year(asked: Typed, name: str) -> str:
    month, day = asked.text(f"{name}_month"), asked.text(f"{name}_day")
    if month is None or day is None:
        asked.missing(name)
    return f"{month or ''}-{day or ''}"


def _month_days(asked: Typed) -> list[int]:
    listed = asked.listed("month_days")
    if not listed:
        asked.missing("month_days")
    days = [number_of(one) for one in listed]
    if None in days:
        asked.refuse("month_days", "invalid-number")
    return [day for day in days if day is not None]


def _ending(asked: Typed) -> dict[str, Any]:
    _needed(asked, "points_days")
    return {"days": asked.whole("points_days")}


_SAID: Final[dict[str, Callable[[Typed], dict[str, Any]]]] = {
    "between": lambda asked: {"from": _needed(asked, "between_from"), "to": _needed(asked, "between_to")},
    "yearly": lambda asked: {"from": _day_of_year(asked, "yearly_from"), "to": _day_of_year(asked, "yearly_to")},
    "month_days": lambda asked: {"days": _month_days(asked)},
    "birthday": lambda asked: {"days_before": asked.whole("birthday_before") or 0},
    "purchase": lambda asked: {"min_amount": asked.money("purchase_min") or 0},
    "guest": lambda asked: {"by": "guest", "min_amount": asked.money("guest_min") or 0},
    "points_expiring": _ending,
    "referral": lambda asked: {"count": asked.whole("friends")},
}
"""What the form says of `when` beside its type, by the way that was chosen."""


def _deed(asked: Typed, kind: str) -> dict[str, Any]:
    if kind == "multiplier":
        return {"multiplier": _needed(asked, "multiplier"), "stack": asked.yes("stack")}
    if kind == "discount":
        return {"offer": _offer(asked)}
    once = {"once": asked.text("once")}
    if kind == "message":
        return once
    both = asked.yes("both_sides") and asked.text("when") == "referral"
    return {**once, "coupon": asked.text("coupon"), "points": asked.whole("points") or 0, "both_sides": both}


def _offer(asked: Typed) -> dict[str, Any]:
    if asked.text("offer") == "percent":
        percent = _plain_percent(asked, "offer_percent")
        if percent is None:
            asked.missing("offer_percent")
        return {"type": "percent", "percent": percent, "categories": asked.listed("offer_categories")}
    amounts = {name: asked.money(f"offer_{name}", above_zero=True) for name in ("amount", "minimum")}
    for name, value in amounts.items():
        if value is None:
            asked.missing(f"offer_{name}")
    return {"type": "amount", **amounts}


def _plain_percent(asked: Typed, name: str) -> str | None:
    text = (asked.plain(name) or "").rstrip("% ")
    return text or None


def filled(document: Mapping[str, Any], currency: str) -> tuple[dict[str, str], list[str]]:
    """The form of a document as it is kept, and the weekdays that are ticked."""
    form = {f"names_{language}": document["names"].get(language, "") for language in LANGUAGES}
    for name in ("audience", "once", "coupon", "multiplier"):
        form[name] = str(document.get(name) or "")
    form["control_percent"] = str(document["control_percent"]) if float(document["control_percent"]) else ""
    form["points"] = str(document.get("points") or "")
    form |= {name: YES for name in ("stack", "both_sides") if document.get(name)}
    if document.get("message"):
        form["tell"] = f"{document['message']}{AT}{document['channel']}"
    if offer := document.get("offer"):
        form["offer"] = offer["type"]
        form["offer_percent"] = str(offer.get("percent", ""))
        form["offer_categories"] = ", ".join(offer.get("categories", ()))
        form["offer_amount"] = amount_typed(offer.get("amount"), currency)
        form["offer_minimum"] = amount_typed(offer.get("minimum"), currency)
    when = document["when"]
    weekdays = when["days"] if when["type"] == "weekdays" else ()
    return form | _when_filled(when, currency), [str(one) for one in weekdays]


def _when_filled(when: Mapping[str, Any], currency: str) -> dict[str, str]:
    kind = when["type"]
    form = {"when": GUEST if when.get("by") == "guest" else kind}
    match kind:
        case "between":
            form |= {"between_from": str(when["from"]), "between_to": str(when["to"])}
        case "yearly":
            for name in ("from", "to"):
                form[f"yearly_{name}_month"], _, form[f"yearly_{name}_day"] = when[name].partition("-")
        case "month_days":
            form["month_days"] = ", ".join(str(one) for one in when["days"])
        case "birthday":
            form["birthday_before"] = str(when["days_before"])
        case "purchase":
            form[f"{form['when']}_min"] = amount_typed(when["min_amount"] or None, currency)
        case "points_expiring":
            form["points_days"] = str(when["days"])
        case "referral":
            form["friends"] = "" if when["count"] is None else str(when["count"])
    return form
