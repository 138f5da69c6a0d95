"""The database rules, read from the catalogue: each check returns its faults, nothing where the rule holds."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

Check = Callable[[asyncpg.Connection], Awaitable[list[str]]]

POLICY = "(tenant_id = (current_setting('app.tenant_id'::text))::uuid)"

WITHOUT_TENANT = {
    "public.migration": "Piccolo's own list of migrations that have run",
    "platform.stripe_backfill": "how far a list that belongs to no tenant was read",
    "platform.account": "a person may be staff in several tenants; the e-mail address is unique across them",
    "platform.password_reset": "a person's own, whatever tenants it works for; the gate alone reads it",
    "platform.second_factor": "a person's own, whatever tenants it works for; the gate alone reads it",
    "platform.recovery_code": "as second_factor",
    "platform.operator": "one of the platform's own people, for every tenant",
    "platform.operator_session": "as operator",
    "platform.operator_act": "what they did; the tenant it was about may be gone",
    "platform.stripe_event_other": "events of Stripe's that are about no tenant",
    "platform.isolation_proof": "the installation's proofs by attack, in chains that are gone afterwards",
}
PLATFORM_WITH_TENANT = {
    "platform.slug": "unique across tenants; app may only insert",
    "platform.session": "found by its token before the tenant is known; gate alone reads it",
    "platform.erased_tenant": "what is left of a tenant that is gone; the operator alone reads it",
    "platform.signup_key": "claimed before there is a tenant; found by the SHA-256 of a key that only its caller has",
}
"""Tables that name a tenant and are found by something else: no row security, and narrow grants instead."""

GLOBAL_KEYS = {
    "platform.account_tenant": "the gate looks up by account which tenants it may enter",
    "platform.api_key": "the gate looks up by key id which tenant it belongs to",
    "platform.stripe_customer": "the gate looks up by Stripe's customer which tenant a webhook is about",
    "platform.join_code": "the gate looks up by a poster's code which tenant's sign-up page it opens",
}
"""Tables under row security whose key is global, because the tenant follows from it."""

OTHER_POLICIES = {
    ("platform.account_tenant", "gate", "gate", "r"),
    ("platform.api_key", "gate", "gate", "r"),
    ("platform.api_key", "gate_use", "gate", "w"),
    ("platform.stripe_customer", "gate", "gate", "r"),
    ("platform.join_code", "gate", "gate", "r"),
    ("public.decision", "rebuilder", "rebuilder", "*"),
    ("public.outbox", "relay", "relay", "*"),
    ("public.schedule", "relay", "relay", "*"),
    ("public.tenant", "relay", "relay", "r"),
    ("public.tenant", "clock", "relay", "w"),
    ("public.event_new", "relay", "relay", "*"),
    ("public.event_counter", "relay", "relay", "*"),
    ("public.event", "relay", "relay", "*"),
    ("public.event", "operator", "operator", "*"),
    ("public.tenant", "operator", "operator", "r"),
    ("public.outbox", "operator", "operator", "*"),
    ("public.proof", "operator", "operator", "r"),
    ("public.subscription", "operator", "operator", "r"),
    ("public.invoice", "operator", "operator", "r"),
    ("public.billing_profile", "operator", "operator", "r"),
    ("public.usage_report", "operator", "operator", "r"),
    ("public.stripe_event", "operator", "operator", "*"),
    ("public.idempotency", "operator", "operator", "*"),
    ("public.webhook_endpoint", "relay", "relay", "r"),
    ("public.clock_move", "relay", "relay", "r"),
    ("public.webhook_delivery", "relay", "relay", "*"),
    ("public.webhook_delivery", "operator", "operator", "*"),
    ("public.webhook_endpoint", "operator", "operator", "r"),
    ("public.event_new", "operator", "operator", "r"),
}
"""(table, policy, role, command) of the narrow roles that look across tenants."""

_TABLES = """
SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity,
       pg_get_userbyid(c.relowner) AS owner,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS has_tenant
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('public', 'platform') AND c.relkind IN ('r', 'p') ORDER BY 2
"""


async def tables(conn: asyncpg.Connection) -> list[asyncpg.Record]:
    return list(await conn.fetch(_TABLES))


async def tenant_tables(conn: asyncpg.Connection) -> list[str]:
    """Every table under row security, by its full name."""
    return [t["name"] for t in await tables(conn) if t["has_tenant"] and t["name"] not in PLATFORM_WITH_TENANT]


async def every_table_names_its_tenant(conn: asyncpg.Connection) -> list[str]:
    bare = [t["name"] for t in await tables(conn) if not t["has_tenant"] and t["name"] not in WITHOUT_TENANT]
    nullable = await conn.fetch(
        "SELECT a.attrelid::regclass::text AS name, format_type(a.atttypid, -1) AS type, a.attnotnull"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace IN"
        " ('public'::regnamespace, 'platform'::regnamespace)"
    )
    return [f"{name}: no tenant_id" for name in bare] + [
        f"{row['name']}: tenant_id is {row['type']}, not null {row['attnotnull']}"
        for row in nullable
        if row["type"] != "uuid" or not row["attnotnull"]
    ]


async def row_security_is_on_and_forced(conn: asyncpg.Connection) -> list[str]:
    secured = set(await tenant_tables(conn))
    return [
        f"{t['name']}: row security {t['relrowsecurity']}, forced {t['relforcerowsecurity']}"
        for t in await tables(conn)
        if t["name"] in secured and not (t["relrowsecurity"] and t["relforcerowsecurity"])
    ]


async def one_simple_policy_for_app(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, p.polname, p.polcmd::text AS cmd, p.polpermissive,"
        " ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r) AS roles,"
        " pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS check"
        " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    )
    faults, simple, erased = [], set(), set()
    for row in rows:
        if set(row["roles"]) & {"app", "public"}:
            same = row["qual"] == row["check"] == POLICY
            if row["roles"] == ["app"] and row["cmd"] == "*" and row["polpermissive"] and same:
                simple.add(row["name"])
            else:
                faults.append(f"{row['name']}: policy {row['polname']} is not the simple equality for app")
        elif row["roles"] == ["eraser"] and row["qual"] == POLICY:
            erased.add(row["name"])
        elif any((row["name"], row["polname"], role, row["cmd"]) not in OTHER_POLICIES for role in row["roles"]):
            faults.append(f"{row['name']}: policy {row['polname']} is not listed")
    return faults + [
        f"{name}: no policy for {role}"
        for role, having in (("app", simple), ("eraser", erased))
        for name in await tenant_tables(conn)
        if name not in having
    ]


async def keys_begin_with_the_tenant(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, i.indexrelid::regclass::text AS index,"
        " (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]) AS first,"
        " i.indisprimary FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisunique AND n.nspname IN ('public', 'platform')"
    )
    secured = set(await tenant_tables(conn)) - set(GLOBAL_KEYS)
    primary = {row["name"] for row in rows if row["indisprimary"]}
    wrong = [r for r in rows if r["name"] in secured and r["first"] != "tenant_id"]
    return [f"{r['name']}: {r['index']} begins with {r['first']}" for r in wrong] + [
        f"{name}: no primary key" for name in sorted(secured - primary)
    ]


# A partial index serves too where it leaves out only the rows that point nowhere: `=` is never true for those.
FOREIGN_KEYS = """
SELECT n.nspname || '.' || c.relname AS name, k.conname, k.confupdtype::text AS on_update, k.confdeltype::text
       AS on_delete, k.conrelid, k.conkey, k.confrelid::regclass::text AS points_at,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, at)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.at) AS columns,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, at)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.at) AS target,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
                  AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
                       SELECT format('(%s IS NOT NULL)', a.attname) FROM pg_attribute a
                        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)))
                  AND (SELECT array_agg(x ORDER BY x) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x)
                    = (SELECT array_agg(x ORDER BY x) FROM unnest(k.conkey) x)) AS covered
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND n.nspname IN ('public', 'platform')
"""


async def foreign_keys_stay_in_the_tenant_and_have_an_index(conn: asyncpg.Connection) -> list[str]:
    secured, faults = set(await tenant_tables(conn)) - set(GLOBAL_KEYS), []
    for row in await conn.fetch(FOREIGN_KEYS):
        told = f"{row['name']}: {row['conname']}"
        if row["name"] in secured and (row["columns"][0], row["target"][0]) != ("tenant_id", "tenant_id"):
            faults.append(f"{told} does not begin with tenant_id on both sides")
        if row["name"] in secured and row["columns"][1:] == []:
            faults.append(f"{told} points at the tenant's row")
        if not row["covered"]:
            faults.append(f"{told} has no covering index")
        if "n" in (row["on_update"], row["on_delete"]) or "d" in (row["on_update"], row["on_delete"]):
            faults.append(f"{told} sets null or a default")
    return faults


async def no_triggers_rules_views_or_definers(conn: asyncpg.Connection) -> list[str]:
    """Views and SECURITY DEFINER functions run as their owner, past row security. A function that reads nothing (of its
    arguments a value, always the same one) does no harm.
    """
    rows = await conn.fetch(
        "SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass AS told FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT 'rule ' || rulename || ' on ' || tablename FROM pg_rules"
        " WHERE schemaname IN ('public', 'platform')"
        " UNION ALL SELECT 'view ' || relname FROM pg_class WHERE relkind IN ('v', 'm', 'f')"
        " AND relnamespace IN ('public'::regnamespace, 'platform'::regnamespace)"
        " UNION ALL SELECT 'function ' || proname FROM pg_proc"
        " WHERE pronamespace IN ('public'::regnamespace, 'platform'::regnamespace)"
        " AND (prosecdef OR provolatile <> 'i' OR prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql'))"
    )
    return [row["told"] for row in rows]


async def no_sequences_in_tenant_data(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, a.attname,"
        " a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE '%nextval(%' AS counted"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'platform') AND a.attnum > 0"
    )
    loose = await conn.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'S'"
        " AND c.relnamespace IN ('public'::regnamespace, 'platform'::regnamespace)"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i'))"
    )
    counted = [f"{row['name']}.{row['attname']} is counted" for row in rows if row["counted"]]
    return [fault for fault in counted if not fault.startswith("public.migration.")] + [
        f"sequence {row['name']}" for row in loose
    ]


async def migrator_owns_everything(conn: asyncpg.Connection) -> list[str]:
    return [f"{t['name']}: owned by {t['owner']}" for t in await tables(conn) if t["owner"] != "migrator"]


async def nothing_is_granted_to_everybody(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch(
        "SELECT c.oid::regclass::text AS name, x.privilege_type, x.grantee = 0 AS everybody, x.is_grantable"
        " FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE (x.grantee = 0 OR x.is_grantable)"
        " AND x.grantee <> c.relowner"
        " AND c.relnamespace IN ('public'::regnamespace, 'platform'::regnamespace)"
    )
    return [f"{r['name']}: {r['privilege_type']} for everybody, or to be passed on" for r in rows]


CHECKS: tuple[Check, ...] = (
    every_table_names_its_tenant,
    row_security_is_on_and_forced,
    one_simple_policy_for_app,
    keys_begin_with_the_tenant,
    foreign_keys_stay_in_the_tenant_and_have_an_index,
    no_triggers_rules_views_or_definers,
    no_sequences_in_tenant_data,
    migrator_owns_everything,
    nothing_is_granted_to_everybody,
)


async def granted(conn: asyncpg.Connection, role: str) -> dict[str, set[str]]:
    """What a role may do, by table: `SELECT`, or `UPDATE(a, b)` where only columns are granted."""
    found: dict[str, set[str]] = {}
    for row in await conn.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, x.privilege_type FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) x"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND x.grantee = $1::regrole",
        role,
    ):
        found.setdefault(row["name"], set()).add(row["privilege_type"])
    by_column: dict[tuple[str, str], list[str]] = {}
    rows: list[Any] = await conn.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, a.attname, x.privilege_type FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
        " CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE x.grantee = $1::regrole ORDER BY a.attnum",
        role,
    )
    for row in rows:
        by_column.setdefault((row["name"], row["privilege_type"]), []).append(row["attname"])
    for (name, privilege), columns in by_column.items():
        found.setdefault(name, set()).add(f"{privilege}({', '.join(columns)})")
    return found
