"""A chain's whole data, as its owner gets it."""

import hashlib
from typing import Any

import httpx
import pytest
from archives import Opened, exported
from support import catalogue
from support.clock import owner
from support.furnish import Furnished

from tenants.exports.tables import EXPORTED, LEFT_OUT


@pytest.fixture(scope="module")
async def written(furnished: Furnished, drain: Any) -> dict[str, Any]:
    return await exported(furnished.chain, drain)


@pytest.fixture(scope="module")
async def opened(written: dict[str, Any], client: httpx.AsyncClient) -> Opened:
    answer = await client.get(written["link"]["url"].removeprefix("http://127.0.0.1:8000"))
    assert answer.status_code == 200
    assert len(answer.content) == written["bytes"]
    assert hashlib.sha256(answer.content).hexdigest() == written["sha256"]
    return Opened(answer.content)


async def test_every_table_is_exported_or_left_out_for_a_reason(database: None) -> None:
    tables = {name.partition(".")[2] for name in await catalogue.tenant_tables(await owner()) if "public." in name}
    assert EXPORTED.isdisjoint(LEFT_OUT)
    assert tables == EXPORTED | LEFT_OUT.keys(), "a new table is to be exported, or left out with the reason"


async def test_it_holds_every_row(furnished: Furnished, opened: Opened) -> None:
    conn = await owner()
    for table in sorted(EXPORTED - {"job", "schedule", "audit"}):  # which went on meanwhile
        count = await conn.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", furnished.chain.tenant_id)
        assert len(opened.rows(table)) == opened.manifest["rows"][table] == count, table
    assert opened.manifest["waiting"]["tasks.make"] == 1


async def test_no_secret_is_in_it(furnished: Furnished, opened: Opened) -> None:
    conn = await owner()
    everything = b"".join(opened.zip.read(name) for name in opened.zip.namelist())
    for sql in (
        "SELECT hash FROM member_pin WHERE tenant_id = $1",
        "SELECT pin_hash FROM staff_pin WHERE tenant_id = $1",
        "SELECT encode(token_hash, 'hex') FROM till WHERE tenant_id = $1",
        "SELECT encode(invitation_hash, 'hex') FROM staff WHERE tenant_id = $1 AND invitation_hash IS NOT NULL",
        "SELECT encode(secret_hash, 'hex') FROM platform.api_key WHERE tenant_id = $1",
    ):
        secret = await conn.fetchval(sql, furnished.chain.tenant_id)
        assert secret
        assert secret.encode() not in everything
    assert not {"account_id", "invitation_hash"} & opened.rows("staff")[0].keys()
