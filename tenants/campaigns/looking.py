"""Campaigns as they are looked through: the newest first, how many members each reached, which send a text."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.campaigns.campaign import SHOWN, shown

REACHED: Final = 10_000
"""Shares of one campaign are counted up to that: a list costs the same, however many were reached."""

_NEWEST: Final = f"""
SELECT {SHOWN} FROM campaign AS c
 WHERE c.tenant_id = $1 AND ($2::uuid IS NULL OR c.id < $2) AND ($3::text IS NULL OR c.state = $3)
   AND ($4::text IS NULL OR c.document ->> 'type' = $4)
 ORDER BY c.id DESC LIMIT $5"""
_STATES: Final = "SELECT c.state, count(*) AS n FROM campaign AS c WHERE c.tenant_id = $1 GROUP BY c.state"
_NAMED: Final = f"SELECT {SHOWN} FROM campaign AS c WHERE c.tenant_id = $1 AND c.code = ANY($2::text[])"
_SENDING: Final = f"""
SELECT {SHOWN} FROM campaign AS c
 WHERE c.tenant_id = $1 AND c.state <> 'stopped' AND c.document ->> 'message' = ANY($2::text[]) ORDER BY c.id"""
_TELLING: Final = f"""
SELECT {SHOWN} FROM campaign AS c
 WHERE c.tenant_id = $1 AND c.started_at IS NOT NULL AND c.document ->> 'message' IS NOT NULL
 ORDER BY c.started_at DESC, c.id LIMIT $2"""
# In the index's order, so that a campaign of few isn't looked for in a table of another's many.
_REACHED: Final = """
SELECT n.id, (SELECT count(*) FROM (SELECT FROM campaign_share AS s
                                     WHERE s.tenant_id = $1 AND s.campaign_id = n.id AND NOT s.is_control
                                     ORDER BY s.member_id LIMIT $3) AS few) AS shares
  FROM unnest($2::uuid[]) AS n (id)"""

Json = dict[str, Any]


async def newest_campaigns(before: UUID | None, count: int, state: str | None, kind: str | None) -> list[Json]:
    """Up to `count` campaigns, the newest first, behind `before`; of a state, of a kind."""
    rows = await connection().fetch(_NEWEST, current().tenant_id, before, state, kind, count)
    return [shown(row) for row in rows]


async def campaigns_by_state() -> dict[str, int]:
    """How many drafts, running and stopped ones there are; a state without any isn't in it."""
    return {row["state"]: row["n"] for row in await connection().fetch(_STATES, current().tenant_id)}


async def campaigns_named(codes: Sequence[str]) -> dict[str, Json]:
    """Those of the codes that there are, by code."""
    rows = await connection().fetch(_NAMED, current().tenant_id, sorted(set(codes)))
    return {one["code"]: one for one in map(shown, rows)}


async def campaigns_sending(texts: Sequence[str]) -> dict[str, list[Json]]:
    """By the text's code: the drafts and the running ones that send it."""
    found: dict[str, list[Json]] = {code: [] for code in texts}
    for row in await connection().fetch(_SENDING, current().tenant_id, list(found)):
        found[row["document"]["message"]].append(shown(row))
    return found


async def campaigns_that_told(count: int) -> list[Json]:
    """Those that have run and have a message, what was started last comes first."""
    return [shown(row) for row in await connection().fetch(_TELLING, current().tenant_id, count)]


async def shares_of(campaigns: Sequence[UUID]) -> dict[UUID, int]:
    """How many shares each gave (the control group's apart); one more than `REACHED` where there are more."""
    rows = await connection().fetch(_REACHED, current().tenant_id, list(campaigns), REACHED + 1)
    return {row["id"]: row["shares"] for row in rows}
