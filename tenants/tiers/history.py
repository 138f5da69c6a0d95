"""Decisions as they were made."""

from datetime import date, datetime
from typing import Any, TypedDict, cast
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.programme.versions import current_programme
from tenants.tiers.evaluate import Change


class DecisionOut(TypedDict):
    """A decision with its receipt: version, D, and each leaf's value."""

    id: UUID
    ladder: str
    effective_at: datetime
    recorded_at: datetime
    from_tier: str
    to_tier: str
    reason: str
    valid_until: date | None
    day: date
    programme_version: int
    facts: dict[str, Any]
    cause: str
    cause_id: UUID


COLUMNS = (
    "id, ladder, effective_at, recorded_at, from_tier, to_tier, reason, valid_until, day, programme_version, facts,"
    " cause, cause_id"
)


def decision_out(row: asyncpg.Record) -> DecisionOut:
    return cast("DecisionOut", dict(row))


async def decisions_of(member_id: UUID, limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """A member's decisions, the newest first, one more than `limit` where there are more."""
    return await connection().fetch(
        f"SELECT {COLUMNS} FROM decision WHERE tenant_id = $1 AND member_id = $2 AND ($3::uuid IS NULL OR id < $3)"
        " ORDER BY id DESC LIMIT $4",
        current().tenant_id,
        member_id,
        before,
        limit + 1,
    )


async def changes_of_purchase(member_id: UUID, seq: int, purchase_id: UUID) -> list[Change]:
    """Every ladder's tier before and after a recorded purchase, from the decisions alone."""
    rules = await current_programme()
    changes = []
    for ladder in rules.ladders:
        row = await connection().fetchrow(
            "SELECT id, from_tier, to_tier, reason, cause_id FROM decision"
            " WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3 AND (seq <= $4 OR cause_id = $5)"
            " ORDER BY id DESC LIMIT 1",
            current().tenant_id,
            member_id,
            ladder.code,
            seq,
            purchase_id,
        )
        if row is None:
            base = ladder.tiers[0].code
            changes.append(Change(ladder.code, base, base, None, None))
        elif row["cause_id"] == purchase_id:
            changes.append(Change(ladder.code, row["from_tier"], row["to_tier"], row["reason"], row["id"]))
        else:
            changes.append(Change(ladder.code, row["to_tier"], row["to_tier"], None, None))
    return changes
