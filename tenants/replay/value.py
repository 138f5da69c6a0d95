"""What purchases and top-ups should have brought: points at the tiers held just before, by the rules of their day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from saas.money import exponent
from tenants.points.lots import lot_of
from tenants.pricing.basket import ONE
from tenants.pricing.basket import Line as Basket
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import earning_of, points_of, shares_of
from tenants.programme.document import Programme
from tenants.replay.facts import Chain, Row
from tenants.replay.person import Record
from tenants.replay.sums import Sale
from tenants.wallet.steps import bonus_of as bonus_by_steps

_AS_NOW: Final = timedelta(minutes=15)
"""A purchase that occurred so shortly before it is recorded counts as now."""


@dataclass(frozen=True, slots=True)
class Promised:
    """A fact's `points`, `bonus` or `lot` as it should be, and as the fact itself tells it; a lot's is looked up."""

    kind: str
    fact_id: UUID
    expected: Any
    stored: Any = None


def points_of_sale(chain: Chain, record: Record, row: Row) -> list[Promised]:
    """The points of a purchase of the till, and the days of their lot. What campaigns multiplied is kept with it."""
    rules, told = chain.version(row["programme_version"]), row["pricing"] or {}
    rate = rules.points.per_unit * benefits_of(rules, _held_at(record, row)).multiplier
    rate *= Decimal(told.get("campaign_rate", 1))
    earning = sum(_earning(rules, row)) if rules.points.per_unit else 0
    points = points_of(earning, rate, exponent(chain.currency))
    found = [Promised("points", row["id"], points, told.get("points", 0))]
    return found + ([_lot(rules, row["id"], points, row["local_day"])] if points else [])


def points_of_credit(chain: Chain, record: Record, row: Row) -> list[Promised]:
    """The points that imported history was given afterwards, for what was left of it by then."""
    rules = chain.version(row["credit_version"])
    benefits = benefits_of(rules, _held_before(record, row["occurred_at"]))
    sale: Sale = record.sums.sales[row["id"]]
    excluded = row["category"] in rules.points.excluded_categories
    points = points_of(
        0 if excluded else sale.amount - sale.back,
        rules.points.per_unit * benefits.multiplier,
        exponent(chain.currency),
    )
    return [
        Promised("points", row["id"], points, row["credit_points"]),
        _lot(rules, row["id"], points, row["local_day"]),
    ]


def bonus_of(chain: Chain, record: Record, row: Row) -> Promised:
    """The bonus of a top-up, at the tiers held before it."""
    rules = chain.version(row["programme_version"])
    held = _held_now(record)
    now = {ladder.code: rules.raised(ladder, held[ladder.code]) for ladder in rules.ladders if ladder.code in held}
    tiers = {(now.get(ladder.code) or ladder.tiers[0]).code for ladder in rules.ladders}
    return Promised("bonus", row["id"], bonus_by_steps(rules.wallet, tiers, row["amount"]), row["bonus"])


def _lot(rules: Programme, fact_id: UUID, points: int, day: date) -> Promised:
    lot = lot_of(points, rules.points, day)
    ends = None if lot.expires_on is None else lot.expires_on.isoformat()
    told = {
        "points": points,
        "day": day.isoformat(),
        "spendable_from": lot.spendable_from.isoformat(),
        "expires_on": ends,
    }
    return Promised("lot", fact_id, told)


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
    tenders = row["tenders"] or []
    points = sum(one["amount"] for one in tenders if one["type"] == "points")
    bonus = sum(one.get("bonus", 0) for one in tenders if one["type"] == "wallet")
    excluded = [one["amount"] for one in tenders if one["type"] in rules.points.excluded_tenders]
    by_points, by_bonus, *rest = shares_of(nets, points, bonus, *excluded)
    return earning_of(
        [Basket(line["amount"], line.get("category"), None, ONE) for line in sent],
        nets,
        by_points,
        [0] * len(nets) if rules.wallet.bonus_earns else by_bonus,
        [sum(shares) for shares in zip(*rest, strict=True)] if rest else [0] * len(nets),
        rules.points.excluded_categories,
    )
