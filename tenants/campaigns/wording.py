"""What a message says of its member: the placeholders' values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DEFAULT_LANGUAGE, Language
from saas.i18n import as_language, tongue
from saas.scope import connection, current
from tenants.campaigns.document import AnyCampaign, GrantCampaign
from tenants.campaigns.missing import in_words
from tenants.members.standing import standings
from tenants.merged import leads_to
from tenants.programme.document import Programme
from tenants.programme.leaves import Leaf, parts
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.segments.conditions import segment_leaves
from tenants.segments.properties import PropertyLeaf
from tenants.segments.segment import condition_named
from tenants.tiers.explain import explain

_NAMELESS: Final[Mapping[Language, str]] = {"zh-CN": "尊敬的会员", "en": "dear member"}
_CHAIN: Final = """
SELECT name, locale, currency, timezone, programme_version, clock_timestamp() + clock_offset AS now
  FROM tenant WHERE tenant_id = $1"""
HOLDERS: Final = f"""
SELECT s.id AS share_id, s.at, m.id, m.name, m.card_no, m.joined_on, b.name AS branch, g.valid_until, k.names AS coupon,
       coalesce(p.open - p.debt, 0) AS points, coalesce(w.principal + w.bonus, 0) AS balance
  FROM campaign_share s
  JOIN member o ON o.tenant_id = $1 AND o.id = s.member_id
  JOIN member m ON m.tenant_id = $1 AND m.id = {leads_to("o")} AND m.status = 'active'
  LEFT JOIN branch b ON b.tenant_id = $1 AND b.id = m.branch_id
  LEFT JOIN coupon_grant g ON g.tenant_id = $1 AND g.occasion = 'campaign' AND g.source_id = s.id
  LEFT JOIN coupon k ON k.tenant_id = $1 AND k.id = g.coupon_id
  LEFT JOIN points_account p ON p.tenant_id = $1 AND p.member_id = m.id
  LEFT JOIN wallet_account w ON w.tenant_id = $1 AND w.member_id = m.id
 WHERE s.tenant_id = $1 AND s.id = ANY ($2) AND s.campaign_id = $3 AND NOT s.is_control ORDER BY s.id"""
"""The active members who hold these shares, with what their messages may say."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Who speaks, in which language, when."""

    name: str
    language: Language
    currency: str
    zone: ZoneInfo
    rules: Programme
    now: datetime


async def chain() -> Chain:
    """The current tenant."""
    row = await connection().fetchrow(_CHAIN, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    language = as_language(row["locale"]) or DEFAULT_LANGUAGE
    rules = await programme(row["programme_version"])
    return Chain(row["name"], language, row["currency"], ZoneInfo(row["timezone"]), rules, row["now"])


def tier_name(teller: Chain, ladder_code: str, code: str) -> str:
    """A tier as the chain calls it now; its code where there is none any more."""
    ladder = teller.rules.ladder(ladder_code)
    tier = None if ladder is None else ladder.tier(code)
    return code if tier is None else tier.names.get(teller.language)


async def values_of(
    holders: Sequence[asyncpg.Record],
    teller: Chain,
    campaign: AnyCampaign,
    asked: Collection[str],
    says: Mapping[UUID, Mapping[str, str]],
) -> dict[UUID, dict[str, str]]:
    """The placeholders' values by share, for the rows of `HOLDERS`. What the share's own occasion `says` comes first.
    What is asked for and costs a look at the tiers is found only where it is asked for.
    """
    tiers = await standings({row["id"]: row["joined_on"] for row in holders}, teller.language)
    shown = [ladder.code for ladder in teller.rules.ladders if ladder.visibility == "members"]
    ladders = await _ladders(campaign, shown) if {"missing", "next_tier"} & set(asked) else []
    found: dict[UUID, dict[str, str]] = {}
    for row in holders:
        values = _plain(row, teller, campaign)
        values["tier"] = tiers[row["id"]][shown[0]]["name"] if shown else ""
        said = says[row["share_id"]]
        if ladders and not {"missing", "next_tier"} & set(asked) <= said.keys():
            values |= await _next(row["id"], ladders, teller)
        found[row["share_id"]] = {**values, **said}
    return found


def _plain(row: asyncpg.Record, teller: Chain, campaign: AnyCampaign) -> dict[str, str]:
    words = tongue(teller.language)
    given = campaign.points if isinstance(campaign, GrantCampaign) else 0
    coupon: Mapping[str, str] = row["coupon"] or {}
    return {
        "chain": teller.name,
        "branch": row["branch"] or teller.name,
        "name": row["name"] or _NAMELESS[teller.language],
        "card_no": row["card_no"] or "",
        "points": words.number(given or row["points"]),
        "balance": words.money(row["balance"], teller.currency),
        "coupon": coupon.get(teller.language, ""),
        "date": words.day(row["valid_until"] or local_day(row["at"], teller.zone)),
    }


async def _next(member_id: UUID, ladders: Sequence[tuple[str, Collection[str]]], teller: Chain) -> dict[str, str]:
    """The next tier and what it asks for, on the first of the ladders that has both, by a metric of those wanted."""
    for code, metrics in ladders:
        told = (await explain(member_id, code))["next"]
        if told is None or (metrics and not {leaf["metric"] for leaf in told["missing"]} <= set(metrics)):
            continue
        return {
            "next_tier": tier_name(teller, code, told["code"]),
            "missing": in_words(told["missing"], teller.language, teller.currency),
        }
    return {}


async def _ladders(campaign: AnyCampaign, shown: Sequence[str]) -> list[tuple[str, Collection[str]]]:
    """Of which ladder a message speaks: one that members see and whose next step is in the metrics that the audience is
    chosen by (two visits more, to who came eight times); else the first one.
    """
    condition = None if campaign.audience is None else await condition_named(campaign.audience)
    leaves: list[Any] = [] if condition is None else list(segment_leaves(condition))
    metrics = {part.metric for leaf in leaves if not isinstance(leaf, PropertyLeaf) for part in _parts(leaf)}
    chosen: list[tuple[str, Collection[str]]] = [(code, metrics) for code in shown] if metrics else []
    return [*chosen, *((code, ()) for code in shown)]


def _parts(leaf: Leaf) -> Sequence[Any]:
    return [leaf, *parts(leaf)]
