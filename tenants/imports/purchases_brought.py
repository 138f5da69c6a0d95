"""Who was brought by whom, counted once all purchases of a file are in: an earlier one may come in any batch.

Counting takes the referrers' locks, for which no batch may wait that holds its own members'. So it is a chain of jobs
behind the batches, and the import is through when that is: the tiers decided then know every count.
"""

from typing import Any, Final
from uuid import UUID

from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.imports import runs
from tenants.imports.accrue import begin_accrual
from tenants.imports.context import Run
from tenants.imports.evaluate import evaluate_imports
from tenants.referrals.jobs import settle

JOB: Final = "import.brought"
CHUNK: Final = 500
"""Brought members a job; it locks their referrers."""

_ANY: Final = "SELECT EXISTS (SELECT FROM member WHERE tenant_id = $1 AND referrer_id IS NOT NULL)"
# A first purchase is the same however the rows came: whoever is counted for another day than it is looked at. What
# has come from tills alone is left to the jobs of these sales, which decide as well.
_MISCOUNTED: Final = """
SELECT m.id FROM member m LEFT JOIN referral k ON k.tenant_id = $1 AND k.member_id = m.id
 WHERE m.tenant_id = $1 AND m.referrer_id IS NOT NULL AND m.status <> 'merged' AND k.counted_on IS DISTINCT FROM
       (SELECT min(d.day) FROM member_day d WHERE d.tenant_id = $1 AND d.member_id = m.id AND d.purchases > 0)
   AND (EXISTS (SELECT FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = m.id AND p.source = 'import')
     OR EXISTS (SELECT FROM refund r WHERE r.tenant_id = $1 AND r.member_id = m.id AND r.source = 'import'))
   AND m.id > $2 ORDER BY m.id LIMIT $3"""


async def end_import(run: Run, batch: int) -> None:
    """To be called when all rows are in; `batch` is the number behind the last. The import ends here, or once all
    counts are right.
    """
    if run.options.kind == "purchases" and not run.options.dry_run and await _brings_anybody():
        await _count_next(run, batch, UUID(int=0))
    else:
        await _end(run, batch)


async def count_stopped(run: Run, batch: int) -> None:
    """Counts for an import that stopped half-way; the next one decides."""
    if run.options.kind == "purchases" and await _brings_anybody():
        await _count_next(run, batch, UUID(int=0))


async def _brings_anybody() -> bool:
    found: bool = await connection().fetchval(_ANY, current().tenant_id)
    return found


async def _count_next(run: Run, batch: int, after: UUID) -> None:
    await enqueue(JOB, {"import_id": str(run.id), "batch": batch, "after": str(after)}, direct=True)


async def _stopped(payload: dict[str, Any], _error: str) -> None:
    """The rows are in, but not all counts are right. The same file again tries again."""
    taken = await runs.take(current().tenant_id, UUID(payload["import_id"]), payload["batch"])
    if taken is not None:
        await runs.fail(taken.run, {"code": "import-stopped", "errors": []})
        runs.remove_file(taken)


@job(JOB, on_dead=_stopped)
async def count_brought(payload: dict[str, Any]) -> None:
    """`{"import_id", "batch", "after"}`: counts the next members behind `after`; at the end the import is through,
    unless it has stopped before.
    """
    tenant_id, import_id = current().tenant_id, UUID(payload["import_id"])
    taken = await runs.take(tenant_id, import_id, payload["batch"])
    rows = await connection().fetch(_MISCOUNTED, tenant_id, UUID(payload["after"]), CHUNK)
    await settle([row["id"] for row in rows])
    if len(rows) == CHUNK:
        await enqueue(JOB, {**payload, "after": str(rows[-1]["id"])}, direct=True)
    elif taken is not None:
        await _end(taken.run, payload["batch"])


async def _end(run: Run, batch: int) -> None:
    decides = run.options.evaluate and not run.options.dry_run
    recalculation_id = await evaluate_imports(run) if decides else None
    if run.accrues:
        await begin_accrual(run, batch, recalculation_id)
    else:
        await runs.finish(run, recalculation_id)
