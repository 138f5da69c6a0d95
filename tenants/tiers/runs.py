"""What the last finished run over every member established, per ladder."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from saas.scope import connection, current

ID_SLACK: Final = timedelta(minutes=15)
"""How much older than its lock an id can be that wasn't made behind it: an import's, which waits a whole batch, and a
member's, made on another machine's clock. A fact of the API has its id from the database, behind the lock.
"""

UNDER_WAY: Final = """(
    EXISTS (SELECT FROM recalculation r
             WHERE r.tenant_id = $1 AND r.finished_at IS NULL AND r.cause = ANY ('{{{causes}}}'))
    AND NOT EXISTS (SELECT FROM outbox o JOIN recalculation r ON r.tenant_id = $1 AND r.finished_at IS NULL
                                                             AND r.id::text = o.payload ->> 'recalculation_id'
                     WHERE o.tenant_id = $1 AND o.dead_at IS NOT NULL))"""
"""SQL: whether a run of one of the `causes` is worth waiting for. One whose batch is a dead letter ends with it; where
even that failed, nobody waits for it.
"""
_DECIDING: Final = f"""
SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name = 'tiers' AND next_at <= $2)
    OR EXISTS (SELECT FROM outbox WHERE tenant_id = $1 AND dead_at IS NULL AND payload ->> 'schedule' = 'tiers')
    OR {UNDER_WAY.format(causes="schedule")}"""


@dataclass(frozen=True, slots=True)
class LadderRun:
    """`day` is T of the run; facts recorded (our clock) before `watermark` were all seen by it."""

    as_of: datetime
    day: date
    programme_version: int
    watermark: datetime


async def ladder_runs() -> dict[str, LadderRun]:
    """The last finished run over every member, by ladder code."""
    rows = await connection().fetch(
        "SELECT ladder, as_of, day, programme_version, watermark FROM ladder_run WHERE tenant_id = $1",
        current().tenant_id,
    )
    return {r["ladder"]: LadderRun(r["as_of"], r["day"], r["programme_version"], r["watermark"]) for r in rows}


async def last_runs() -> dict[str, date]:
    """T of those runs: a renewal `until_next_schedule` writes nothing, so this moves its validity on."""
    return {code: run.day for code, run in (await ladder_runs()).items()}


async def last_full_runs() -> dict[str, tuple[datetime, date]]:
    """The same with their instants."""
    return {code: (run.as_of, run.day) for code, run in (await ladder_runs()).items()}


async def still_deciding(now: datetime) -> bool:
    """Whether schedules of the ladders that are due at `now` have yet to decide, or are at it: who speaks of tiers at a
    midnight waits for them.
    """
    found: bool = await connection().fetchval(_DECIDING, current().tenant_id, now)
    return found
