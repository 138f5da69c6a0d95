"""Lines that ask for a member's property, not for a metric: a segment's condition has them beside the rules' own.

In a line the property is `@name`, with the ladder or attribute behind a colon: `@tier:fans`, `@attribute:size`. A range
of ranks is a line of its own, `@tier_rank`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from saas.digits import number_of
from tenants.programme_pages.drafting import decimal, money, shown, shown_money, whole

MONEY: Final = "@wallet_balance"
EXPIRING: Final = "@points_expiring"
_OF_LADDER: Final = frozenset({"tier", "tier_rank", "ranks_to_next"})
_NUMBERS: Final = frozenset(
    {"tier_rank", "ranks_to_next", "age", "birthday_in_days", "wallet_balance", "points_expiring"}
)
_TRUTH: Final = {"true": True, "false": False}


def is_property(metric: str) -> bool:
    """Whether a line's metric is one."""
    return metric.startswith("@")


def metric_of(data: Mapping[str, Any]) -> str:
    """The line's metric for a property of the document."""
    name = str(data["property"])
    if name == "tier" and "in" not in data:
        name = "tier_rank"
    of = data.get("ladder") if name in _OF_LADDER else data.get("code")
    return f"@{name}:{of}" if of else f"@{name}"


def among_of(data: Mapping[str, Any]) -> list[str]:
    """What is chosen, as texts."""
    given = data.get("in")
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in given] if isinstance(given, list) else []


def bound_shown(metric: str, value: Any, currency: str) -> str:
    """A bound for its field."""
    return shown_money(value, currency) if metric == MONEY else shown(value)


def property_data(
    metric: str, among: Sequence[str], bounds: Mapping[str, str], days: str, currency: str
) -> dict[str, Any]:
    """The document's part. `bounds`: gte and lt as typed, of those that are asked for; none: it is a choice."""
    name, _, of = metric.removeprefix("@").partition(":")
    data: dict[str, Any] = {"property": "tier" if name == "tier_rank" else name}
    if of:
        data["ladder" if name in _OF_LADDER else "code"] = of
    if name == "points_expiring":
        data["days"] = whole(days or "30")
    if name in _NUMBERS or (name == "attribute" and bounds):
        for key, text in (bounds or {"gte": ""}).items():
            value = _bound(metric, name, text, currency)
            data[key] = "" if value is None else value
    else:
        data["in"] = [_choice(name, one) for one in among]
    return data


def _bound(metric: str, name: str, text: str, currency: str) -> Any:
    if metric == MONEY:
        return money(text, currency)
    return decimal(text) if name == "attribute" else whole(text)


def _choice(name: str, text: str) -> Any:
    if name == "birthday_month" and (month := number_of(text)) is not None:
        return month
    return _TRUTH.get(text, text) if name == "attribute" else text
