"""The end of a proof: its day, its job's result, and what is told where something differs."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from prometheus_client import Counter

from saas.scope import connection, current
from tenants.events.emit import emit
from tenants.jobs.job import finish_job
from tenants.nightly import Night

log = logging.getLogger(__name__)

PROOFS: Final = Counter("regulars_proofs", "Proofs of a chain that came to their end", ["outcome"])
DIFFERENCES: Final = Counter("regulars_proof_differences", "Differences that proofs found, by kind", ["kind"])

_FINISH: Final = """
UPDATE proof AS p SET state = 'done', finished_at = $3, proved_on = $4 WHERE p.tenant_id = $1 AND p.id = $2"""
_KINDS: Final = """
SELECT kind, count(*) AS n FROM proof_difference WHERE tenant_id = $1 AND proof_id = $2 GROUP BY kind ORDER BY kind"""


async def finish(proof: asyncpg.Record, night: Night) -> None:
    """Ends a proof that is through. Where it found something there is one event `proof.differs`."""
    await connection().execute(_FINISH, current().tenant_id, proof["id"], night.now, night.today)
    rows = await connection().fetch(_KINDS, current().tenant_id, proof["id"])
    kinds = {row["kind"]: row["n"] for row in rows}
    counts = {name: proof[name] for name in ("members", "erased", "differences")}
    await finish_job(proof["id"], {**counts, "proved_on": night.today.isoformat()})
    if proof["differences"]:
        data = {"proof_id": str(proof["id"]), "differences": proof["differences"], "kinds": kinds}
        await emit("proof.differs", data, at=night.now)
        log.error("the proof %s found %d differences: %s", proof["id"], proof["differences"], kinds)
    current().after_commit.append(_counted(proof, kinds))


def _counted(proof: asyncpg.Record, kinds: Mapping[str, int]) -> Any:
    async def count() -> None:
        PROOFS.labels("differs" if proof["differences"] else "proved").inc()
        for kind, n in kinds.items():
            DIFFERENCES.labels(kind).inc(n)

    return count
