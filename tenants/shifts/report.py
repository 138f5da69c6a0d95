"""What each clerk took and gave back, added up by one statement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.shifts.span import Span

TAKEN: Final = ("purchases", "top_ups", "passes")
GIVEN_BACK: Final = ("refunds", "wallet_refunds", "pass_refunds")
KINDS: Final = (*TAKEN, *GIVEN_BACK)
_NO_MONEY: Final = frozenset({"points", "wallet"})
"""Ways to pay that put nothing into a till."""
_WAYS: Final = ("cash", "card", "wechat", "alipay", "medical_insurance", "bank_transfer", "other", "wallet", "points")
_PLACES: Final = {way: place for place, way in enumerate(_WAYS)}

_AT: Final = "{0}.tenant_id = $1 AND {0}.branch_id = b.id AND {0}.recorded_at >= $2 AND {0}.recorded_at < $3"
_LIST: Final = "CASE WHEN jsonb_typeof({0}.tenders) = 'array' THEN {0}.tenders END"
_DAY: Final = "({0}.recorded_at AT TIME ZONE $5)::date AS day"
_ONE: Final = "jsonb_build_array(jsonb_build_object('type', {0}, 'amount', {1}))"
# Imports are no shift. Who sold is who was named, else who was at the till.
_FACTS: Final = f"""
b AS MATERIALIZED (SELECT id FROM branch WHERE tenant_id = $1 AND ($4::uuid[] IS NULL OR id = ANY ($4))),
f AS MATERIALIZED (
    SELECT 'purchases' AS kind, {_DAY.format("p")}, p.branch_id, coalesce(p.sold_by, p.actor) AS clerk, p.amount,
           {_LIST.format("p")} AS tenders,
           EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id) AS undone
      FROM b JOIN purchase p ON {_AT.format("p")} WHERE p.source = 'api'
    UNION ALL
    SELECT 'refunds', {_DAY.format("r")}, r.branch_id, r.actor, r.amount, {_LIST.format("r")}, false
      FROM b JOIN refund r ON {_AT.format("r")} WHERE r.source = 'api'
    UNION ALL
    SELECT 'top_ups', {_DAY.format("t")}, t.branch_id, coalesce(t.sold_by, t.actor), t.amount, {_LIST.format("t")},
           EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = t.id)
      FROM b JOIN top_up t ON {_AT.format("t")}
    UNION ALL
    SELECT 'wallet_refunds', {_DAY.format("w")}, w.branch_id, coalesce(w.sold_by, w.actor), w.paid_out,
           {_ONE.format("w.tender", "w.paid_out")}, false
      FROM b JOIN wallet_refund w ON {_AT.format("w")}
    UNION ALL
    SELECT 'passes', {_DAY.format("s")}, s.branch_id, coalesce(s.sold_by, s.actor), s.price, {_LIST.format("s")}, false
      FROM b JOIN pass s ON {_AT.format("s")}
    UNION ALL
    SELECT 'pass_refunds', {_DAY.format("e")}, e.branch_id, e.actor, -e.amount,
           {_ONE.format("e.tender", "-e.amount")}, false
      FROM b JOIN pass_entry e ON {_AT.format("e")} WHERE e.kind = 'refund')"""
# What no tender named is one of no type. Sums by branch and clerk, and by day: these have no branch.
_SUMS: Final = f"""
WITH {_FACTS},
n AS (
    SELECT f.kind, f.day, f.branch_id, f.clerk, x.type, x.amount
      FROM f CROSS JOIN LATERAL jsonb_to_recordset(f.tenders) AS x (type text, amount bigint)
     WHERE NOT f.undone
    UNION ALL
    SELECT f.kind, f.day, f.branch_id, f.clerk, NULL, f.amount - coalesce((
           SELECT sum(x.amount) FROM jsonb_to_recordset(f.tenders) AS x (amount bigint)), 0)
      FROM f WHERE NOT f.undone)
