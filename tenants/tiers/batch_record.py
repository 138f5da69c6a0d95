"""What each batch of a run was about: which members, when, and what it knew. A replay evaluates them at this place
among their facts; a batch that decided nothing about a member leaves no other trace of having looked.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from saas.scope import connection, current

_WRITE: Final = """
INSERT INTO recalculation_batch AS b (tenant_id, recalculation_id, as_of, programme_version, after_member, last_member,
                                      named, members, last_runs, evaluated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""


async def record_batch(
    run_id: UUID | None,
    as_of: datetime,
    programme_version: int,
    locked: Sequence[UUID],
    evaluated_at: datetime,
    last_runs: Mapping[str, date],
    *,
    after: UUID | None = None,
    everyone: bool = False,
) -> None:
    """Writes down a batch about the `locked` members (in id order, at least one), with its decisions.

    `run_id` None: the rechecks of the midnight `as_of`. `everyone`: these are all active members behind `after` up to
    the last of them, else they are named one by one. `evaluated_at`: the tenant's clock behind the locks.
    """
    await connection().execute(
        _WRITE,
        current().tenant_id,
        run_id,
        as_of,
        programme_version,
        after,
        locked[-1],
        None if everyone else list(locked),
        len(locked),
        {ladder: day.isoformat() for ladder, day in last_runs.items()},
        evaluated_at,
    )
