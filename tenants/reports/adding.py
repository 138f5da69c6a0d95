"""Adds the chain's facts up by local day: what was sold, and what the ledgers moved.

Facts never change, and their ids grow with our own clock (UUIDv7). So what is older than the longest transaction is
added once, for good; only what came since is added anew each time, and a primary key finds it. One adds at a time; who
comes meanwhile takes what there is.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from saas.ids import first_id_since
from saas.scope import connection, current

SLACK: Final = timedelta(hours=1)
"""How long before its commit a fact's id may have been made: the longest job takes minutes."""
FRESH: Final = timedelta(seconds=5)
"""What was added so lately is not looked at again by the next report of the same page."""
_END: Final = UUID(int=2**128 - 1)

_OPEN: Final = """
INSERT INTO report_state AS s (tenant_id, added_at) VALUES ($1, 'epoch') ON CONFLICT DO NOTHING"""
_LOCK: Final = """
SELECT s.settled_to, s.added_at, clock_timestamp() AS now FROM report_state s WHERE s.tenant_id = $1
   FOR UPDATE SKIP LOCKED"""
_KEEP: Final = "UPDATE report_state AS s SET settled_to = $2, added_at = $3 WHERE s.tenant_id = $1"
_PLANNED_FOR_ITS_VALUES: Final = "SET LOCAL plan_cache_mode = force_custom_plan"

_BETWEEN: Final = "{0}.tenant_id = $1 AND {0}.id >= $2 AND {0}.id < $3"
_SALES: Final = f"""
INSERT INTO report_sales AS s (tenant_id, day, branch_id, settled, purchases, amount, refunded, member_purchases,
                               member_amount, member_refunded)
SELECT $1, f.local_day, f.branch_id, $4, sum(f.purchases), sum(f.amount), sum(f.refunded),
       coalesce(sum(f.purchases) FILTER (WHERE f.known), 0), coalesce(sum(f.amount) FILTER (WHERE f.known), 0),
       coalesce(sum(f.refunded) FILTER (WHERE f.known), 0)
  FROM (SELECT p.local_day, p.branch_id, p.member_id IS NOT NULL AS known, 1 AS purchases, p.amount, 0 AS refunded
          FROM purchase p WHERE {_BETWEEN.format("p")}
         UNION ALL
        SELECT p.local_day, p.branch_id, p.member_id IS NOT NULL, -1, -p.amount, 0
          FROM purchase_undone u JOIN purchase p ON p.tenant_id = $1 AND p.id = u.purchase_id
         WHERE {_BETWEEN.format("u")}
         UNION ALL
        SELECT p.local_day, p.branch_id, p.member_id IS NOT NULL, 0, 0, r.amount
          FROM refund r JOIN purchase p ON p.tenant_id = $1 AND p.id = r.purchase_id WHERE {_BETWEEN.format("r")}) f
 GROUP BY f.local_day, f.branch_id
ON CONFLICT (tenant_id, day, branch_id, settled) DO UPDATE
   SET purchases = s.purchases + excluded.purchases, amount = s.amount + excluded.amount,
       refunded = s.refunded + excluded.refunded, member_purchases = s.member_purchases + excluded.member_purchases,
       member_amount = s.member_amount + excluded.member_amount,
       member_refunded = s.member_refunded + excluded.member_refunded"""
_VALUE: Final = f"""
INSERT INTO report_value AS v (tenant_id, day, book, kind, settled, amount)
SELECT $1, (f.recorded_at AT TIME ZONE t.timezone)::date, f.book, f.kind, $4, sum(f.amount)
  FROM (SELECT e.recorded_at, 'points' AS book, e.kind::text AS kind, e.points AS amount
          FROM points_entry e WHERE {_BETWEEN.format("e")}
         UNION ALL
        SELECT w.recorded_at, w.credit::text, w.kind::text, w.amount FROM wallet_entry w
         WHERE {_BETWEEN.format("w")} AND w.credit IN ('principal', 'bonus')
         UNION ALL
        SELECT w.recorded_at, w.debit::text, w.kind::text, -w.amount FROM wallet_entry w
         WHERE {_BETWEEN.format("w")} AND w.debit IN ('principal', 'bonus')) f
  JOIN tenant t ON t.tenant_id = $1
 GROUP BY 2, f.book, f.kind
ON CONFLICT (tenant_id, day, book, kind, settled) DO UPDATE SET amount = v.amount + excluded.amount"""
_FORGET: Final = (
    "DELETE FROM report_sales AS s WHERE s.tenant_id = $1 AND NOT s.settled",
    "DELETE FROM report_value AS v WHERE v.tenant_id = $1 AND NOT v.settled",
)


async def add_up(fresh: timedelta = FRESH) -> None:
    """Brings the days up to now, in the current scope, unless somebody is at it, or was within `fresh`."""
    tenant_id = current().tenant_id
    await connection().execute(_OPEN, tenant_id)  # waits for who adds for the first time
    state = await connection().fetchrow(_LOCK, tenant_id)
    if state is None or state["now"] - state["added_at"] < fresh:
        return
    now: datetime = state["now"]
    await connection().execute(_PLANNED_FOR_ITS_VALUES)  # an hour's facts and a chain's first look differ
    begin, until = _first_id(state["settled_to"]), first_id_since(now - SLACK)
    for forget in _FORGET:
        await connection().execute(forget, tenant_id)
    for add in (_SALES, _VALUE):
        if begin < until:
            await connection().execute(add, tenant_id, begin, until, True, timeout=240)
        await connection().execute(add, tenant_id, max(begin, until), _END, False, timeout=60)
    await connection().execute("SET LOCAL plan_cache_mode TO DEFAULT")
    await connection().execute(_KEEP, tenant_id, max(now - SLACK, state["settled_to"] or now - SLACK), now)


def _first_id(instant: datetime | None) -> UUID:
    return UUID(int=0) if instant is None else first_id_since(instant)
