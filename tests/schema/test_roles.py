"""What each role is and may: exactly these lists, so that a new grant is a decision."""

import os

import asyncpg
import pytest
from support import catalogue
from support.clock import owner

ALL = {"SELECT", "INSERT", "UPDATE", "DELETE"}
APPEND_ONLY = {
    "public.decision",
    "public.audit",
    "public.programme_version",
    "public.purchase",
    "public.refund",
    "public.refund_external",
    "public.activity",
    "public.activity_external",
    "public.referral_move",
    "public.tier_act",
    "public.event_new",
    "public.consent",
    "public.profile_change",
    "public.merge",
    "public.erased_identity",
    "public.points_entry",
    "public.points_take",
    "public.points_act",
    "public.wallet_entry",
    "public.wallet_take",
    "public.top_up",
    "public.wallet_refund",
    "public.pass_entry",
    "public.coupon_entry",
    "public.reward_entry",
    "public.allowance_use",
    "public.purchase_credit",
    "public.purchase_undone",
    "public.top_up_undone",
    "public.recalculation_batch",
    "public.task_act",
    "public.billing_notice",
    "public.agreement_text",
    "public.agreement",
}
READ = {"public.event", "public.event_counter"}
"""Written by the relay alone."""
FREED = {"public.purchase_external", "public.top_up_external"}
"""Callers' numbers: never changed, freed by an undo."""
KEPT = {
    "public.points_account",
    "public.points_lot",
    "public.wallet_account",
    "public.wallet_lot",
    "public.pass",
    "public.coupon_grant",
    "public.reward_claim",
    "public.card",
    "public.card_link",
    "public.join_page",
    "public.gift",
    "public.task",
    "public.task_rule",
    "public.subscription",
    "public.billing_profile",
    "public.billing_operation",
    "public.invoice",
    "public.stripe_event",
    "public.usage_period",
    "public.usage_report",
    "public.webhook_endpoint",
    "public.webhook_delivery",
    "public.clock_move",
}
"""Balances and states that ledgers add up to, and our copy of what Stripe knows: they change and never go."""
ERASED = {
    "public.profile_change": "before, after",
    "public.activity": "value, data",
    "public.refund": "reason",
    "public.tier_act": "reason",
    "public.task_act": "note",
    **dict.fromkeys(
        (
            "public.points_entry",
            "public.points_act",
            "public.wallet_entry",
            "public.wallet_refund",
            "public.pass_entry",
            "public.coupon_entry",
            "public.purchase_undone",
            "public.top_up_undone",
        ),
        "reason",
    ),
}
"""What erasing a person takes out of append-only facts."""
TENANT = (
    *("name", "locale", "timezone", "currency", "status", "plan", "trial_ends_at", "programme_version", "has_facts"),
    *("shared_phones", "plan_revision", "held_by_operator", "cancelled_at"),
    *("clerk_points", "clerk_money", "second_factor"),
)
"""The columns of its own row that a chain's work may change."""
APP_ELSEWHERE = {
    "public.tenant": {
        "SELECT",
        "INSERT",
        f"UPDATE({', '.join(TENANT)})",
    },
    "platform.account": {"INSERT"},
    "platform.slug": {"INSERT"},
    "platform.account_tenant": {"SELECT", "INSERT", "UPDATE(role, branch_ids, second_factor)", "DELETE"},
    "platform.api_key": {
        "SELECT(id, tenant_id, name, scopes, branch_ids, mode, created_at, created_by, revoked_at, used_at)",
        "INSERT",
        "UPDATE(revoked_at)",
    },
    "platform.signup_key": {"SELECT", "INSERT", "UPDATE(answer)"},
    "platform.stripe_customer": {"SELECT", "INSERT"},
    "platform.join_code": {"SELECT", "INSERT", "UPDATE(ended_at)"},
    "platform.isolation_proof": {
        "SELECT(id, state, started_at, finished_at, routes, attacks, tries, leaks, report)",
    },
}
NARROW = {
    "gate": {
        "public.migration": {"SELECT"},
        "platform.account": {"SELECT", "UPDATE(password_hash, locale)"},
        "platform.slug": {"SELECT"},
        "platform.account_tenant": {"SELECT"},
        "platform.api_key": {"SELECT", "UPDATE(used_at)"},
        "platform.session": {
            "SELECT",
            "INSERT",
            "UPDATE(seen_at, expires_at, till_id, idle_minutes, locked_at)",
            "DELETE",
        },
        "platform.second_factor": {
            "SELECT",
            "INSERT",
            "UPDATE(secret, begun_at, confirmed_at, last_step)",
            "DELETE",
        },
        "platform.recovery_code": {"SELECT", "INSERT", "UPDATE(used_at)", "DELETE"},
        "platform.password_reset": {"SELECT", "INSERT", "UPDATE(used_at)", "DELETE"},
        "platform.stripe_customer": {"SELECT"},
        "platform.stripe_event_other": {"INSERT"},
        "platform.join_code": {"SELECT"},
    },
    "relay": {
        "public.outbox": {"SELECT", "INSERT", "UPDATE(next_at, sends)"},
        "public.schedule": {"SELECT", "UPDATE(next_at)"},
        "public.tenant": {"SELECT(tenant_id, status, clock_offset, sandbox_of)", "UPDATE(clock_offset)"},
        "public.clock_move": {"SELECT(tenant_id, id, ended_at)"},
        "public.webhook_endpoint": {"SELECT(tenant_id, id, types, state, failing_since, created_at)"},
        "public.webhook_delivery": {
            "SELECT(tenant_id, id, endpoint_id, state, tries, next_at)",
            "INSERT",
            "UPDATE(next_at)",
        },
        "public.event_new": {"SELECT", "DELETE"},
        "public.event_counter": {"SELECT", "INSERT", "UPDATE(position)"},
        "public.event": {"SELECT", "INSERT"},
    },
    "rebuilder": {"public.decision": {"SELECT(tenant_id, member_id)", "DELETE"}},
    "operator": {
        "platform.operator": {
            "SELECT",
            "INSERT",
            "UPDATE(name, password_hash, gone_at, secret, confirmed_at, last_step)",
        },
        "platform.operator_session": {"SELECT", "INSERT", "UPDATE(seen_at)", "DELETE"},
        "platform.operator_act": {"SELECT", "INSERT"},
        "platform.isolation_proof": {
            "SELECT",
            "INSERT",
            "UPDATE(state, finished_at, routes, attacks, tries, leaks, report, found, error)",
            "DELETE",
        },
        "public.migration": {"SELECT"},
        "public.tenant": {"SELECT"},
        "public.outbox": {"SELECT", "UPDATE(next_at, attempts, sends, starts, last_error, dead_at)", "DELETE"},
        "public.idempotency": {"SELECT(created_at)", "DELETE"},
        "public.proof": {
            "SELECT(tenant_id, id, state, started_at, finished_at, total, members, differences, proved_on)"
        },
        "public.subscription": {"SELECT"},
        "public.invoice": {"SELECT"},
        "public.billing_profile": {"SELECT"},
        "public.usage_report": {"SELECT"},
        "public.stripe_event": {"SELECT(received_at)", "DELETE"},
        "public.event": {"SELECT(numbered_at)", "DELETE"},
        "public.webhook_delivery": {"SELECT(tenant_id, id, endpoint_id, state, next_at, created_at)", "DELETE"},
        "public.webhook_endpoint": {"SELECT(tenant_id, id, state, state_since, failing_since)"},
        "public.event_new": {"SELECT(tenant_id, id)"},
        "platform.signup_key": {"SELECT(created_at)", "DELETE"},
        "platform.stripe_event_other": {"SELECT", "UPDATE(handled_at)", "DELETE"},
        "platform.stripe_backfill": {"SELECT", "INSERT", "UPDATE"},
        "platform.erased_tenant": {"SELECT", "INSERT"},
    },
}


