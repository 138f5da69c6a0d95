"""What coupons promise and what becomes of them, in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from saas.i18n import Tongue, n_

STATES: Final = {
    "open": n_("Not used"),
    "used": n_("Used"),
    "expired": n_("Expired"),
    "void": n_("Taken back"),
}
OCCASIONS: Final = {
    "by_hand": n_("Given by staff"),
    "printed": n_("On paper"),
    "upgrade": n_("For a tier reached"),
    "birthday": n_("For a birthday"),
    "campaign": n_("By a campaign"),
    "reward": n_("For points"),
}
ENTRIES: Final = {
    "grant": n_("Given"),
    "use": n_("Used"),
    "return": n_("Came back with a refund"),
    "undo_use": n_("Came back: the purchase was undone"),
    "void": n_("Taken back"),
    "expire": n_("Expired"),
}
_GROUP: Final = 4
_TONES: Final = {"open": "tone-6", "used": "tone-5", "expired": "tone-0", "void": "tone-3"}


@dataclass(frozen=True, slots=True)
class Words:
    """One language and one currency."""

    speaks: Tongue
    currency: str

    def money(self, minor: int) -> str:
        return self.speaks.money(minor, self.currency)

    def value(self, terms: Mapping[str, Any]) -> str:
        """What it takes off."""
        value, say = terms["value"], self.speaks.say
        if value["type"] == "amount":
            return say("%(amount)s off", amount=self.money(value["amount"]))
        if value["type"] == "percent":
            return say("%(percent)s%% off", percent=_short(value["percent"]))
        if value["price"] == 0:
            return say("Free of charge")
        return say("For %(price)s", price=self.money(value["price"]))

    def conditions(self, terms: Mapping[str, Any]) -> list[str]:
        """Under which conditions; none: always."""
        say, between = self.speaks.say, self.speaks.say(", ")
        lines = []
        if terms["minimum"]:
            lines.append(say("From %(amount)s on", amount=self.money(terms["minimum"])))
        if terms["categories"]:
            lines.append(say("For %(categories)s", categories=between.join(terms["categories"])))
        if terms["branches"]:
            lines.append(say("At the branches %(branches)s", branches=between.join(terms["branches"])))
        return lines

    def beside(self, terms: Mapping[str, Any]) -> str:
        """What else may be used beside it."""
        named = {
            "tier_discount": n_("the tier's discount"),
            "campaign": n_("campaigns"),
            "coupons": n_("other coupons"),
        }
        say = self.speaks.say
        given = [say(named[what]) for what, allowed in terms["combines"].items() if allowed]
        return say(", ").join(given) if given else say("nothing else")

    def days(self, coupon: Mapping[str, Any]) -> str:
        """How long one holds that is given now."""
        if coupon["valid_days"] is not None:
            return self.speaks.plural(
                "%(n)s day, that of giving included",
                "%(n)s days, that of giving included",
                coupon["valid_days"],
            )
        if coupon["valid_from"] is None:
            return self.speaks.say("Until %(day)s", day=self.speaks.day(coupon["valid_until"]))
        return self.span(coupon["valid_from"], coupon["valid_until"])

    def span(self, first: date, last: date) -> str:
        return self.speaks.say("%(first)s to %(last)s", first=self.speaks.day(first), last=self.speaks.day(last))

    def count(self, n: int, most: int) -> str:
        """A number that was counted up to `most`."""
        return self.speaks.number(n) if n <= most else f"{self.speaks.number(most)}+"


def tone(state: str) -> str:
    """The colour of a state."""
    return _TONES[state]


def _short(percent: str) -> str:
    """20.0 is 20."""
    return percent.rstrip("0").rstrip(".") if "." in percent else percent


def named(names: Mapping[str, str], speaks: Tongue) -> str:
    """A name in the reader's language."""
    return names.get(speaks.language) or next(iter(names.values()))


def grouped(number: str) -> str:
    """A number as people read it: 2345-6789-ABCD."""
    return "-".join(number[n : n + _GROUP] for n in range(0, len(number), _GROUP))
