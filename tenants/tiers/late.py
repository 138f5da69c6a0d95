"""Late facts: what belongs before a schedule that has fired repeats its decision, upward only.

The decision is made as of the schedule's instant, from the standing just before it, and written only where it gives
more than what the member holds now.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.ids import first_id_since
from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import Cause, Moment, moment_of
from tenants.programme.schedule import latest_schedule_day, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import local_day, local_day_before
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.runs import ID_SLACK

Fired = dict[datetime, tuple[int, ...]]
"""Instants of schedules, and the ladders (their indexes) whose last one each is."""

_IMPORTED_SINCE: Final = (
    "SELECT min(started_at) FROM import_run WHERE tenant_id = $1 AND recalculation_id = $2"
    " AND kind IN ('purchases', 'activities')"
)
_RETARGETED: Final = (
    "SELECT retarget FROM recalculation WHERE tenant_id = $1 AND cause = 'schedule' AND programme_version = $2"
    " AND as_of = $3"
)
_LATE_AMONG: Final = """
SELECT x.id FROM unnest($2::uuid[]) x (id)
 WHERE EXISTS (SELECT FROM purchase f WHERE f.tenant_id = $1 AND f.member_id = x.id AND f.id >= $3
                                        AND f.local_day <= $4 AND f.source = 'import')
    OR EXISTS (SELECT FROM activity f WHERE f.tenant_id = $1 AND f.member_id = x.id AND f.id >= $3
                                        AND f.local_day <= $4 AND f.source = 'import')"""


def still_open(rules: Programme, recorded_at: datetime, zone: ZoneInfo) -> Fired:
    """The schedules that a fact recorded now may still repeat: not longer ago than `late_days`."""
    today = local_day(recorded_at, zone)
    fired: Fired = {}
    for j, ladder in enumerate(rules.ladders):
        day = latest_schedule_day(ladder.policy.schedule, today)
        if today <= day + timedelta(days=ladder.policy.late_days):
            instant = schedule_instant(day, zone)
            fired[instant] = (*fired.get(instant, ()), j)
    return fired


def is_late(rules: Programme, recorded_at: datetime, zone: ZoneInfo, day: date) -> bool:
    """Whether a fact of local day `day` that is recorded now repeats a schedule's decision (`repeat_for_fact`)."""
    if day >= local_day(recorded_at, zone):
        return False
    return any(day <= local_day_before(instant, zone) for instant in still_open(rules, recorded_at, zone))


async def repeat_for_fact(
    member_id: UUID, rules: Programme, recorded_at: datetime, zone: ZoneInfo, cause: Cause, cause_id: UUID, day: date
) -> list[asyncpg.Record]:
    """Decides again what a fact of local day `day` came too late for. The caller holds the member's lock.

    Rows as of `Way.REPEAT`, in the order in which they were decided.
    """
    if day >= local_day(recorded_at, zone):
        return []
    found: list[asyncpg.Record] = []
    for instant, ladders in sorted(still_open(rules, recorded_at, zone).items()):
        if day <= local_day_before(instant, zone):
            moment = _moment(instant, zone, recorded_at, cause, cause_id)
            moved = await _retargeted(rules, ladders, instant)
            statement = statement_for(current().tenant_id, rules, ladders, Ids.ONE, Way.REPEAT, retarget=moved)
            found += await connection().fetch(
                statement.sql, *statement.arguments(current().tenant_id, (member_id,), moment)
            )
    return found


async def repeat_for_imports(run: asyncpg.Record, locked: Sequence[UUID], recorded_at: datetime) -> int:
    """The same for what the imports of a recalculation brought to the locked members; returns how many decisions."""
    if run["cause"] != "import":
        return 0
    since = await connection().fetchval(_IMPORTED_SINCE, current().tenant_id, run["id"])
    if since is None:
        return 0
    rules, zone = await programme(run["programme_version"]), ZoneInfo(run["timezone"])
    decided = 0
    for instant, ladders in sorted(still_open(rules, recorded_at, zone).items()):
        rows = await connection().fetch(
            _LATE_AMONG,
            current().tenant_id,
            locked,
            first_id_since(since - ID_SLACK),
            local_day_before(instant, zone),
        )
        if rows:
            moment = _moment(instant, zone, recorded_at, "recalculation", run["id"])
            moved = await _retargeted(rules, ladders, instant)
            statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, Way.REPEAT, retarget=moved)
            ids: tuple[Any, ...] = ([row["id"] for row in rows],)
            decided += len(
                await connection().fetch(statement.sql, *statement.arguments(current().tenant_id, ids, moment))
            )
    return decided


async def _retargeted(rules: Programme, ladders: tuple[int, ...], instant: datetime) -> tuple[int, ...]:
    """On which of the ladders the firing of that instant gave members the tier of these rules."""
    if rules.published.transition != "next_schedule":
        return ()
    codes = await connection().fetchval(_RETARGETED, current().tenant_id, rules.version, instant)
    return tuple(j for j in ladders if rules.ladders[j].code in (codes or ()))


def _moment(instant: datetime, zone: ZoneInfo, recorded_at: datetime, cause: Cause, cause_id: UUID) -> Moment:
    return moment_of(instant, zone, firing=True, recorded_at=recorded_at, cause=cause, cause_id=cause_id)
