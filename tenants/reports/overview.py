"""Members, sales and buyers over some days, whole and step by step."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.reports.buyers import buyers
from tenants.reports.span import Span, Today
from tenants.segments.planning import planned_for_many

_FOUR: Final = Decimal("0.0001")
# Whoever was there, also who has left since; of two records that became one, the one that is left.
_JOINED: Final = """
SELECT width_bucket(m.joined_on, $2::date[]) AS step, count(*) AS n FROM member m
 WHERE m.tenant_id = $1 AND m.status <> 'merged' AND ($3::uuid[] IS NULL OR m.branch_id = ANY ($3)) GROUP BY 1"""
_LEFT: Final = """
SELECT width_bucket((m.closed_at AT TIME ZONE $4)::date, $2::date[]) AS step, count(*) AS n FROM member m
 WHERE m.tenant_id = $1 AND m.status IN ('closed', 'erased') AND ($3::uuid[] IS NULL OR m.branch_id = ANY ($3))
 GROUP BY 1"""
SALES: Final = """
       coalesce(sum(s.purchases), 0)::bigint AS purchases, coalesce(sum(s.amount - s.refunded), 0)::bigint AS amount,
       coalesce(sum(s.refunded), 0)::bigint AS refunded,
       coalesce(sum(s.member_purchases), 0)::bigint AS member_purchases,
       coalesce(sum(s.member_amount - s.member_refunded), 0)::bigint AS member_amount"""
_SALES: Final = f"""
SELECT width_bucket(s.day, $4::date[]) AS step, {SALES} FROM report_sales s
 WHERE s.tenant_id = $1 AND s.day BETWEEN $2 AND $3 AND ($5::uuid[] IS NULL OR s.branch_id = ANY ($5)) GROUP BY 1"""
_BUYERS: Final = """
SELECT count(*) AS buyers, count(*) FILTER (WHERE b.purchases > 1) AS again FROM ({buyers}) b"""
_NOTHING: Final = {"purchases": 0, "amount": 0, "refunded": 0, "member_purchases": 0, "member_amount": 0}


async def overview(span: Span, now: Today) -> dict[str, Any]:
    """Members are counted by their home branch, sales and buyers by the branch of the purchase. Money in minor units,
    net of refunds, which count on the day of their purchase; rates are decimals as text, None where nothing is.
    """
    starts = span.steps()
    joined, left = await _joined(span, starts), await _left(span, starts, now)
    sold = await _sold(span, starts)
    bought = await _bought(span, now.day)
    total, steps = joined[0] - left[0], []
    for n, (start, end) in enumerate(zip(starts, span.ends(), strict=True), start=1):
        total += joined[n] - left[n]
        step = {"from": start.isoformat(), "to": end.isoformat(), "members": total, "joined": joined[n]}
        steps.append({**step, "left": left[n], **sold[n]})
    sums = {name: sum(step[name] for step in sold[1:]) for name in _NOTHING}
    return {
        "members": {"total": total, "joined": sum(joined[1:-1]), "left": sum(left[1:-1])},
        "sales": {
            **sums,
            "average": None if not sums["purchases"] else _rounded(Decimal(sums["amount"]) / sums["purchases"]),
            "member_share": rate(sums["member_amount"], sums["amount"]),
        },
        "buyers": {**bought, "repurchase_rate": rate(bought["again"], bought["members"])},
        "steps": steps,
    }


def rate(part: int, whole: int) -> str | None:
    """`part` of `whole`, to four places; None where there is no whole."""
    return str((Decimal(part) / whole).quantize(_FOUR, ROUND_HALF_UP)) if whole else None


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def branches_of(span: Span) -> list[UUID] | None:
    return None if span.branch_ids is None else list(span.branch_ids)


async def _joined(span: Span, starts: Sequence[date]) -> list[int]:
    """How many joined before the first step, in each, and behind the last."""
    return await _by_step(_JOINED, span, starts)


async def _left(span: Span, starts: Sequence[date], now: Today) -> list[int]:
    return await _by_step(_LEFT, span, starts, now.zone.key)


async def _by_step(statement: str, span: Span, starts: Sequence[date], *more: object) -> list[int]:
    bounds = [*starts, span.after]
    rows = await connection().fetch(statement, current().tenant_id, bounds, branches_of(span), *more)
    found = {row["step"]: row["n"] for row in rows}
    return [found.get(n, 0) for n in range(len(bounds) + 1)]


async def _sold(span: Span, starts: Sequence[date]) -> list[dict[str, int]]:
    """By step, from 1 on; the first element is nothing."""
    rows = await connection().fetch(_SALES, current().tenant_id, span.first, span.last, list(starts), branches_of(span))
    found = {row["step"]: {name: row[name] for name in _NOTHING} for row in rows}
    return [found.get(n, _NOTHING) for n in range(len(starts) + 1)]


async def _bought(span: Span, day: date) -> dict[str, int]:
    sql, arguments = buyers(span, day)
    async with planned_for_many():
        row: Any = await connection().fetchrow(_BUYERS.format(buyers=sql), *arguments, timeout=120)
    return {"members": row["buyers"], "again": row["again"]}
