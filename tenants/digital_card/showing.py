"""What a digital card shows, in words: nothing but this member's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.closed import CLOSED
from saas.i18n import Tongue
from saas.scope import connection, current
from tenants.allowances.allowance import allowances_of, given
from tenants.coupons.held import coupons_of_member
from tenants.coupons.held import shown as coupon_shown
from tenants.digital_card.words import coupon_limits, coupon_value
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.members.whereabouts import united
from tenants.nightly import this_night
from tenants.passes.reading import pass_out, passes_of
from tenants.programme.benefits import PointsMultiplier
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.strict import Names
from tenants.programme.versions import current_programme
from tenants.programme.wording.benefits import benefit_text
from tenants.programme.wording.teller import Teller
from tenants.rewards.claim import claims_of_member
from tenants.rewards.claim import shown as claim_shown
from tenants.rewards.reward import floor_rank, rewards
from tenants.tiers.explain import explain
from tenants.tiers.labels import tone_of

_MOST: Final = 50
_CHAIN: Final = "SELECT t.name, t.currency, t.timezone, t.status FROM tenant AS t WHERE t.tenant_id = $1"
_BRANCHES: Final = "SELECT b.code, b.name FROM branch AS b WHERE b.tenant_id = $1"
_COUPONS: Final = "SELECT c.code, c.names FROM coupon AS c WHERE c.tenant_id = $1"
_LISTS: Final = "SELECT l.code, l.names FROM price_list AS l WHERE l.tenant_id = $1"
_NEVER: Final = date.max
_SOON: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ChainOnCard:
    """Whose card it is, and how it writes money and times."""

    name: str
    currency: str
    zone: ZoneInfo
    closed: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the way to the next tier. `percent`: how far it is; None where that can't be said in numbers."""

    text: str
    percent: int | None
    by: date | None


