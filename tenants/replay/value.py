"""What facts should have brought: points at the tiers held just before, by the rules of their day; top-ups' bonus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from saas.money import exponent
from tenants.pricing.basket import ONE, CampaignMultiplier
from tenants.pricing.basket import Line as Basket
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import earning_of, points_of, rate_of, shares_of
from tenants.programme.document import Programme
from tenants.replay.facts import Chain, Row
from tenants.replay.person import Record
from tenants.replay.sums import Sale
from tenants.wallet.steps import bonus_of as bonus_by_steps

_AS_NOW: Final = timedelta(minutes=15)
"""A purchase that occurred so shortly before it is recorded counts as now."""


@dataclass(frozen=True, slots=True)
class Promised:
    """A fact's `points`, `rate` or `bonus` as it should be, and as the fact itself tells it."""

    kind: str
    fact_id: UUID
    expected: Any
    stored: Any = None


@dataclass(frozen=True, slots=True)
class Earned:
    """The `points` of a purchase, at `rate` for a whole currency unit of what its lines earn on (minor units)."""

    points: int
    rate: Decimal
    of_lines: Sequence[int]


def earned_by_sale(chain: Chain, record: Record, row: Row) -> Earned:
    """The points of a purchase of the till. Which campaigns it had is kept with it; what they multiply is theirs."""
    rules = chain.version(row["programme_version"])
    rate = rate_of(rules.points.per_unit, benefits_of(rules, _held_at(record, row)).multiplier, _campaigns(chain, row))
    earning = _earning(rules, row)
    points = points_of(sum(earning), rate, exponent(chain.currency)) if rules.points.per_unit else 0
    return Earned(points, rate, earning)


def _campaigns(chain: Chain, row: Row) -> list[CampaignMultiplier]:
    """The campaigns named with a purchase that multiply its points; each of them counted."""
    named = (row["pricing"] or {}).get("campaigns", ())
    return [
        CampaignMultiplier(code, chain.multipliers[code], stack=True) for code in named if code in chain.multipliers
    ]


def earned_by_credit(chain: Chain, record: Record, row: Row) -> Earned:
    """The points that imported history was given afterwards, for what was left of it by then."""
    rules = chain.version(row["credit_version"])
    benefits = benefits_of(rules, _held_before(record, row["occurred_at"]))
    rate = rate_of(rules.points.per_unit, benefits.multiplier, ())
    sale: Sale = record.sums.sales[row["id"]]
    excluded = row["category"] in rules.points.excluded_categories
    left = 0 if excluded else sale.amount - sale.back
    return Earned(points_of(left, rate, exponent(chain.currency)), rate, [row["amount"]])


def earned_by_top_up(rules: Programme, principal: int) -> int:
    """The points of a top-up that has so much of its principal left."""
    beside = rules.points.beside
    return 0 if beside is None else points_of(principal, beside.top_up, exponent(rules.currency))


def earned_by_activity(rules: Programme, kind: str) -> int:
    """The points of an activity of the kind."""
    beside = rules.points.beside
    return 0 if beside is None else sum(one.points for one in beside.activities if one.kind == kind)


def bonus_of(chain: Chain, record: Record, row: Row) -> int:
    """The bonus of a top-up, at the tiers held before it."""
    rules = chain.version(row["programme_version"])
    held = _held_now(record)
    now = {ladder.code: rules.raised(ladder, held[ladder.code]) for ladder in rules.ladders if ladder.code in held}
    tiers = {(now.get(ladder.code) or ladder.tiers[0]).code for ladder in rules.ladders}
    return bonus_by_steps(rules.wallet, tiers, row["amount"])


def paid_by(row: Row, type_: str, part: str) -> int:
    """What the tenders of a type say of a purchase."""
    return sum(one.get(part, 0) for one in row["tenders"] or () if one["type"] == type_)


def _held_at(record: Record, row: Row) -> Mapping[str, str]:
    """Tiers in force when it occurred, as known when it was recorded."""
    if row["occurred_at"] >= row["recorded_at"] - _AS_NOW:
        return _held_now(record)
    return _held_before(record, row["occurred_at"])


def _held_now(record: Record) -> dict[str, str]:
    return {ladder: standing.tier for ladder, standing in record.tiers.held.items() if standing.rank > 0}


def _held_before(record: Record, at: datetime) -> dict[str, str]:
    found = {ladder: record.tiers.before_instant(ladder, at) for ladder in record.tiers.log}
    return {ladder: standing.tier for ladder, standing in found.items() if standing is not None and standing.rank > 0}


def _earning(rules: Programme, row: Row) -> list[int]:
    """What each line earns on: what is left of it after what points, bonus and excluded tenders paid."""
    sent = row["lines"] or [{"amount": row["amount"]}]
    nets = [line["amount"] for line in sent]
    points, bonus = paid_by(row, "points", "amount"), paid_by(row, "wallet", "bonus")
    excluded = [one["amount"] for one in row["tenders"] or () if one["type"] in rules.points.excluded_tenders]
    by_points, by_bonus, *rest = shares_of(nets, points, bonus, *excluded)
    return earning_of(
        [Basket(line["amount"], line.get("category"), None, ONE) for line in sent],
        nets,
        by_points,
        [0] * len(nets) if rules.wallet.bonus_earns else by_bonus,
        [sum(shares) for shares in zip(*rest, strict=True)] if rest else [0] * len(nets),
        rules.points.excluded_categories,
    )
