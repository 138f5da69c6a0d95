"""One batch of a rebuild: all of some members' history in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from tenants.tiers.rebuild.facts import gather
from tenants.tiers.rebuild.rules import beginnings, rules_ever
from tenants.tiers.rebuild.walk import Walk

BATCH: Final = 2_000
"""Each day of history is a few statements, however many members: more at once are cheaper, and locked for longer."""


async def rebuild(run: asyncpg.Record, locked: Sequence[UUID], recorded_at: datetime) -> tuple[int, int, int, int]:
    """Makes the decisions of the locked members anew, up to now: evaluated, upgraded, renewed, downgraded.

    Now is `recorded_at`, the instant behind the locks: what was sold since the run was asked for counts too.
    """
    now = max(run["as_of"], recorded_at)
    rules = await rules_ever()
    steps = await gather(locked, now, run["timezone"], rules.publishes)
    walk = Walk(
        run["id"],
        now,
        recorded_at,
        ZoneInfo(run["timezone"]),
        rules,
        await beginnings(locked),
    )
    await walk.go(steps)
    return len(locked), walk.counts.upgraded, walk.counts.renewed, walk.counts.downgraded
