"""What a member lacks, in the words of a message: ¥230.00, 2 visits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from saas.errors import Language
from saas.i18n import tongue

_MONEY: Final = frozenset(("spend", "max_purchase", "top_ups", "max_top_up"))
_UNITS: Final[dict[str, tuple[str, str, str]]] = {
    "purchases": ("次", "visit", "visits"),
    "activities": ("次", "time", "times"),
    "referrals": ("位好友", "friend", "friends"),
    "points_earned": ("积分", "point", "points"),
    "score": ("成长值", "growth point", "growth points"),
    "branches": ("家门店", "branch", "branches"),
    "tenure_days": ("天", "day", "days"),
}
"""Of a metric: in Chinese, and in English of one and of more."""

Leaf = Mapping[str, Any]


def in_words(leaves: Sequence[Leaf], language: Language, currency: str) -> str:
    """Leaves `{metric, amount}` as a list in the reader's language."""
    return ("、" if language == "zh-CN" else ", ").join(_word(leaf, language, currency) for leaf in leaves)


def _word(leaf: Leaf, language: Language, currency: str) -> str:
    metric, amount = leaf["metric"], leaf["amount"]
    if metric in _MONEY:
        return tongue(language).money(int(amount), currency)
    chinese, one, more = _UNITS.get(metric, ("", "", ""))
    if language == "zh-CN":
        return f"{amount}{chinese}"
    return f"{amount} {one if amount == 1 else more}".rstrip()


def gaps(condition: Mapping[str, Any] | None) -> list[Leaf]:
    """What an explained condition (`tenants.tiers.explain`) still asks for, by the way with the fewest parts; none
    where it holds, or where nothing more would help.
    """
    return _gaps(condition or {}) or []


def _gaps(tree: Mapping[str, Any]) -> list[Leaf] | None:
    """None: there is no way."""
    if "any" in tree:
        ways = [way for way in map(_gaps, tree["any"]) if way is not None]
        return min(ways, key=len, default=None)
    if "all" in tree:
        parts = [_gaps(part) for part in tree["all"]]
        return None if None in parts else [leaf for part in parts for leaf in part or ()]
    if "metric" not in tree:
        return []
    if tree["met"]:
        return []
    return None if tree["missing"] is None else [{"metric": tree["metric"], "amount": tree["missing"]}]
