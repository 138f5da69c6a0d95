"""The row of an import, and the job row that goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, Self
from uuid import UUID

from saas.db import dumps
from saas.file_store import file_store
from saas.scope import connection, current
from tenants.events.emit import emit
from tenants.imports.context import Counts, Run
from tenants.imports.errors import RowError
from tenants.imports.layout import Layout, LayoutError
from tenants.imports.options import ImportOptions
from tenants.imports.reading import Place
from tenants.jobs.job import finish_job, progress_job

MAX_ERRORS: Final = 100_000
"""So many errors of an import are kept; all bad rows are counted."""

_TAKE: Final = (
    "SELECT options, file, file_size, actor, branch_ids, state, batch, cursor, errors_kept FROM import_run"
    " WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
)
_BEGIN: Final = (
    "UPDATE import_run SET state = 'running', started_at = coalesce(started_at, clock_timestamp())"
    " WHERE tenant_id = $1 AND id = $2"
)
_ADVANCE: Final = (
    "UPDATE import_run AS r SET batch = r.batch + 1, cursor = $3, rows = r.rows + $4, imported = r.imported + $5,"
    " updated = r.updated + $6, unchanged = r.unchanged + $7, failed = r.failed + $8,"
    " errors_kept = r.errors_kept + $9, points = r.points + $10 WHERE tenant_id = $1 AND id = $2"
    " RETURNING rows, imported, updated, unchanged, failed, points"
)
_END: Final = (
    "UPDATE import_run SET state = $3, error = $4, finished_at = clock_timestamp()"
    " WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'running')"
    " RETURNING rows, imported, updated, unchanged, failed, points"
)
_ERRORS: Final = (
    'INSERT INTO import_error AS e (tenant_id, import_id, line, "column", code, params, value)'
    ' SELECT $1, $2, n.line, n."column", n.code, n.params::jsonb, n.value'
    " FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])"
    ' AS n (line, "column", code, params, value) ON CONFLICT DO NOTHING'
)
_FAIL_JOB: Final = (
    "UPDATE job SET state = 'failed', error = $3, updated_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2"
)
_ASKED: Final = frozenset(ImportOptions.model_fields)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How the file is read and where the next batch begins. `first` is where the rows begin: a file in which refunds
    were `seen` is read again for them `now` that its purchases are in, and any once more for its points, where these
    are to be `accrued`.
    """

    layout: Layout
    place: Place
    first: Place
    refunds: Literal["unseen", "seen", "now", "accrued"] = "unseen"

    def to_json(self) -> dict[str, Any]:
        return {
            "layout": self.layout.to_json(),
            "offset": self.place.offset,
            "line": self.place.line,
            "first": [self.first.offset, self.first.line],
            "refunds": self.refunds,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        place = Place(data["offset"], data["line"])
        return cls(Layout.from_json(data["layout"]), place, Place(*data["first"]), data["refunds"])

    def following(self, end: Place | None, *, refunds: bool) -> Self | None:
        """Behind a batch that ended at `end` (None: with the file) and had `refunds`; None: there is no more."""
        seen = "seen" if refunds and self.refunds == "unseen" else self.refunds
        if end is not None:
            return replace(self, place=end, refunds=seen)
        return replace(self, place=self.first, refunds="now") if seen == "seen" else None

    def accruing(self) -> Self:
        """For the points; the first time from the first row on."""
        return self if self.refunds == "accrued" else replace(self, place=self.first, refunds="accrued")

    def at_end(self, file_size: int) -> Self:
        return replace(self, place=Place(file_size, self.place.line))

    def progress(self, file_size: int) -> float:
        """0…1, and 1…2 of the points. The second reading is the shorter part of the work."""
        share = min(self.place.offset / file_size, 1.0) if file_size else 1.0
        return {"unseen": share, "seen": _FIRST_READING * share, "accrued": 1 + share}.get(
            self.refunds, _FIRST_READING + (1 - _FIRST_READING) * share
        )


_FIRST_READING: Final = 0.9


@dataclass(frozen=True, slots=True)
class Taken:
    """An import whose next batch is ours until the transaction ends."""

    run: Run
    file: str
    file_size: int
    filename: str
    media_type: str
    cursor: Cursor | None
    errors_kept: int


async def take(tenant_id: UUID, import_id: UUID, batch: int) -> Taken | None:
    """Locks the import. None: this batch is done, or the import is over."""
    row = await connection().fetchrow(_TAKE, tenant_id, import_id)
    if row is None or row["state"] not in {"queued", "running"} or row["batch"] != batch:
        return None
    asked: dict[str, Any] = row["options"]
    options = ImportOptions.model_validate({key: value for key, value in asked.items() if key in _ASKED})
    return Taken(
        Run(tenant_id, import_id, options, row["actor"], row["branch_ids"]),
        row["file"],
        row["file_size"],
        asked["filename"],
        asked["media_type"],
        None if row["cursor"] is None else Cursor.from_json(row["cursor"]),
        row["errors_kept"],
    )


async def begin(run: Run) -> None:
    await connection().execute(_BEGIN, run.tenant_id, run.id)
    await progress_job(run.id, 0.0, {})


async def advance(
    taken: Taken,
    cursor: Cursor,
    rows: int,
    counts: Counts,
    failed: int = 0,
    errors: Sequence[RowError] = (),
    points: int = 0,
) -> None:
    """Keeps what a batch did, with as many of its errors as may still be kept."""
    kept = errors[: MAX_ERRORS - taken.errors_kept]
    run = taken.run
    await _keep_errors(run, kept)
    so_far = await connection().fetchrow(
        _ADVANCE,
        run.tenant_id,
        run.id,
        cursor.to_json(),
        rows,
        counts.imported,
        counts.updated,
        counts.unchanged,
        failed,
        len(kept),
        points,
    )
    parts = 2 if run.accrues else 1
    await progress_job(run.id, cursor.progress(taken.file_size) / parts, dict(so_far or {}))


async def _keep_errors(run: Run, errors: Sequence[RowError]) -> None:
    if errors:
        await connection().execute(
            _ERRORS,
            run.tenant_id,
            run.id,
            [e.line for e in errors],
            [e.column for e in errors],
            [e.code for e in errors],
            [dumps(dict(e.params)) for e in errors],
            [e.value for e in errors],
        )


def remove_file(taken: Taken) -> None:
    """Once the end is durable; a file of people's data isn't kept longer than it is needed."""
    scope = current()
    scope.after_commit.append(partial(file_store().delete, scope.tenant_id, taken.file))


async def finish(run: Run, recalculation_id: UUID | None) -> None:
    totals = await connection().fetchrow(_END, run.tenant_id, run.id, "done", None)
    result = {**dict(totals or {}), "recalculation_id": str(recalculation_id) if recalculation_id else None}
    await finish_job(run.id, result)
    await emit("import.finished", {"id": str(run.id), "kind": run.options.kind, "state": "done", **result})


async def refuse(run: Run, error: LayoutError) -> None:
    """The file can't be imported: nothing was written."""
    errors = [{"column": e.column, "code": e.code, "params": e.params} for e in error.errors]
    await fail(run, {"code": "import-invalid", "errors": errors})


async def fail(run: Run, error: dict[str, Any]) -> None:
    ended = await connection().fetchrow(_END, run.tenant_id, run.id, "failed", error)
    if ended is not None:
        told = {"id": str(run.id), "kind": run.options.kind, "state": "failed", **dict(ended)}
        await emit("import.finished", {**told, "recalculation_id": None})
    await connection().execute(_FAIL_JOB, run.tenant_id, run.id, error)