async def test_app_may_work_in_tenant_tables_and_append_only_ones_stay(database: None) -> None:
    conn = await owner()
    expected = dict.fromkeys(await catalogue.tenant_tables(conn), ALL)
    expected |= {name: {"SELECT", "INSERT"} for name in APPEND_ONLY} | APP_ELSEWHERE
    expected |= {name: {"SELECT"} for name in READ}
    expected |= {name: {"SELECT", "INSERT", "DELETE"} for name in FREED}
    expected |= {name: {"SELECT", "INSERT", "UPDATE"} for name in KEPT}
    for name, columns in ERASED.items():
        expected[name] = {"SELECT", "INSERT", f"UPDATE({columns})"}
    assert await catalogue.granted(conn, "app") == expected


async def test_the_eraser_may_delete_what_it_can_see_and_read_nothing(database: None) -> None:
    conn = await owner()
    secured = await catalogue.tenant_tables(conn)
    unsecured = ["platform.slug", "platform.session", "platform.signup_key"]
    expected = {name: {"SELECT(tenant_id)", "DELETE"} for name in [*secured, *unsecured]}
    expected |= {"platform.account": {"SELECT(id)", "DELETE"}}
    assert await catalogue.granted(conn, "eraser") == expected


@pytest.mark.parametrize("role", NARROW)
async def test_a_narrow_role_may_this_and_no_more(role: str, database: None) -> None:
    assert await catalogue.granted(await owner(), role) == NARROW[role]


