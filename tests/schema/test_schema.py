"""The migrated database keeps the rules, and each rule's check finds who breaks it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from support import catalogue
from support.clock import owner

GOOD = (
    "CREATE TABLE planted (tenant_id uuid NOT NULL, id uuid NOT NULL, member_id uuid, PRIMARY KEY (tenant_id, id),"
    " FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)); CREATE INDEX ON planted"
    " (tenant_id, member_id); ALTER TABLE planted OWNER TO migrator; ALTER TABLE planted ENABLE ROW LEVEL SECURITY;"
    " ALTER TABLE planted FORCE ROW LEVEL SECURITY; CREATE POLICY tenant ON planted TO app"
    " USING (tenant_id = current_setting('app.tenant_id')::uuid)"
    " WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);"
    " CREATE POLICY eraser ON planted TO eraser USING (tenant_id = current_setting('app.tenant_id')::uuid)"
)


@pytest.mark.parametrize("check", catalogue.CHECKS, ids=lambda check: check.__name__)
async def test_the_schema_keeps_the_rule(check: catalogue.Check, database: None) -> None:
    assert await check(await owner()) == []


@asynccontextmanager
async def planted(*statements: str) -> AsyncIterator[asyncpg.Connection]:
    """A good table made worse, in a transaction that never lasts."""
    conn = await owner()
    transaction = conn.transaction()
    await transaction.start()
    try:
        for statement in (GOOD, *statements):
            await conn.execute(statement)
        yield conn
    finally:
        await transaction.rollback()


async def test_a_good_table_passes_every_check(database: None) -> None:
    async with planted() as conn:
        assert [fault for check in catalogue.CHECKS for fault in await check(conn)] == []


_EQUAL = "tenant_id = current_setting('app.tenant_id')::uuid"
BROKEN = [
    (catalogue.every_table_names_its_tenant, "CREATE TABLE planted_bare (id uuid PRIMARY KEY)"),
    (catalogue.every_table_names_its_tenant, "CREATE TABLE platform.planted_bare (id uuid PRIMARY KEY)"),
    (
        catalogue.every_table_names_its_tenant,
        "ALTER TABLE planted DROP CONSTRAINT planted_pkey, ALTER tenant_id DROP NOT NULL",
    ),
    (catalogue.every_table_names_its_tenant, "CREATE TABLE planted_text (tenant_id text PRIMARY KEY)"),
    (catalogue.row_security_is_on_and_forced, "ALTER TABLE planted DISABLE ROW LEVEL SECURITY"),
    (catalogue.row_security_is_on_and_forced, "ALTER TABLE planted NO FORCE ROW LEVEL SECURITY"),
    (catalogue.row_security_is_on_and_forced, "CREATE TABLE platform.planted_too (tenant_id uuid PRIMARY KEY)"),
    (catalogue.one_simple_policy_for_app, "DROP POLICY tenant ON planted"),
    (catalogue.one_simple_policy_for_app, "DROP POLICY eraser ON planted"),
    (catalogue.one_simple_policy_for_app, "ALTER POLICY eraser ON planted USING (true)"),
    (catalogue.one_simple_policy_for_app, "CREATE POLICY more ON planted TO app USING (true)"),
    (catalogue.one_simple_policy_for_app, "CREATE POLICY more ON planted USING (true)"),
    (catalogue.one_simple_policy_for_app, "CREATE POLICY more ON planted TO relay USING (true)"),
    (
        catalogue.one_simple_policy_for_app,
        f"DROP POLICY tenant ON planted; CREATE POLICY tenant ON planted TO app USING ({_EQUAL})",
    ),
    (
        catalogue.one_simple_policy_for_app,
        f"ALTER POLICY tenant ON planted USING ({_EQUAL} OR member_id IS NULL)",
    ),
    (
        catalogue.one_simple_policy_for_app,
        "ALTER POLICY tenant ON planted USING (tenant_id = current_setting('app.tenant_id', true)::uuid)",
    ),
    (catalogue.keys_begin_with_the_tenant, "CREATE UNIQUE INDEX ON planted (id)"),
    (catalogue.keys_begin_with_the_tenant, "ALTER TABLE planted ADD UNIQUE (member_id, tenant_id)"),
    (catalogue.keys_begin_with_the_tenant, "CREATE UNIQUE INDEX ON planted ((id::text), tenant_id)"),
    (catalogue.keys_begin_with_the_tenant, "ALTER TABLE planted DROP CONSTRAINT planted_pkey"),
    (catalogue.foreign_keys_stay_in_the_tenant_and_have_an_index, "DROP INDEX planted_tenant_id_member_id_idx"),
    (
        catalogue.foreign_keys_stay_in_the_tenant_and_have_an_index,
        (
            "DROP INDEX planted_tenant_id_member_id_idx;"
            " CREATE INDEX ON planted (tenant_id, member_id) WHERE member_id <> tenant_id"
        ),
    ),
    (
        catalogue.foreign_keys_stay_in_the_tenant_and_have_an_index,
        "ALTER TABLE planted ADD FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)",
    ),
    (
        catalogue.foreign_keys_stay_in_the_tenant_and_have_an_index,
        (
            "CREATE UNIQUE INDEX u ON planted (id); CREATE INDEX ON planted (member_id);"
            " ALTER TABLE planted ADD FOREIGN KEY (member_id) REFERENCES planted (id)"
        ),
    ),
    (
        catalogue.foreign_keys_stay_in_the_tenant_and_have_an_index,
        (
            "ALTER TABLE planted ADD COLUMN branch_id uuid, ADD FOREIGN KEY (tenant_id, branch_id)"
            " REFERENCES branch (tenant_id, id) ON DELETE SET NULL; CREATE INDEX ON planted (tenant_id, branch_id)"
        ),
    ),
    (
        catalogue.no_triggers_rules_views_or_definers,
        "CREATE TRIGGER t BEFORE UPDATE ON planted FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ),
    (catalogue.no_triggers_rules_views_or_definers, "CREATE RULE r AS ON DELETE TO planted DO INSTEAD NOTHING"),
    (catalogue.no_triggers_rules_views_or_definers, "CREATE VIEW everything AS SELECT * FROM planted"),
    (
        catalogue.no_triggers_rules_views_or_definers,
        "CREATE FUNCTION peek() RETURNS bigint SECURITY DEFINER RETURN (SELECT count(*) FROM planted)",
    ),
    (catalogue.no_sequences_in_tenant_data, "ALTER TABLE planted ADD number bigserial"),
    (catalogue.no_sequences_in_tenant_data, "ALTER TABLE planted ADD number bigint GENERATED ALWAYS AS IDENTITY"),
    (catalogue.no_sequences_in_tenant_data, "CREATE SEQUENCE loose"),
    (catalogue.migrator_owns_everything, "ALTER TABLE planted OWNER TO app"),
    (catalogue.nothing_is_granted_to_everybody, "GRANT SELECT ON planted TO PUBLIC"),
    (catalogue.nothing_is_granted_to_everybody, "GRANT SELECT ON planted TO app WITH GRANT OPTION"),
]


@pytest.mark.parametrize(("check", "statement"), BROKEN)
async def test_a_broken_table_is_found(check: catalogue.Check, statement: str, database: None) -> None:
    async with planted(statement) as conn:
        assert await check(conn) != []
