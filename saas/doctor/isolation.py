"""Whether the database itself keeps the tenants apart."""

from collections.abc import Iterator
from typing import Any, Final

import asyncpg

from saas.doctor.finding import Finding, doubtful, ok, wrong

_TABLES: Final = """
SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.attnotnull)
         AS has_tenant,
       ARRAY(SELECT pg_get_expr(p.polqual, p.polrelid) || ' / ' || pg_get_expr(p.polwithcheck, p.polrelid)
               FROM pg_policy p WHERE p.polrelid = c.oid
                AND (p.polroles = '{0}' OR p.polroles @> ARRAY['app'::regrole::oid])) AS policies
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname <> 'migration' ORDER BY c.relname
"""
_POLICY: Final = "(tenant_id = (current_setting('app.tenant_id'::text))::uuid)"
_LOGIN: Final = """
SELECT session_user AS login, current_user AS role,
       (SELECT bool_or(r.rolsuper OR r.rolbypassrls) FROM pg_roles r
         WHERE r.rolname IN (session_user, current_user)) AS past_it,
       pg_has_role(session_user, 'migrator', 'SET') AS owner,
       (SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) IN (session_user, current_user)) AS owned
"""
_MEND: Final = "run: regulars migrate; if it stays, somebody changed the table by hand: restore what the migrations say"


async def tables(connection: Any) -> list[Finding]:
    """Row level security of every tenant table: enabled, forced, with the one policy that we wrote."""
    try:
        rows = await connection.fetch(_TABLES)
    except asyncpg.UndefinedObjectError:
        return []  # no role `app`: said already
    wrongs = [finding for row in rows for finding in _wrong_table(row)]
    return wrongs or [ok("isolation", f"row level security holds on {len(rows)} tables")]


def _wrong_table(row: Any) -> Iterator[Finding]:
    if not row["has_tenant"]:
        yield wrong("isolation", f"{row['name']} has no tenant_id", _MEND)
    elif not (row["enabled"] and row["forced"]):
        yield wrong("isolation", f"{row['name']} lacks ENABLE or FORCE ROW LEVEL SECURITY", _MEND)
    elif row["policies"] != [f"{_POLICY} / {_POLICY}"]:
        yield wrong("isolation", f"{row['name']} has other policies for app than the tenant's own", _MEND)


async def login(connection: Any, *, production: bool) -> list[Finding]:
    """Whether the application's log-in could get past row level security; and that it sees nothing outside a
    scope.
    """
    row = await connection.fetchrow(_LOGIN)
    about = "application's login"
    found: list[Finding] = []
    if row["past_it"]:
        said = f"{row['login']} is a superuser or has BYPASSRLS: one forgotten WHERE shows every tenant"
        found.append(wrong(about, said, "let DATABASE_URL name the login app of infra/roles.sql"))
    elif row["owned"]:
        said = f"{row['login']} owns tables, so it could switch their row level security off"
        found.append(wrong(about, said, "let migrator own them: REASSIGN OWNED BY … TO migrator"))
    elif row["owner"] and production:
        said = f"{row['login']} may become migrator"
        mend = "give the migrations a login of their own in MIGRATOR_DATABASE_URL, and revoke migrator from this one"
        found.append(doubtful(about, said, mend))
    else:
        found.append(ok(about, f"{row['login']} can't get past row level security"))
    try:
        await connection.fetchval("SELECT count(*) FROM member")
    except asyncpg.UndefinedTableError:
        return found
    except (asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError):
        return [*found, ok("outside a scope", "the database refuses to read")]
    return [*found, wrong("outside a scope", "the application can read members of every tenant", _MEND)]