SELECT f.kind, f.day, f.branch_id, f.clerk, f.undone, true AS whole, NULL AS type, count(*) AS count,
       sum(f.amount)::bigint AS amount
  FROM f GROUP BY GROUPING SETS ((f.kind, f.undone, f.branch_id, f.clerk), (f.kind, f.undone, f.day))
UNION ALL
SELECT n.kind, n.day, n.branch_id, n.clerk, false, false, n.type, count(*), sum(n.amount)::bigint
  FROM n WHERE n.amount <> 0
 GROUP BY GROUPING SETS ((n.kind, n.type, n.branch_id, n.clerk), (n.kind, n.type, n.day))"""
_BRANCHES: Final = "SELECT id, code, name FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


@dataclass(slots=True)
class Sum:
    """How many, how much in minor units, and how it was paid; `None`: in a way that nobody named."""

    count: int = 0
    amount: int = 0
    tenders: dict[str | None, int] = field(default_factory=dict)


@dataclass(slots=True)
class Shift:
    """What one clerk did at one branch, by kind; `undone` beside it, counted nowhere else."""

    sums: dict[str, Sum] = field(default_factory=lambda: {kind: Sum() for kind in KINDS})
    undone: dict[str, Sum] = field(default_factory=lambda: {kind: Sum() for kind in ("purchases", "top_ups")})

    @property
    def takings(self) -> dict[str | None, int]:
        """What the till should have more than before, by way of payment."""
        found: dict[str | None, int] = {}
        for kind, each in self.sums.items():
            sign = 1 if kind in TAKEN else -1
            for way, amount in each.tenders.items():
                if way not in _NO_MONEY:
                    found[way] = found.get(way, 0) + sign * amount
        return found

    def add(self, kind: str, row: asyncpg.Record) -> None:
        """Takes in a row of the statement."""
        which = self.undone if row["undone"] else self.sums
        if row["whole"]:
            which[kind].count += row["count"]
            which[kind].amount += row["amount"]
        else:
            tenders = which[kind].tenders
            tenders[row["type"]] = tenders.get(row["type"], 0) + row["amount"]


@dataclass(frozen=True, slots=True)
class Report:
    """By branch (its row: id, code, name) and clerk, in the order of branches' codes and clerks; all together; and by
    local day, where it was asked for, the newest first.
    """

    shifts: list[tuple[asyncpg.Record, str, Shift]]
    total: Shift
    days: dict[date, Shift]


async def shifts(span: Span, branch_ids: Collection[UUID] | None, zone: ZoneInfo | None = None) -> Report:
    """What was recorded in the span at these branches, or at all; with a zone also by its days."""
    tenant_id = current().tenant_id
    wanted = None if branch_ids is None else list(branch_ids)
    rows = await connection().fetch(_SUMS, tenant_id, span.first, span.end, wanted, zone and zone.key, timeout=60)
    found: dict[tuple[UUID, str], Shift] = {}
    days: dict[date, Shift] = {}
    total = Shift()
    for row in rows:
        if row["branch_id"] is None:
            if row["day"] is not None:
                days.setdefault(row["day"], Shift()).add(row["kind"], row)
            continue
        for shift in (found.setdefault((row["branch_id"], row["clerk"]), Shift()), total):
            shift.add(row["kind"], row)
    ids = list({branch_id for branch_id, _ in found})
    branches = {row["id"]: row for row in await connection().fetch(_BRANCHES, tenant_id, ids)}
    ordered = sorted(found.items(), key=lambda item: (branches[item[0][0]]["code"], item[0][1]))
    by_day = dict(sorted(days.items(), reverse=True))
    return Report([(branches[branch_id], clerk, shift) for (branch_id, clerk), shift in ordered], total, by_day)


def in_order(tenders: Mapping[str | None, int]) -> list[tuple[str | None, int]]:
    """Ways of payment as a till names them, what nobody named last."""
    return sorted(tenders.items(), key=lambda item: (item[0] is None, _PLACES.get(item[0] or "", len(_WAYS)), item[0]))
