"""What a member has and may do, for each tab of its desk: read when the tab is open, not before."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from saas.i18n import Tongue, n_
from saas.money import to_decimal
from tenants.activities.kinds import is_health
from tenants.allowances.use import allowances
from tenants.cards.card import cards_of
from tenants.counter.people import Customer
from tenants.frame import Frame
from tenants.members.existing import require_member
from tenants.passes.reading import pass_out, passes_of
from tenants.programme.document import Programme
from tenants.rewards.claim import claims_of_member
from tenants.rewards.reward import floor_rank, rewards
from tenants.tiers.held import tiers_held
from tenants.wallet.steps import bonus_of

TABS: Final = {
    "sale": n_("Sale"),
    "top-up": n_("Top up"),
    "points": n_("Points"),
    "rewards": n_("Rewards"),
    "visits": n_("Visits, passes"),
    "card": n_("Member card"),
}
SAID: Final = {
    "pay-out": n_("Stored value paid out."),
    "redeem": n_("Points spent."),
    "adjust": n_("Points corrected."),
    "claim": n_("Reward claimed."),
    "collect": n_("Handed out."),
    "use-pass": n_("Visit counted."),
    "sell-pass": n_("Pass sold."),
    "use-allowance": n_("Free use counted."),
    "activity": n_("Noted."),
    "issue-card": n_("A new card, ready to print."),
    "lost": n_("Reported lost: no till takes it any more."),
    "replace": n_("Replaced: the old card is void."),
    "sms": n_("Code sent to the member’s phone."),
    "enrolled": n_("Enrolled. Welcome!"),
}
"""What is said when an act is done, by its name."""
CARD_STATES: Final = {"active": n_("Active"), "lost": n_("Lost"), "replaced": n_("Replaced"), "ended": n_("Ended")}
KIND_NAMES: Final = {
    "check_in": n_("Check-in"),
    "class": n_("Class"),
    "review": n_("Review"),
    "challenge": n_("Challenge"),
    "training_camp": n_("Training camp"),
    "share": n_("Share"),
    "event": n_("Event"),
    "tasting": n_("Tasting"),
    "festival": n_("Festival"),
    "shooting": n_("Photo session"),
    "lecture": n_("Lecture"),
    "glucose_check": n_("Blood sugar"),
    "pressure_check": n_("Blood pressure"),
    "upkeep": n_("Maintenance"),
    "car_wash": n_("Car wash"),
    "inspection": n_("Inspection"),
}
_MOST_REWARDS: Final = 60
_FEW: Final = 20


async def holdings(here: Customer, tab: str, rules: Programme, speaks: Tongue, around: Frame) -> dict[str, Any]:
    """What the open tab shows."""
    read = _READ.get(tab)
    return await read(here, rules, speaks, around) if read else {}


def kind_name(kind: str, speaks: Tongue) -> str:
    """A kind of activity, as people call it; the chain's own ones by their code."""
    known = KIND_NAMES.get(kind)
    return speaks.say(known) if known else kind


async def _top_ups(here: Customer, rules: Programme, _speaks: Tongue, around: Frame) -> dict[str, Any]:
    """The amounts at which more comes with it, and what, by the tiers that the member holds."""
    tiers = {tier.code for _, tier in await tiers_held(here.id, rules)}
    amounts = sorted({step.amount for step in rules.wallet.top_up_bonus})
    found = [(amount, bonus_of(rules.wallet, tiers, amount)) for amount in amounts]
    return {
        "steps": [
            {"amount": amount, "plain": f"{to_decimal(amount, around.currency):f}".removesuffix(".00"), "bonus": bonus}
            for amount, bonus in found
            if bonus
        ]
    }


async def _rewards(here: Customer, rules: Programme, speaks: Tongue, _around: Frame) -> dict[str, Any]:
    ranks = {ladder.code: tier.rank for ladder, tier in await tiers_held(here.id, rules)}
    offered = []
    for row in await rewards(None, _MOST_REWARDS):
        if row["ended_at"] is not None:
            continue
        floor = None if row["tier"] is None else floor_rank(rules, row["ladder"], row["tier"])
        reached = row["tier"] is None or (floor is not None and ranks.get(row["ladder"], 0) >= floor)
        offered.append(
            {
                "id": row["id"],
                "name": _named(row["names"], speaks),
                "points": row["points"],
                "stock": row["stock"],
                "open": reached and row["stock"] != 0 and row["points"] <= here.spendable,
                "why": ""
                if reached and row["stock"] != 0
                else speaks.say("Out of stock")
                if row["stock"] == 0
                else speaks.say("For a higher tier"),
            }
        )
    claimed = await claims_of_member(await require_member(here.id), "claimed", _FEW, None)
    claims = [{"id": row["id"], "name": _named(row["names"], speaks), "points": row["points"]} for row in claimed]
    return {"offered": sorted(offered, key=lambda one: (not one["open"], one["points"])), "claims": claims}


async def _visits(here: Customer, rules: Programme, speaks: Tongue, _around: Frame) -> dict[str, Any]:
    members = await require_member(here.id)
    passes = [pass_out(row) for row in await passes_of(members, _FEW, None)]
    return {
        "kinds": [
            {"code": kind, "name": kind_name(kind, speaks), "health": is_health(rules, kind)}
            for kind in rules.activity_kinds
        ],
        "allowances": [one.shown() for one in await allowances(here.id)],
        "passes": [one for one in passes if one["state"] == "open"],
    }


async def _cards(here: Customer, _rules: Programme, _speaks: Tongue, _around: Frame) -> dict[str, Any]:
    rows = await cards_of(await require_member(here.id), _FEW, None)
    return {"cards": [dict(row) for row in rows]}


def _named(names: Mapping[str, str], speaks: Tongue) -> str:
    return names.get(speaks.language) or next(iter(names.values()))


_READ: Final[dict[str, Callable[[Customer, Programme, Tongue, Frame], Awaitable[dict[str, Any]]]]] = {
    "top-up": _top_ups,
    "rewards": _rewards,
    "visits": _visits,
    "card": _cards,
}
