"""Whether every chain was proved lately, and found as it should be."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from saas.closed import CLOSED
from saas.doctor.finding import Finding, doubtful, ok

_NAMED: Final = 5
# A proof's instants are on its chain's clock, a sign-up's on ours.
_LAST: Final = """
SELECT t.slug, p.differences, f.id IS NOT NULL AS failed,
       coalesce(clock_timestamp() + t.clock_offset - p.finished_at, clock_timestamp() - t.created_at)
         > interval '3 days' AS late
  FROM tenant t
  LEFT JOIN LATERAL (SELECT x.id, x.differences, x.finished_at FROM proof x
                      WHERE x.tenant_id = t.tenant_id AND x.state = 'done' ORDER BY x.id DESC LIMIT 1) p ON true
  LEFT JOIN LATERAL (SELECT x.id FROM proof x
                      WHERE x.tenant_id = t.tenant_id AND x.state = 'failed' AND (p.id IS NULL OR x.id > p.id)
                      ORDER BY x.id DESC LIMIT 1) f ON true
 WHERE t.status <> ALL ($1::text[]) ORDER BY t.slug"""


async def examine(connection: Any) -> list[Finding]:
    """Warnings; a chain that is closed isn't proved."""
    try:
        rows = await connection.fetch(_LAST, sorted(CLOSED))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return []  # said already: the schema is missing, or behind
    found = []
    if differ := [row["slug"] for row in rows if row["differences"]]:
        said = f"what is stored differs from the facts: {_named(differ)}"
        found.append(doubtful("proofs", said, "look: regulars verify --tenant SLUG; docs/proofs.md says what it means"))
    if failed := [row["slug"] for row in rows if row["failed"]]:
        said = f"the last proof failed: {_named(failed)}"
        found.append(doubtful("proofs", said, "look: regulars jobs dead --name proof.slice"))
    if late := [row["slug"] for row in rows if row["late"] and not row["failed"]]:
        said = f"not proved for 3 days: {_named(late)}"
        found.append(doubtful("proofs", said, "see that scheduler, relay and worker run, by night too"))
    return found or [ok("proofs", f"{len(rows)} chains, nothing differs")]


def _named(slugs: Sequence[str]) -> str:
    more = len(slugs) - _NAMED
    return ", ".join(slugs[:_NAMED]) + (f" and {more} more" if more > 0 else "")