async def chain_on_card() -> ChainOnCard:
    """The current tenant. Raises RuntimeError where there is none."""
    row = await connection().fetchrow(_CHAIN, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    return ChainOnCard(row["name"], row["currency"], ZoneInfo(row["timezone"]), row["status"] in CLOSED)


async def teller_of(chain: ChainOnCard, speaks: Tongue) -> Teller:
    """Who calls the chain's things by their names."""
    glossary: dict[tuple[str, str], Names] = {}
    for sort, sql in (("coupon", _COUPONS), ("price_list", _LISTS)):
        for row in await connection().fetch(sql, current().tenant_id):
            glossary[sort, row["code"]] = Names.model_validate(row["names"])
    for row in await connection().fetch(_BRANCHES, current().tenant_id):
        glossary["branch", row["code"]] = Names.model_validate({"zh-CN": row["name"], "en": row["name"]})
    return Teller(speaks.language, chain.currency, glossary)


async def card_of(holder: UUID, chain: ChainOnCard, speaks: Tongue) -> dict[str, Any]:
    """The whole card, for its page."""
    row, rules, today = await member_row(holder), await current_programme(), (await this_night()).today
    member, members = await show(row, speaks.language), await united(holder)
    teller = await teller_of(chain, speaks)
    ladders = [ladder for ladder in rules.ladders if ladder.visibility == "members"]
    tiers = [await _tier(holder, ladder, teller) for ladder in ladders]
    return {
        "member": member,
        "tiers": tiers,
        "tone": tiers[0]["tone"] if tiers else 0,
        "coupons": await coupons_on_card(members, teller, today),
        "passes": await _passes(members, teller),
        "free": await _free(members, rules, today, teller),
        "rewards": await rewards_on_card(member, rules, speaks),
        "claims": [
            {**one, "name": _named(one["reward"]["names"], speaks)}
            for one in map(claim_shown, (await claims_of_member(members, "claimed", _MOST, None))[:_MOST])
        ],
        "balance": teller.money(member["wallet"]["principal"] + member["wallet"]["bonus"]),
        "soon": _is_soon(member["points"]["expiring_next"], today),
    }


def _is_soon(expiring: dict[str, Any] | None, today: date) -> bool:
    """Points that end next year are no news."""
    return expiring is not None and expiring["on"] - today <= _SOON


async def _passes(members: list[UUID], teller: Teller) -> list[dict[str, Any]]:
    """Prepaid visits that are left."""
    shown = map(pass_out, await passes_of(members, _MOST, None))
    return [{**one, "name": _thing(one["product"], teller)} for one in shown if one["state"] == "open"]


async def _free(members: list[UUID], rules: Programme, today: date, teller: Teller) -> list[dict[str, Any]]:
    """Free uses in this period, of what the tiers that members see give."""
    told = given(tier for ladder in rules.ladders if ladder.visibility == "members" for tier in ladder.tiers)
    return [
        {"name": _thing(one.product, teller), "left": one.left, "count": one.count, "until": one.period.last}
        for one in await allowances_of(members, rules, today)
        if (one.product, one.per) in told
    ]


def _thing(code: str, teller: Teller) -> str:
    """A product by its name, as a line of a list."""
    return teller.own("product", code).strip("“”")


async def _tier(holder: UUID, ladder: Ladder, teller: Teller) -> dict[str, Any]:
    told = await explain(holder, ladder.code, teller.language)
    tier = ladder.tier(told["current"]["code"])
    coming = told["next"]
    following = None if coming is None else ladder.tier(coming["code"])
    return {
        "ladder": ladder.names.get(teller.language),
        "name": tier.names.get(teller.language) if tier else told["current"]["code"],
        "tone": tone_of(tier.rank, len(ladder.tiers)) if tier else 0,
        "top": tier is not None and tier.rank == len(ladder.tiers) - 1,
        "valid_until": told["current"]["valid_until"],
        "keeps": told["keeps"]["text"] if told["keeps"] else None,
        "next": following.names.get(teller.language) if following else None,
        "next_text": coming["text"] if coming else None,
        "next_on": coming["on"] if coming else None,
        "steps": [] if coming is None else list(_steps(coming, told["tiers"])),
        "benefits": benefits_on_card(tier, teller) if tier else [],
        "more": benefits_on_card(following, teller) if following else [],
    }


def benefits_on_card(tier: Tier, teller: Teller) -> list[str]:
    """What a tier gives, each in a sentence; one that gives nothing (points as everybody's) isn't told."""
    told = [one for one in tier.benefits if not (isinstance(one, PointsMultiplier) and one.multiplier == 1)]
    return [teller.sentence(benefit_text(one, teller)) for one in told]


def _steps(coming: dict[str, Any], told: list[dict[str, Any]]) -> Iterator[Step]:
    """The cheapest way's parts, with how far the member has come in each."""
    leaves = [leaf for tier in told if tier["code"] == coming["code"] for leaf in _leaves(tier["conditions"])]
    for part in coming["missing"]:
        same = [
            leaf for leaf in leaves if all(leaf.get(key) == part.get(key) for key in ("metric", "kind", "category"))
        ]
        values = [leaf["value"] for leaf in same if leaf["missing"] == part["amount"]]
        value, missing = (values or [None])[0], part["amount"]
        known = isinstance(value, int) and isinstance(missing, int) and value >= 0 and value + missing > 0
        yield Step(part["text"], value * 100 // (value + missing) if known else None, part["by"])


def _leaves(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (*tree.get("any", ()), *tree.get("all", ())):
        yield from _leaves(part)
    if "metric" in tree:
        yield tree


async def coupons_on_card(members: list[UUID], teller: Teller, today: date) -> list[dict[str, Any]]:
    """Coupons that can be used, those that end first at the top."""
    held = [coupon_shown(row) for row in (await coupons_of_member(members, "open", _MOST, None))[:_MOST]]
    return [coupon_on_card(one, teller, today) for one in sorted(held, key=lambda one: one["valid_until"] or _NEVER)]


def coupon_on_card(held: dict[str, Any], teller: Teller, today: date) -> dict[str, Any]:
    """One coupon, as `coupons.held.shown` has it, with its words."""
    return {
        **held,
        "name": _named(held["coupon"]["names"], teller.tongue),
        "value_text": coupon_value(held, teller),
        "limits": coupon_limits(held, teller, today),
    }


async def rewards_on_card(member: dict[str, Any], rules: Programme, speaks: Tongue) -> list[dict[str, Any]]:
    """What points buy: the rewards that are there, for whom this member is high enough, the cheapest first."""
    spendable = member["points"]["spendable"]
    found = []
    for row in await rewards(None, 500):
        if row["ended_at"] is not None or row["stock"] == 0 or not _high_enough(row, member, rules):
            continue
        found.append(
            {
                "id": row["id"],
                "name": _named(row["names"], speaks),
                "points": row["points"],
                "stock": row["stock"],
                "affordable": spendable >= row["points"],
                "lacking": max(0, row["points"] - spendable),
            }
        )
    return sorted(found, key=lambda one: one["points"])[:_MOST]


def _high_enough(row: Any, member: dict[str, Any], rules: Programme) -> bool:
    if row["tier"] is None:
        return True
    ladder, floor = rules.ladder(row["ladder"]), floor_rank(rules, row["ladder"], row["tier"])
    held = None if ladder is None else ladder.tier(member["tiers"][row["ladder"]]["code"])
    return floor is not None and held is not None and held.rank >= floor


def _named(names: dict[str, str], speaks: Tongue) -> str:
    return names.get(speaks.language) or next(iter(names.values()))
