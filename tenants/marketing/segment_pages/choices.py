"""What a segment can ask for beside the rules' metrics, by what this chain calls it."""

from dataclasses import dataclass
from typing import Any, Final

from babel.dates import get_month_names

from saas.i18n import Tongue, n_
from saas.money import currency_sign
from tenants.member_pages.one import CHANNEL_NAMES
from tenants.offers.places import open_branches
from tenants.programme.document import Programme
from tenants.programme_pages.choices import METRICS, UNIT_NAMES, WINDOWS
from tenants.programme_pages.property_lines import EXPIRING, MONEY
from tenants.programme_pages.tier import CHOICES
from tenants.segments.names import RFM_NAMES, STAGE_NAMES

_OF_LADDERS: Final = frozenset({"since_tier_start", "current_validity"})
_KINDS: Final = {"person": n_("a person"), "company": n_("a company")}
_SOURCES: Final = {
    "till": n_("at the till"),
    "page": n_("by themselves"),
    "import": n_("by an import"),
    "api": n_("by another system"),
}
_Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Properties by group as the choice has them; `lists`: those that are chosen from, with what there is to choose;
    `free`: those that are written. `units`: what stands behind a number.
    """

    groups: list[tuple[str, _Options]]
    lists: dict[str, _Options]
    free: frozenset[str]
    units: dict[str, str]

    def name(self, metric: str) -> str:
        """What the property is called."""
        return next((text for _, options in self.groups for value, text in options if value == metric), metric)


async def asked_of(rules: Programme, speaks: Tongue) -> Asked:
    """For a chain with these rules."""
    ladders, lists = _ladders(rules, speaks)
    own, own_lists, own_free = _attributes(rules, speaks)
    say = speaks.say
    lists |= own_lists | {
        "@branch": [(one["code"], one["name"]) for one in await open_branches()],
        "@stage": _said(STAGE_NAMES, speaks),
        "@rfm_group": _said(RFM_NAMES, speaks),
        "@consent": _said(CHANNEL_NAMES, speaks),
        "@kind": _said(_KINDS, speaks),
        "@source": _said(_SOURCES, speaks),
        "@birthday_month": [("this", say("this month")), ("next", say("next month")), *_months(speaks)],
    }
    person = [
        ("@tag", say("has one of the tags")),
        ("@branch", say("at home in the branch")),
        ("@birthday_month", say("birthday in the month")),
        ("@birthday_in_days", say("days until the birthday")),
        ("@age", say("age")),
        ("@kind", say("is")),
        ("@consent", say("agreed to")),
        ("@source", say("was enrolled")),
    ]
    habits = [("@stage", say("stage of life")), ("@rfm_group", say("RFM group"))]
    held = [(MONEY, say("stored value left")), (EXPIRING, say("points that expire within"))]
    groups = [
        (say("Tier"), ladders),
        (say("Who they are"), [*person, *own]),
        (say("How they behave"), habits),
        (say("What they have"), held),
    ]
    units = {"@age": say("years"), "@birthday_in_days": say("days"), EXPIRING: say("points")}
    return Asked(groups, lists, own_free | {"@tag"}, units)


def context_of(asked: Asked, rules: Programme, speaks: Tongue) -> dict[str, Any]:
    """What the condition's template needs."""
    properties = frozenset(value for _, options in asked.groups for value, _ in options)
    return {
        **CHOICES,
        "metrics": [*METRICS, *asked.groups],
        "windows": [one for one in WINDOWS if one[0] not in _OF_LADDERS],
        "plain": CHOICES["plain"] | properties,
        "money_metrics": CHOICES["money_metrics"] | {MONEY},
        "may_lack": CHOICES["may_lack"] | properties,
        "unit_names": {**UNIT_NAMES, **asked.units},
        "lists": asked.lists,
        "free_lists": asked.free,
        "expiring": EXPIRING,
        "kinds": [(kind, kind) for kind in rules.activity_kinds],
        "sign": currency_sign(rules.currency, speaks.language),
    }


def _ladders(rules: Programme, speaks: Tongue) -> tuple[_Options, dict[str, _Options]]:
    options, lists = [], {}
    for ladder in rules.ladders:
        of = "" if ladder is rules.main else f":{ladder.code}"
        name = ladder.names.get(speaks.language)
        several = len(rules.ladders) > 1
        options += [
            (f"@tier{of}", speaks.say("tier of %(ladder)s", ladder=name) if several else speaks.say("tier")),
            (f"@tier_rank{of}", speaks.say("steps up on %(ladder)s (lowest: 0)", ladder=name)),
            (f"@ranks_to_next{of}", speaks.say("steps left on %(ladder)s (highest: 0)", ladder=name)),
        ]
        lists[f"@tier{of}"] = [(tier.code, tier.names.get(speaks.language)) for tier in reversed(ladder.tiers)]
    return options, lists


def _attributes(rules: Programme, speaks: Tongue) -> tuple[_Options, dict[str, _Options], frozenset[str]]:
    options, lists, free = [], {}, set()
    for one in rules.attributes:
        metric = f"@attribute:{one.code}"
        options.append((metric, one.names.get(speaks.language)))
        if one.type == "choice":
            lists[metric] = [(choice.code, choice.names.get(speaks.language)) for choice in one.choices or ()]
        elif one.type == "boolean":
            lists[metric] = [("true", speaks.say("Yes")), ("false", speaks.say("No"))]
        elif one.type == "text":
            free.add(metric)
    return options, lists, frozenset(free)


def _said(names: Any, speaks: Tongue) -> _Options:
    return [(code, speaks.say(text)) for code, text in names.items()]


def _months(speaks: Tongue) -> _Options:
    return [(str(n), text) for n, text in sorted(get_month_names("wide", locale=speaks.locale).items())]
