"""One hash of every row of a chain, table by table, as the installation's own roles see them together."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from saas.db import Role, role_pool
from saas.scope import connection, snapshot_scope

Digest = dict[str, str]
"""By table and role."""

_ROLES: Final[tuple[Role, ...]] = ("gate", "relay", "operator")
_USED: Final = ("used_at", "seen_at")
"""When a key or a session was used last: whoever uses a chain's own, as some attacks do, changes that."""
_COLUMNS: Final = """
SELECT c.oid::regclass::text AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relnamespace IN ('public'::regnamespace, 'platform'::regnamespace)
   AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id'
                  AND has_column_privilege(c.oid, t.attnum, 'SELECT'))
   AND has_column_privilege(c.oid, a.attnum, 'SELECT')
   AND a.attname <> ALL ($1) GROUP BY c.oid ORDER BY 1"""
_statements: dict[str, tuple[list[str], str]] = {}


def _statement(tables: Sequence[tuple[str, Sequence[str]]]) -> str:
    """An array of hashes, in the tables' order."""
    of_each = (
        f"(SELECT md5(coalesce(string_agg(md5(row({', '.join(columns)})::text), ''"
        f" ORDER BY md5(row({', '.join(columns)})::text)), '')) FROM {name} t WHERE t.tenant_id = $1)"
        for name, columns in tables
    )
    return f"SELECT ARRAY[{', '.join(of_each)}]"


async def columns(tenant_id: UUID) -> dict[str, list[str]]:
    """The chains' tables, with the columns that `app` may read."""
    async with snapshot_scope(tenant_id):
        rows = await connection().fetch(_COLUMNS, list(_USED))
    return {row["name"]: list(row["columns"]) for row in rows}


async def digest(tenant_id: UUID) -> Digest:
    """What `app` sees in the chain's scope, and what the narrow roles see beyond."""
    told: Digest = {}
    async with snapshot_scope(tenant_id):
        if "app" not in _statements:
            rows = await connection().fetch(_COLUMNS, list(_USED))
            _keep("app", [(row["name"], row["columns"]) for row in rows])
        names, sql = _statements["app"]
        told |= zip(names, await connection().fetchval(sql, tenant_id), strict=True)
    for role in _ROLES:
        pool = await role_pool(role)
        if role not in _statements:
            rows = await pool.fetch(_COLUMNS, list(_USED))
            _keep(role, [(row["name"], row["columns"]) for row in rows if row["name"] not in _statements["app"][0]])
        names, sql = _statements[role]
        if names:
            told |= zip((f"{name} ({role})" for name in names), await pool.fetchval(sql, tenant_id), strict=True)
    return told


def _keep(role: str, tables: list[tuple[str, list[str]]]) -> None:
    _statements[role] = ([name for name, _ in tables], _statement(tables))


def changed(before: Digest, after: Digest) -> list[str]:
    """The tables that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
