"""A chain of its own making: an export read back is the same chain again."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from support.browsing import new_browser
from support.clock import owner
from support.furnish import Furnished

from saas.errors import DomainError
from saas.operators.moving import Moved, export_to, import_from
from saas.operators.proofs import prove
from saas.scope import tenant_scope
from tenants.api_keys.issue import issue_key
from tenants.exports.source import UnreadableExportError
from tenants.exports.tables import EXPORTED, ONLY, WITHOUT

OWNER = "owner-elsewhere@example.com"


@pytest.fixture(scope="module")
async def file(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "chain.zip"
    told = await export_to(furnished.chain.tenant_id, path)
    assert told.share == 1
    assert path.stat().st_mode & 0o077 == 0
    return path


@pytest.fixture(scope="module")
async def moved(file: Path) -> Moved:
    return await import_from(file, slug=None, owner=OWNER)


async def rows_of(table: str, tenant_id: UUID) -> list[str]:
    """What is exported of them, without what is each chain's own."""
    left = ", ".join(f"'{name}'" for name in ("tenant_id", *sorted(WITHOUT.get(table, ()))))
    only = f" AND {ONLY[table]}" if table in ONLY else ""
    sql = f"SELECT (to_jsonb(t) - ARRAY[{left}])::text AS row FROM {table} t WHERE t.tenant_id = $1{only} ORDER BY 1"
    return [row["row"] for row in await (await owner()).fetch(sql, tenant_id)]


async def test_every_row_of_every_table_is_the_same(furnished: Furnished, moved: Moved) -> None:
    for table in sorted(EXPORTED):
        theirs, ours = [await rows_of(table, one) for one in (furnished.chain.tenant_id, moved.tenant_id)]
        if table == "message":  # what waited to be sent can't be sent from elsewhere
            theirs = [row.replace('"state": "queued"', '"state": "failed"') for row in theirs]
            ours = [row.replace('"error": "not carried over"', '"error": null') for row in ours]
        if table in {"staff", "audit"}:  # and who came in, and what was done since
            assert len(theirs) < len(ours)
            ours = [row for row in ours if row in theirs]
        assert theirs, table
        assert theirs == ours, table
        assert moved.rows[table] == len(theirs), table


async def test_what_is_stored_there_is_proved(moved: Moved) -> None:
    (proved,) = [one async for one in prove(moved.slug, most=None, progress=lambda *_: None)]
    assert (proved.members > 1, proved.found) == (True, [])


async def test_it_goes_on_as_a_chain_of_its_own(
    furnished: Furnished, moved: Moved, app: Any, client: httpx.AsyncClient, drain: Any
) -> None:
    """The owner comes in by the invitation, and the tills work: the same member buys there, and not here."""
    conn = await owner()
    password = "correct horse battery"
    path = urlsplit(moved.invitation).path
    async with new_browser(app) as browser:
        form = await browser.get(path)
        (token,) = re.findall(r'name="_form" value="([^"]+)"', form.text)
        answer = await browser.post(path, data={"_form": token, "name": "店主", "password": password})
        assert answer.status_code == 303, answer.text
        assert "青禾连锁" in (await browser.get("/overview")).text
    async with tenant_scope(moved.tenant_id):
        key = await issue_key("till", ["admin"])
    there = {"Authorization": f"Bearer {key['key']}"}
    bought = {
        "member_id": furnished.member_id,
        "branch_id": furnished.chain.branch_id,
        "external_id": "new",
        "amount": 9_900,
    }
    before = await conn.fetchval("SELECT count(*) FROM purchase WHERE tenant_id = $1", furnished.chain.tenant_id)
    sale = await client.post("/v1/purchases", json=bought, headers=there)
    assert sale.status_code == 201, sale.text
    again = {**bought, "external_id": "T0001", "amount": 60_000, "external_amounts": True}
    assert (await client.post("/v1/purchases", json=again, headers=there)).json()["id"] == furnished.purchase_id
    await drain(moved.tenant_id)
    assert before == await conn.fetchval(
        "SELECT count(*) FROM purchase WHERE tenant_id = $1", furnished.chain.tenant_id
    )
    tenant = (await client.get("/v1/tenant", headers=there)).json()
    assert (tenant["status"], tenant["name"], tenant["currency"]) == ("trialing", "青禾连锁", "CNY")
    (proved,) = [one async for one in prove(moved.slug, most=None, progress=lambda *_: None)]
    assert proved.found == []


def changed(file: Path, folder: Path, change: Any) -> Path:
    """A copy of the archive in which `change` has had a hand: it gets path and content, and answers content or None."""
    path = folder / "changed.zip"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return path


def told(**fields: Any) -> Any:
    return lambda name, data: json.dumps(json.loads(data) | fields).encode() if name == "manifest.json" else data


CHANGES: dict[str, tuple[Any, str]] = {
    "a row more": (lambda name, data: data * 2 if name == "data/branch.ndjson" else data, "not what was written"),
    "a file less": (lambda name, data: None if name == "data/branch.ndjson" else data, "files are missing"),
    "no manifest": (lambda name, data: None if name == "manifest.json" else data, "no export of a chain"),
    "no JSON": (lambda name, data: b"[" if name == "manifest.json" else data, "no export of a chain"),
    "another format": (told(format=2), "format 2"),
    "a newer table": (told(columns={"robot": ["id"]}), "newer program"),
    "a newer column": (told(columns={"branch": ["id", "robot"]}), "newer program"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_isnt_whole_or_ours_leaves_nothing(file: Path, tmp_path: Path, name: str) -> None:
    change, why = CHANGES[name]
    conn = await owner()
    before = await conn.fetchval("SELECT count(*) FROM tenant")
    with pytest.raises(UnreadableExportError, match=why):
        await import_from(changed(file, tmp_path, change), slug=None, owner=OWNER)
    assert await conn.fetchval("SELECT count(*) FROM tenant") == before


def half(file: Path, to: Path) -> None:
    to.write_bytes(file.read_bytes()[:-200])


async def test_a_file_that_is_no_zip_and_a_name_that_is_taken(file: Path, furnished: Furnished, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(UnreadableExportError, match="no ZIP"):
        await import_from(tmp_path / "text.zip", slug=None, owner=OWNER)
    half(file, tmp_path / "half.zip")
    with pytest.raises(UnreadableExportError, match="no ZIP"):
        await import_from(tmp_path / "half.zip", slug=None, owner=OWNER)
    taken = (await furnished.chain.http.get("/v1/tenant")).json()["slug"]
    with pytest.raises(DomainError, match="slug-taken"):
        await import_from(file, slug=taken, owner=OWNER)
    with pytest.raises(FileExistsError):
        await export_to(furnished.chain.tenant_id, file)