async def test_no_role_of_ours_can_pass_the_rules(database: None) -> None:
    rows = await (await owner()).fetch(
        "SELECT rolname, rolcanlogin, rolbypassrls, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication,"
        " rolinherit, ARRAY(SELECT g.rolname::text FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid"
        " WHERE a.member = r.oid) AS member_of FROM pg_roles r"
        " WHERE rolname IN ('app', 'gate', 'relay', 'operator', 'migrator') ORDER BY 1"
    )
    found = {row["rolname"]: tuple(row.values())[1:] for row in rows}
    login: tuple[object, ...] = (True, False, False, False, [])
    assert found.pop("migrator")[:3] == (False, True, False)
    app, operator = (*login[:4], ["rebuilder"]), (*login[:4], ["eraser"])
    assert found == {"app": app, "gate": login, "operator": operator, "relay": login}


async def test_app_owns_nothing(database: None) -> None:
    owned = await (await owner()).fetch(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE pg_get_userbyid(relowner) IN"
        " ('app', 'gate', 'relay', 'operator')"
        " UNION ALL SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) IN ('app', 'gate', 'relay')"
        " UNION ALL SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) IN ('app', 'gate', 'relay')"
    )
    assert [tuple(row.values()) for row in owned] == []


@pytest.mark.parametrize("role", ["DATABASE_URL", "GATE_DATABASE_URL", "RELAY_DATABASE_URL", "OPERATOR_DATABASE_URL"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TABLE platform.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int RETURN 1",
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON member",
        "SET ROLE migrator",
        "SET SESSION AUTHORIZATION postgres",
        "TRUNCATE member",
        "CREATE ROLE mine",
        "ALTER ROLE app BYPASSRLS",
    ],
)
async def test_what_only_the_owner_may(role: str, statement: str, database: None) -> None:
    conn = await asyncpg.connect(os.environ[role])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(f"BEGIN; {statement}; ROLLBACK")
    finally:
        await conn.close()


async def test_append_only_means_append_only(database: None) -> None:
    conn = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        await conn.execute("SELECT set_config('app.tenant_id', gen_random_uuid()::text, false)")
        for table in sorted(APPEND_ONLY):
            for change in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await conn.execute(change)
    finally:
        await conn.close()
