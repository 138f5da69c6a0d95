"""Past all our code: what the application's own role may do in the attacker's scope, table by table."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.isolation.attacks.lists import marks
from saas.isolation.digest import columns
from saas.isolation.stage import Stage
from saas.principal import SYSTEM
from saas.scope import OpenScope, connection, tenant_scope

_ACTS: Final = {
    "read": "SELECT tenant_id FROM {table} WHERE tenant_id = $1 LIMIT 1",
    "change": "UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1 RETURNING tenant_id",
    "delete": "DELETE FROM {table} WHERE tenant_id = $1 RETURNING tenant_id",
    "insert": "INSERT INTO {table} (tenant_id) VALUES ($1) RETURNING tenant_id",
}
_GUARDED: Final = "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relrowsecurity"
"""Under row security. The few that aren't are found by something else than their chain: by the digest of a key, say."""
_TYPED_HERE: Final = frozenset({"import_error", "report_answer"})
"""Where what was asked for is kept: rows of the attacker's own files, the branch of a report that a job was told."""


async def by_statement(stage: Stage) -> None:
    """Reading finds nothing, changing and deleting touch nothing, an insert is refused: by row security, whatever a
    statement of ours might forget.
    """
    ours, theirs = stage.ours.chain.tenant_id, stage.theirs.chain.tenant_id
    async with tenant_scope(ours):
        guarded = {row["name"] for row in await connection().fetch(_GUARDED)}
    for table in await columns(ours):
        for act, sql in _ACTS.items():
            if act == "insert" and table not in guarded:
                continue
            answer = await _try(ours, theirs, sql.format(table=table))
            stage.record.tried("database", table, answer)
            if answer == "rows" or (act == "insert" and answer != "refused"):
                stage.record.leak("database", table, act, answer)
    await stage.hold("database", "all tables")


async def _try(ours: UUID, theirs: UUID, sql: str) -> str:
    """`rows`, `nothing` or `refused`; whatever it did is undone."""
    opened = OpenScope(ours, SYSTEM, None)
    await opened.begin()
    try:
        found = await connection().fetch(sql, theirs)
    except asyncpg.InsufficientPrivilegeError:
        return "refused"
    except asyncpg.IntegrityConstraintViolationError:  # it came past row security
        return "rows"
    else:
        return "rows" if found else "nothing"
    finally:
        await opened.roll_back()
        opened.leave()


async def what_is_left(stage: Stage) -> None:
    """After all attacks, in no column of the attacker's own tables is anything that is the other's alone."""
    ours, theirs = stage.ours.chain.tenant_id, marks(stage.theirs)
    for table, names in (await columns(ours)).items():
        async with tenant_scope(ours):
            found = await connection().fetchval(
                f"SELECT count(*) FROM {table} t WHERE t.tenant_id = $1 AND EXISTS ("
                f"SELECT FROM unnest($2::text[]) m WHERE strpos(row({', '.join(names)})::text, m) > 0)",
                ours,
                theirs,
            )
        stage.record.tried("leftovers", table, "searched", times=len(theirs))
        if found and table not in _TYPED_HERE:
            stage.record.leak("leftovers", table, "searched", f"{found} rows name what is the other chain's")
