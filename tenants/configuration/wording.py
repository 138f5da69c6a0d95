"""What became of each thing of a set-up, in people's words."""

from collections.abc import Sequence
from typing import Final

from saas.i18n import Tongue, n_
from tenants.configuration.item import Item, Outcome, Part

PARTS: Final[dict[Part, str]] = {
    "programme": n_("Membership rules"),
    "coupons": n_("Coupons"),
    "price_lists": n_("Price lists"),
    "segments": n_("Segments"),
    "rewards": n_("Rewards"),
    "message_texts": n_("Message texts"),
    "campaigns": n_("Campaigns"),
    "task_rules": n_("Rules of call lists"),
    "settings": n_("Settings of the chain"),
    "join_page": n_("Sign-up page"),
}
OUTCOMES: Final[dict[Outcome, str]] = {
    "added": n_("new"),
    "changed": n_("changes"),
    "same": n_("as it is"),
    "refused": n_("not taken over"),
}
_OTHER: Final = n_("other details")
_FIELDS: Final[dict[str, str]] = {
    "names": n_("names"),
    "value": n_("value"),
    "minimum": n_("minimum"),
    "categories": n_("categories"),
    "branches": n_("where it counts"),
    "combines": n_("what it combines with"),
    "valid_days": n_("its days"),
    "valid_from": n_("its days"),
    "valid_until": n_("its days"),
    "points": n_("points"),
    "stock": n_("stock"),
    "floor": n_("lowest tier"),
    "condition": n_("condition"),
    "prices": n_("prices"),
    "texts": n_("its words"),
    "every": n_("rhythm"),
    "due_days": n_("how long it is in time"),
    "visit_settles": n_("what a visit does"),
    "shared_phones": n_("shared phones"),
    "clerk_points": n_("what clerks may do alone"),
    "clerk_money": n_("what clerks may do alone"),
    "open": n_("whether it is open"),
    "words": n_("its words"),
    "privacy_url": n_("privacy notice"),
}


def name_of(item: Item, speaks: Tongue) -> str:
    """What the thing is called; the part's name where there is but one."""
    return item.names.get(speaks.language) or item.code or speaks.say(PARTS[item.part])


def changes_of(item: Item, speaks: Tongue) -> list[str]:
    """What of it changes: of the rules whole sentences, else names of its fields, each once."""
    if item.part == "programme":
        return list(item.fields)
    if item.outcome != "changed":
        return []
    return list(dict.fromkeys(speaks.say(_FIELDS.get(name, _OTHER)) for name in item.fields))


def told(item: Item, speaks: Tongue) -> str:
    """One line."""
    name, outcome = name_of(item, speaks), speaks.say(OUTCOMES[item.outcome])
    changes = changes_of(item, speaks)
    if changes and item.part != "programme":
        listed = speaks.say(", ").join(changes)
        return speaks.say("%(name)s: %(outcome)s (%(what)s)", name=name, outcome=outcome, what=listed)
    return speaks.say("%(name)s: %(outcome)s", name=name, outcome=outcome)


def summary(items: Sequence[Item]) -> dict[str, int]:
    """How many of each outcome."""
    return {outcome: sum(item.outcome == outcome for item in items) for outcome in OUTCOMES}
