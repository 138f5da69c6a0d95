"""Row security at work, table by table: outside a scope an error, inside one only one's own rows."""

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from support import catalogue
from support.clock import owner
from support.furnish import Furnished, furnish
from test_roles import APPEND_ONLY, FREED, KEPT, READ

PARTLY = {
    "public.tenant",
    "platform.account_tenant",
    "platform.api_key",
    "platform.stripe_customer",
    "platform.join_code",
}
"""What app may change only some columns of, or not delete."""


@pytest.fixture(scope="module")
async def neighbours(new_chain: Any, drain: Any) -> tuple[Furnished, Furnished]:
    """Two chains, each with a row in every table."""
    return await furnish(await new_chain(), drain, "0001"), await furnish(await new_chain(), drain, "0002")


@pytest.fixture
async def app_connection(database: None) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(os.environ["DATABASE_URL"])
    yield conn
    await conn.close()


async def _scoped(conn: asyncpg.Connection, tenant_id: UUID, sql: str, *values: Any) -> list[asyncpg.Record]:
    """As the product does it, and rolled back."""
    transaction = conn.transaction()
    await transaction.start()
    try:
        await conn.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
        return list(await conn.fetch(sql, *values))
    finally:
        await transaction.rollback()


async def tables() -> list[str]:
    return await catalogue.tenant_tables(await owner())


async def test_each_tenant_table_has_rows_of_both(neighbours: tuple[Furnished, Furnished]) -> None:
    """The tests below prove nothing about an empty table: a new one needs a row in `furnish`."""
    conn = await owner()
    for table in await tables():
        for side in neighbours:
            sql = f"SELECT count(*) FROM {table} WHERE tenant_id = $1"
            assert await conn.fetchval(sql, side.chain.tenant_id) > 0, table


async def test_outside_a_scope_every_table_is_an_error(
    neighbours: tuple[Furnished, Furnished],
    app_connection: asyncpg.Connection,
) -> None:
    for table in await tables():
        with pytest.raises(asyncpg.UndefinedObjectError):
            await app_connection.fetch(f"SELECT tenant_id FROM {table}")
    # Once set and gone again PostgreSQL leaves an empty text behind: still an error, never rows.
    await _scoped(app_connection, neighbours[0].chain.tenant_id, "SELECT 1")
    for table in await tables():
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await app_connection.fetch(f"SELECT tenant_id FROM {table}")


async def test_inside_a_scope_no_row_of_another_can_be_seen_or_taken(
    neighbours: tuple[Furnished, Furnished], app_connection: asyncpg.Connection
) -> None:
    ours, theirs = (side.chain.tenant_id for side in neighbours)
    for table in await tables():
        seen = await _scoped(app_connection, ours, f"SELECT DISTINCT tenant_id FROM {table}")
        assert [row["tenant_id"] for row in seen] == [ours], table
        sql = f"SELECT tenant_id FROM {table} WHERE tenant_id = $1"
        assert await _scoped(app_connection, ours, sql, theirs) == [], table
        for change in (
            f"UPDATE {table} SET tenant_id = $2 WHERE tenant_id = $1 RETURNING tenant_id",
            f"DELETE FROM {table} WHERE tenant_id = $1 AND $2::uuid IS NOT NULL RETURNING tenant_id",
        ):
            try:
                assert await _scoped(app_connection, ours, change, theirs, ours) == [], table
            except asyncpg.InsufficientPrivilegeError:
                assert table in {*APPEND_ONLY, *FREED, *KEPT, *PARTLY, *READ}


async def _columns(table: str) -> str:
    """What an INSERT may name."""
    names = await (await owner()).fetch(
        "SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        table,
    )
    return ", ".join(row["name"] for row in names)


async def test_inside_a_scope_no_row_can_be_put_into_another(
    neighbours: tuple[Furnished, Furnished], app_connection: asyncpg.Connection
) -> None:
    ours, theirs = (side.chain.tenant_id for side in neighbours)
    conn = await owner()
    for table in await tables():
        columns = await _columns(table)
        row = await conn.fetchval(
            f"SELECT to_jsonb(t) - 'tenant_id' || jsonb_build_object('tenant_id', $2::uuid) FROM {table} t"
            " WHERE t.tenant_id = $1 LIMIT 1",
            ours,
            theirs,
        )
        insert = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1)"
        for conflict in ("", " ON CONFLICT DO NOTHING"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
                await _scoped(app_connection, ours, insert + conflict, row)
            name, told = table.partition(".")[2], str(refused.value)
            barred = f"permission denied for table {name}" if table in READ else "row-level security policy for table"
            assert barred in told, table
            assert name in told


async def test_inside_a_scope_no_own_row_can_be_given_away(
    neighbours: tuple[Furnished, Furnished], app_connection: asyncpg.Connection
) -> None:
    ours, theirs = (side.chain.tenant_id for side in neighbours)
    for table in await tables():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _scoped(app_connection, ours, f"UPDATE {table} SET tenant_id = $1", theirs)


async def test_no_foreign_key_reaches_a_neighbour(neighbours: tuple[Furnished, Furnished]) -> None:
    """Foreign keys ignore row security, so not even the owner may point a row at a neighbour's."""
    ours, b = neighbours[0].chain.tenant_id, neighbours[1]
    conn = await owner()
    tried = 0
    for row in await conn.fetch(catalogue.FOREIGN_KEYS):
        if not row["name"].startswith("public."):
            continue
        column, target = row["columns"][1], row["target"][1]
        theirs = await conn.fetchval(
            f"SELECT {target} FROM {row['points_at']} WHERE tenant_id = $1 LIMIT 1", b.chain.tenant_id
        )
        transaction = conn.transaction()
        await transaction.start()
        try:
            one = f"SELECT ctid FROM {row['name']} WHERE tenant_id = $1 AND {column} IS NOT NULL LIMIT 1"
            sql = f"UPDATE {row['name']} SET {column} = $2 WHERE ctid = ({one})"
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await conn.execute(sql, ours, theirs)
        finally:
            await transaction.rollback()
        tried += 1
    assert tried >= 10
