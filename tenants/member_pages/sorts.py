"""The orders of the members' list: by its columns' heads, and by name in a choice."""

from collections.abc import Callable, Mapping
from typing import Final

from saas.i18n import Tongue, n_

_ORDERS: Final = {
    "": n_("Newest first"),
    "created": n_("Oldest first"),
    "name": n_("Name, A to Z"),
    "-name": n_("Name, Z to A"),
    "-last_visit": n_("Last visit, latest first"),
    "last_visit": n_("Last visit, longest ago first"),
    "-spend": n_("Highest spend first"),
    "spend": n_("Lowest spend first"),
    "-points": n_("Most points first"),
    "points": n_("Fewest points first"),
}
_HEADS: Final = (
    (n_("Member"), "", "name"),
    (n_("Tier"), "", ""),
    (n_("Points"), "amount", "-points"),
    (n_("Stored value"), "amount", ""),
    (n_("Visits"), "amount", ""),
    (n_("Spent"), "amount", "-spend"),
    (n_("Last visit"), "when", "-last_visit"),
)
"""Name, kind of column, the order of a first click on it."""

Address = Callable[..., str]


def orders(speaks: Tongue) -> list[tuple[str, str]]:
    """What can be chosen: as it stands in the address, and in words."""
    return [(sort, speaks.say(words)) for sort, words in _ORDERS.items()]


def order_of(sort: str, speaks: Tongue) -> str:
    """An order in words."""
    return speaks.say(_ORDERS.get(sort, _ORDERS[""]))


def heads(asked: Mapping[str, str], speaks: Tongue, address: Address) -> list[tuple[str, str, str, str]]:
    """The columns as a table takes them. A click sorts by one, the next one turns that round, a third goes back to the
    newest.
    """
    return [(speaks.say(name), kind, *_way(asked, first, address)) for name, kind, first in _HEADS]


def _way(asked: Mapping[str, str], first: str, address: Address) -> tuple[str, str]:
    now = asked.get("sort", "")
    if not first:
        return "", ""
    column = first.removeprefix("-")
    turned = column if first.startswith("-") else f"-{column}"
    following = {first: turned, turned: None}.get(now, first)
    sorted_by = "" if now not in {first, turned} else "descending" if now.startswith("-") else "ascending"
    return address(asked, sort=following, cursor=None), sorted_by
