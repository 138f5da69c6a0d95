"""What the chain owes its members: points that can still be used, and stored value, then and now."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from saas.scope import connection, current
from tenants.programme.versions import current_programme
from tenants.reports.span import Span, Today

_SOON: Final = (30, 90)
_MOVED: Final = """
SELECT width_bucket(v.day, $2::date[]) AS step, v.book, v.kind, sum(v.amount)::bigint AS amount FROM report_value v
 WHERE v.tenant_id = $1 GROUP BY 1, 2, 3"""
_HOLDERS: Final = """
SELECT (SELECT count(*) FROM points_account a WHERE a.tenant_id = $1 AND a.open > 0) AS points,
       (SELECT count(*) FROM wallet_account w WHERE w.tenant_id = $1 AND w.principal + w.bonus > 0) AS wallet,
       (SELECT coalesce(sum(a.debt), 0)::bigint FROM points_account a WHERE a.tenant_id = $1 AND a.debt > 0) AS debt"""
_EXPIRING: Final = """
SELECT coalesce(sum(l."left"), 0)::bigint FROM points_lot l
 WHERE l.tenant_id = $1 AND l."left" > 0 AND l.expires_on >= $2 AND l.expires_on < $3"""

_POINTS: Final = {
    **dict.fromkeys(("earn", "top_up", "activity", "referral", "birthday", "campaign", "opening"), "granted"),
    **dict.fromkeys(("reverse", "top_up_reverse", "undo_earn", "undo_top_up"), "granted"),
    **dict.fromkeys(("redeem", "return", "undo_redeem", "reward", "reward_return", "use"), "used"),
    **dict.fromkeys(("expire", "void"), "expired"),
    **dict.fromkeys(("adjust", "merge_out", "merge_in"), "adjusted"),
}
_WALLET: Final = {
    **dict.fromkeys(("top_up", "opening", "undo_top_up"), "topped_up"),
    **dict.fromkeys(("spend", "return", "undo_spend"), "used"),
    **dict.fromkeys(("refund", "refund_deduction", "void"), "paid_out"),
    **dict.fromkeys(("merge_out", "merge_in"), "adjusted"),
}
"""What each kind of entry means to an owner; of bonus without the end of its name."""

_Steps = list[dict[str, Counter[str]]]


async def liability(span: Span, now: Today) -> dict[str, Any]:
    """Balances at the end of each step and what moved them in the span, by the day of recording. Who holds something,
    what expires soon and what is owed back are of this moment. `value`: points as money, by the rules in force, in
    minor units; None where points don't pay.
    """
    bounds = [*span.steps(), span.after]
    moved: _Steps = [defaultdict(Counter) for _ in range(len(bounds) + 1)]
    for row in await connection().fetch(_MOVED, current().tenant_id, bounds):
        moved[row["step"]][row["book"]][_meaning(row["book"], row["kind"])] += row["amount"]
    balance = Counter({book: sum(kinds.values()) for book, kinds in moved[0].items()})
    before = _books(balance)
    steps, flows = [], defaultdict[str, Counter[str]](Counter)
    for start, end, found in zip(span.steps(), span.ends(), moved[1:], strict=False):
        for book, kinds in found.items():
            balance[book] += sum(kinds.values())
            flows[book].update(kinds)
        steps.append({"from": start.isoformat(), "to": end.isoformat(), **_books(balance)})
    holders: Any = await connection().fetchrow(_HOLDERS, current().tenant_id, timeout=60)
    return {
        "points": {
            "balance": balance["points"],
            "value": await _worth(balance["points"]),
            **{name: flows["points"][name] for name in ("granted", "used", "expired", "adjusted")},
            "holders": holders["points"],
            "debt": holders["debt"],
            **{f"expiring_{days}": await _expiring(now, days) for days in _SOON},
        },
        "wallet": {
            **{name: balance[name] for name in ("principal", "bonus")},
            **{
                f"{name}_{book}": flows[book][name]
                for book in ("principal", "bonus")
                for name in ("topped_up", "used", "paid_out", "adjusted")
            },
            "holders": holders["wallet"],
        },
        "before": before,
        "steps": steps,
    }


def _meaning(book: str, kind: str) -> str:
    return _POINTS[kind] if book == "points" else _WALLET[kind.removesuffix("_bonus")]


def _books(balance: Counter[str]) -> dict[str, int]:
    return {book: balance[book] for book in ("points", "principal", "bonus")}


async def _worth(points: int) -> int | None:
    redeem = (await current_programme()).points.redeem
    if redeem is None:
        return None
    worth = Decimal(max(points, 0)) * redeem.amount / redeem.points
    return int(worth.quantize(Decimal(1), ROUND_HALF_UP))


async def _expiring(now: Today, days: int) -> int:
    """What ends within so many days, today the first."""
    until = now.day + timedelta(days=days)
    found: int = await connection().fetchval(_EXPIRING, current().tenant_id, now.day, until, timeout=60)
    return found
