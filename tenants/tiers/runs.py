"""What the last finished run over every member established, per ladder."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from saas.scope import connection, current

ID_SLACK: Final = timedelta(minutes=15)
"""How much older than its lock an id can be that wasn't made behind it: an import's, which waits a whole batch, and a
member's, made on another machine's clock. A fact of the API has its id from the database, behind the lock.
"""


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
