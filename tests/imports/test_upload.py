import asyncio
import gzip
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.clock import owner

from saas import jobs
from saas.scheduler import fire_due
from saas.settings import get_settings
from tenants.imports import batch
from tenants.imports.options import ImportOptions
from tenants.imports.start import JOB

MEMBERS = "external_id,name\nA,甲\nB,乙\n"


def stored(tenant_id: Any) -> list[Path]:
    folder = get_settings().file_store / str(tenant_id)
    return [path for path in folder.rglob("*") if path.is_file()]


def multipart(*parts: tuple[str, bytes], boundary: str = "xx") -> bytes:
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), data)
        for head, data in parts
    )
    return body + b"--%s--\r\n" % boundary.encode()


async def post(imports: Any, body: Any, content_type: str = "multipart/form-data; boundary=xx", **headers: str) -> Any:
    return await imports.http.post("/v1/imports", content=body, headers={"Content-Type": content_type, **headers})


OPTIONS = ('name="options"', b'{"kind": "members"}')
FILE = ('name="file"; filename="a.csv"', MEMBERS.encode())


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    settings = get_settings().model_copy(update={"import_max_bytes": 1_000_000})
    monkeypatch.setattr("tenants.imports.start.get_settings", lambda: settings)
    return 1_000_000


async def test_parts_may_come_in_any_order(imports: Any) -> None:
    for parts in ((OPTIONS, FILE), (FILE, OPTIONS)):
        answer = await post(imports, multipart(*parts))
        assert answer.status_code == 202, answer.text
        assert answer.json()["import_id"] == answer.json()["job_id"]
    await imports.drain(imports.chain.tenant_id)
    assert stored(imports.chain.tenant_id) == []  # nobody's data is kept longer than needed


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        (multipart(FILE), 422, ["/options"]),
        (multipart(OPTIONS), 422, ["/file"]),
        (multipart(OPTIONS, FILE, FILE), 422, ["/file"]),
        (multipart(OPTIONS, FILE, ('name="extra"', b"1")), 422, ["/extra"]),
        (multipart(FILE, ('name="options"', b"{}")), 422, ["/options/kind"]),
        (multipart(FILE, ('name="options"', b"[")), 422, ["/options"]),
        (multipart(FILE, ('name="options"', b'{"kind": "visits"}')), 422, ["/options/kind"]),
        (
            multipart(FILE, ('name="options"', b'{"kind": "members", "accrue": 2, "dry": 1}')),
            422,
            ["/options/accrue", "/options/dry"],
        ),
        (
            multipart(FILE, ('name="options"', b'{"kind": "members", "mapping": {"a": "amount"}}')),
            422,
            ["/options/mapping/a"],
        ),
        (multipart(OPTIONS, FILE)[:-20], 400, None),
        (b"no multipart at all", 400, None),
        (multipart(OPTIONS, ('name="file"', gzip.compress(os.urandom(5000))[:-9])), 422, ["/file"]),
        (multipart(OPTIONS, ('name="file"', b"\x1f\x8bnot gzip")), 422, ["/file"]),
    ],
)
async def test_what_is_wrong_with_an_upload_is_said_at_once(
    imports: Any, body: bytes, status: int, pointers: list[str] | None
) -> None:
    answer = await post(imports, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert [e["pointer"] for e in answer.json().get("errors", [])] == (pointers or [])
    assert stored(imports.chain.tenant_id) == []
    assert await imports.query("SELECT 1 FROM import_run WHERE tenant_id = $1") == []


async def test_kinds_that_exist_are_named(imports: Any) -> None:
    answer = await imports.send(MEMBERS, "visits")
    assert answer.json()["errors"][0]["message"].startswith("must be one of: members, purchases, activities")


async def test_only_multipart_is_taken(imports: Any) -> None:
    answer = await post(imports, b"{}", "application/json")
    assert answer.status_code == 415
    answer = await post(imports, b"{}", "multipart/form-data")
    assert answer.status_code == 415


async def test_a_large_file_is_refused_while_it_comes_in(imports: Any, small_limit: int) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield multipart(OPTIONS, FILE)[:-8]
        while True:
            sent += 65536
            yield b"x" * 65536

    answer = await post(imports, body())
    assert answer.status_code == 413
    assert sent < 3 * small_limit
    bomb = multipart(OPTIONS, ('name="file"', gzip.compress(b"a" * 50_000_000)))
    assert len(bomb) < small_limit
    answer = await post(imports, bomb)
    assert answer.status_code == 413
    assert stored(imports.chain.tenant_id) == []


async def test_the_same_key_and_file_give_the_first_answer(imports: Any) -> None:
    first = await imports.send(MEMBERS, "members", key="k1")
    again = await imports.send(MEMBERS, "members", key="k1", filename="other.csv")
    assert again.status_code == 202
    assert again.json() == first.json()
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    for file, options in ((MEMBERS + "C,丙\n", {}), (MEMBERS, {"dry_run": True})):
        other = await imports.send(file, "members", key="k1", **options)
        assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(stored(imports.chain.tenant_id)) == 1
    await imports.drain(imports.chain.tenant_id)
    assert len(await imports.query("SELECT 1 FROM import_run WHERE tenant_id = $1")) == 1
    free = await imports.run(MEMBERS, "members")
    assert (free["imported"], free["unchanged"]) == (0, 2)
    other = await imports.http.post("/v1/branches", json={"code": "x", "name": "x"}, headers={"Idempotency-Key": "k1"})
    assert other.status_code == 422
    long = await imports.send(MEMBERS, "members", key="k" * 256)
    assert long.json()["type"] == "/problems/idempotency-key-invalid"


async def test_thirty_identical_keyed_uploads_at_once(imports: Any) -> None:
    answers = await asyncio.gather(*(imports.send(MEMBERS, "members", key="same") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(await imports.query("SELECT 1 FROM import_run WHERE tenant_id = $1")) == 1
    assert len(stored(imports.chain.tenant_id)) == 1


async def test_a_key_imports_what_it_may_write(imports: Any, app: Any) -> None:
    import httpx

    async def client(**changes: Any) -> httpx.AsyncClient:
        made = await imports.http.post("/v1/api-keys", json={"name": "till", **changes})
        assert made.status_code == 201, made.text
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://testserver",
            headers={"Authorization": f"Bearer {made.json()['key']}", "Accept-Language": "en"},
        )

    async def send(http: httpx.AsyncClient, kind: str, file: str) -> httpx.Response:
        return await http.post("/v1/imports", files={"file": ("f", file)}, data={"options": json.dumps({"kind": kind})})

    async with await client(scopes=["purchases:write"]) as http:
        assert (await send(http, "members", MEMBERS)).status_code == 403
        assert (await send(http, "purchases", "external_id\n")).status_code == 202
    async with await client(scopes=["reports:read"]) as http:
        assert (await http.get(f"/v1/imports/{imports.chain.tenant_id}")).status_code == 403
    await imports.run(MEMBERS, "members")
    await imports.http.post("/v1/branches", json={"code": "B2", "name": "二店"})
    bound = {"scopes": ["purchases:write"], "branch_ids": [imports.chain.branch_id]}
    async with await client(**bound) as http:
        rows = "external_id,member,branch,occurred_at,amount\nT1,A,,2025-01-01,1\nT2,A,B2,2025-01-01,1\n"
        sent = await send(http, "purchases", rows)
        await imports.drain(imports.chain.tenant_id)
        done = await imports.read(sent.json()["import_id"])
        assert (done["imported"], done["failed"]) == (1, 1)
        assert await imports.codes(done["id"]) == [(3, "branch", "unknown-branch")]


async def test_another_tenants_import_does_not_exist(imports: Any, new_chain: Any) -> None:
    mine = await imports.run("external_id\n\x01\n", "members")
    other = await new_chain()
    for path in ("", "/errors.csv"):
        answer = await other.http.get(f"/v1/imports/{mine['id']}{path}")
        assert answer.status_code == 404, path


async def test_a_stopped_import_keeps_no_file(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("it fell over")

    monkeypatch.setattr(batch, "_run_batch", fail)
    monkeypatch.setitem(jobs._registry, JOB, replace(jobs._registry[JOB], max_attempts=1))
    done = await imports.run(MEMBERS, "members")
    assert (done["state"], done["error"]["code"]) == ("failed", "import-stopped")
    assert stored(imports.chain.tenant_id) == []


async def test_strays_are_swept_within_two_days(imports: Any) -> None:
    """By a job of its own: the chain may never import again."""
    over, waiting = [(await imports.send(MEMBERS, "members")).json()["import_id"] for _ in range(2)]
    await imports.query(
        "UPDATE import_run SET state = 'failed' WHERE tenant_id = $1 AND id = $2 RETURNING id", UUID(over)
    )
    folder = get_settings().file_store / str(imports.chain.tenant_id) / "imports"
    lost, cut, fresh = (folder / name for name in (f"{uuid4()}", f"{uuid4()}.partial", f"{uuid4()}.partial"))
    others = folder.parent / f"{uuid4()}.partial"  # not an upload's
    for path in (lost, cut, fresh, others):
        path.write_bytes(b"name\n")
    before = time.time() - 86_400 - 60
    for path in (folder / over, folder / waiting, lost, cut, others):
        os.utime(path, (before, before))
    left = {path.name for path in stored(imports.chain.tenant_id)}
    await work_tomorrow(imports, hours=23)
    assert {path.name for path in stored(imports.chain.tenant_id)} == left
    await work_tomorrow(imports, hours=1)
    assert {path.name for path in stored(imports.chain.tenant_id)} == {waiting, fresh.name, others.name}
    os.utime(fresh, (before, before))
    await work_tomorrow(imports, hours=24 * 40)  # one job for all the days that were skipped
    assert {path.name for path in stored(imports.chain.tenant_id)} == {waiting, others.name}
    assert await imports.query("SELECT name FROM outbox WHERE tenant_id = $1 AND name = 'imports.sweep'") == []


async def work_tomorrow(imports: Any, hours: int) -> None:
    """Lets the chain's clock go on and runs what is due; the import that waits is let wait."""
    tenant_id = imports.chain.tenant_id
    await (await owner()).execute(
        "UPDATE tenant SET clock_offset = clock_offset + make_interval(hours => $2) WHERE tenant_id = $1",
        tenant_id,
        hours,
    )
    await fire_due(tenant_id)
    await (await owner()).execute(
        "UPDATE outbox SET next_at = CASE name WHEN 'import.batch' THEN 'infinity' ELSE now() END WHERE tenant_id = $1",
        tenant_id,
    )
    done = await imports.drain(tenant_id)
    assert done.failed == done.dead == 0


async def test_an_upload_whose_process_dies_is_swept_though_it_was_the_only_one(
    imports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object, **__: object) -> None:
        raise RuntimeError("as if the process were gone before the row was written")

    monkeypatch.setattr("tenants.imports.start._record", killed)
    assert (await imports.send(MEMBERS, "members")).status_code == 500
    (path,) = stored(imports.chain.tenant_id)
    before = time.time() - 86_400 - 60
    os.utime(path, (before, before))
    await work_tomorrow(imports, hours=25)
    assert stored(imports.chain.tenant_id) == []


async def test_the_contract_describes_the_parts(client: Any) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/v1/imports"]["post"]
    content = operation["requestBody"]["content"]["multipart/form-data"]
    assert operation["requestBody"]["required"] is True
    schema = content["schema"]
    assert (schema["type"], schema["required"]) == ("object", ["file", "options"])
    assert (schema["properties"]["file"]["type"], schema["properties"]["file"]["format"]) == ("string", "binary")
    options = schema["properties"]["options"]
    assert options["required"] == ["kind"]
    assert options["properties"].keys() == ImportOptions.model_fields.keys()
