"""What was decided last and what is running: each a few rows from the end of an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current

LAST_DECISIONS: Final = 8
LAST_WORK: Final = 6


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision and whom it is about. The member's identifiers are as stored: mask them before showing."""

    member_id: UUID
    name: str | None
    phone: str | None
    card_no: str | None
    external_id: str | None
    ladder: str
    reason: str
    cause: str
    from_tier: str
    to_tier: str
    from_rank: int
    to_rank: int
    effective_at: datetime
    programme_version: int


@dataclass(frozen=True, slots=True)
class Work:
    """An import or a recalculation. `progress` is 0…1; `counts` holds its numbers."""

    kind: str
    state: str
    progress: float
    created_at: datetime
    counts: dict[str, int]

    @property
    def running(self) -> bool:
        return self.state in {"queued", "running"}


async def last_decisions() -> list[DecisionLine]:
    """The latest decisions, the newest first."""
    rows = await connection().fetch(
        "SELECT d.member_id, m.name, m.phone, m.card_no, m.external_id, d.ladder, d.reason, d.cause, d.from_tier,"
        " d.to_tier, d.from_rank, d.to_rank, d.effective_at, d.programme_version"
        " FROM decision d JOIN member m ON m.tenant_id = d.tenant_id AND m.id = d.member_id"
        " WHERE d.tenant_id = $1 ORDER BY d.effective_at DESC, d.id DESC LIMIT $2",
        current().tenant_id,
        LAST_DECISIONS,
    )
    return [DecisionLine(**row) for row in rows]


async def last_work() -> list[Work]:
    """The latest imports and recalculations, the newest first; ids are in the order of time."""
    rows = await connection().fetch(
        "(SELECT j.id, 'import-' || i.kind AS kind, i.state, j.progress, i.created_at,"
        " jsonb_build_object('rows', i.rows, 'imported', i.imported, 'updated', i.updated,"
        " 'unchanged', i.unchanged, 'failed', i.failed) AS counts"
        " FROM import_run i JOIN job j ON j.tenant_id = i.tenant_id AND j.id = i.id"
        " WHERE i.tenant_id = $1 ORDER BY i.id DESC LIMIT $2)"
        " UNION ALL"
        " (SELECT j.id, 'recalculation', j.state, j.progress, j.created_at,"
        " jsonb_build_object('members', r.members, 'evaluated', r.evaluated, 'upgraded', r.upgraded,"
        " 'renewed', r.renewed, 'downgraded', r.downgraded)"
        " FROM recalculation r JOIN job j ON j.tenant_id = r.tenant_id AND j.id = r.id"
        " WHERE r.tenant_id = $1 ORDER BY r.id DESC LIMIT $2)"
        " ORDER BY id DESC LIMIT $2",
        current().tenant_id,
        LAST_WORK,
    )
    return [_work(row) for row in rows]


def _work(row: Any) -> Work:
    return Work(row["kind"], row["state"], float(row["progress"]), row["created_at"], row["counts"])
