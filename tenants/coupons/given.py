"""What became of a coupon: how many were given, used, or lapsed, and those given, the newest first."""

from collections.abc import Sequence
from typing import Final, Literal, get_args
from uuid import UUID

import asyncpg

from saas.scope import connection, current

State = Literal["open", "used", "void", "expired"]
STATES: Final[tuple[State, ...]] = get_args(State)
COUNTED: Final = 100_000
"""So many of each state are counted of one coupon: no page of a chain with millions takes longer than that."""

_TALLIES: Final = """
SELECT c.id, s.state,
       (SELECT count(*) FROM (SELECT FROM coupon_grant g
          WHERE g.tenant_id = $1 AND g.coupon_id = c.id AND g.state = s.state LIMIT $4) AS few) AS n
  FROM unnest($2::uuid[]) AS c (id) CROSS JOIN unnest($3::text[]) AS s (state)"""
_TODAY: Final = """(SELECT ((clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone)::date FROM tenant t
                     WHERE t.tenant_id = $1) AS today"""
# Each state is walked by its index and the newest of all are kept: none of them is sorted as a whole.
_GIVEN: Final = f"""
SELECT k.id, k.number, k.coupon_id, k.code, c.names, k.terms, k.member_id, k.valid_from, k.valid_until, k.state,
       k.occasion, k.source_id, k.used_for, k.granted_at, {_TODAY}
  FROM unnest($3::text[]) AS s (state)
 CROSS JOIN LATERAL (
       SELECT g.* FROM coupon_grant g
        WHERE g.tenant_id = $1 AND g.coupon_id = $2 AND g.state = s.state AND ($4::uuid IS NULL OR g.id < $4)
        ORDER BY g.id DESC LIMIT $5) AS k
  JOIN coupon c ON c.tenant_id = $1 AND c.id = $2
 ORDER BY k.id DESC LIMIT $5"""
_SHEET: Final = """
SELECT g.id, g.number, g.valid_from, g.valid_until, g.state, g.granted_at FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.occasion = 'printed' AND g.source_id = $2 AND g.coupon_id = $3
   AND ($4::uuid IS NULL OR g.id > $4) ORDER BY g.id LIMIT $5"""


async def tallies(coupon_ids: Sequence[UUID], most: int = COUNTED) -> dict[UUID, dict[State, int]]:
    """How many of each coupon are in each state; one more than `most` where there are more."""
    rows = await connection().fetch(_TALLIES, current().tenant_id, list(coupon_ids), list(STATES), most + 1)
    found: dict[UUID, dict[State, int]] = {coupon_id: {} for coupon_id in coupon_ids}
    for row in rows:
        found[row["id"]][row["state"]] = row["n"]
    return found


async def given(coupon_id: UUID, state: State | None, limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Those given of one coupon (rows as `held.shown` takes them, with `source_id`), the newest first, one more than
    `limit` where there are more.
    """
    states = list(STATES) if state is None else [state]
    return await connection().fetch(_GIVEN, current().tenant_id, coupon_id, states, before, limit + 1)


async def sheet(coupon_id: UUID, act: UUID, limit: int, after: UUID | None) -> list[asyncpg.Record]:
    """The numbers that one act printed, in their order, one more than `limit` where there are more."""
    return await connection().fetch(_SHEET, current().tenant_id, act, coupon_id, after, limit + 1)
