"""Fills a chain with made-up people, step by step: the members, their purchases, their tiers.

Each step looks at what is there and does what comes next, so it may run twice and end anywhere. Everything comes in
through the imports, as a chain's own history would; progress is theirs.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final
from uuid import UUID

from saas.db import dumps
from saas.errors import Language
from saas.principal import Principal
from saas.samples.people import sampled
from saas.scope import connection, tenant_scope
from tenants.imports.start import Caller, start_import
from tenants.programme.document import Programme
from tenants.tiers.recalculate import Request, start_recalculation

_BOUNDARY: Final = "sample"
_WORK: Final = """
SELECT r.kind, j.state, j.progress::float8 AS progress
  FROM import_run r JOIN job j ON j.tenant_id = r.tenant_id AND j.id = r.id
 WHERE r.tenant_id = $1
 UNION ALL
SELECT r.cause, j.state, j.progress::float8
  FROM recalculation r JOIN job j ON j.tenant_id = r.tenant_id AND j.id = r.id
 WHERE r.tenant_id = $1 AND r.cause = 'rebuild'"""
_STAGES: Final = (("members", 0.1), ("purchases", 0.25), ("rebuild", 0.7))
"""Each begins where the one before is through, at this share of the whole."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What to fill and by whom. `branches`: codes, one as often as it is to be chosen; nothing is later than the day
    before `day`. The same values give the same people.
    """

    tenant_id: UUID
    who: Principal
    seed: str
    programme: Programme
    categories: Sequence[str]
    branches: Sequence[str]
    day: date
    language: Language


async def bring(filling: Filling) -> float:
    """Starts what comes next; how far all is, 0…1. Raises RuntimeError where something failed."""
    async with tenant_scope(filling.tenant_id):
        work = {row["kind"]: row for row in await connection().fetch(_WORK, filling.tenant_id)}
    for (stage, begins), (_, ends) in pairwise((*_STAGES, ("", 1.0))):
        if stage not in work:
            await _start(filling, stage)
            return begins
        if work[stage]["state"] == "failed":
            raise RuntimeError(f"the {stage} of made-up people failed")
        if work[stage]["state"] != "done":
            return begins + (ends - begins) * min(float(work[stage]["progress"]), 0.99)
    return 1.0


async def _start(filling: Filling, stage: str) -> None:
    """An import; or, once all is in, every tier decided again on the day on which it would have been."""
    if stage == "rebuild":
        async with tenant_scope(filling.tenant_id, principal=filling.who):
            await start_recalculation(Request(cause="rebuild"))
        return
    files = sampled(
        filling.seed, filling.programme, filling.categories, filling.branches, filling.day, filling.language
    )
    bought = stage == "purchases"
    options = {"kind": stage, "minor_units": bought, "accrue": bought, "evaluate": False}
    caller = Caller(filling.tenant_id, filling.who, None, f"samples-{stage}")
    body = _multipart(dumps(options), files.purchases if bought else files.members)
    await start_import(caller, f"multipart/form-data; boundary={_BOUNDARY}", body)


async def _multipart(options: str, file: bytes) -> AsyncIterator[bytes]:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="options"\r\n\r\n{options}\r\n'
    named = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="samples.csv"\r\n'
    yield f"{head}{named}Content-Type: text/csv\r\n\r\n".encode() + file + f"\r\n--{_BOUNDARY}--\r\n".encode()
