"""Who gets an export's file, for how long, and what of it."""

import asyncio
import contextvars
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from archives import Opened, exported
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.colleagues import PASSWORD, hire

from saas.file_store import file_store
from saas.scheduler import fire_due
from tenants.exports import jobs, links, writing

LAST = 206
FACTS = ("purchase", "member_total", "member_month", "points_entry")


@pytest.fixture(scope="module")
async def written(new_chain: Any, drain: Any) -> tuple[Any, dict[str, Any]]:
    chain = await new_chain()
    member = {"name": "=HYPERLINK(1)", "phone": "13800001111", "external_id": "+1", "joined_on": "2024-02-29"}
    who = (await chain.http.post("/v1/members", json=member)).json()["id"]
    sale = {"member_id": who, "branch_id": chain.branch_id, "external_id": "-7", "amount": 12_850}
    assert (await chain.http.post("/v1/purchases", json=sale)).status_code == 201
    return chain, await exported(chain, drain)


def path_of(link: dict[str, Any]) -> str:
    return urlsplit(link["url"]).path


async def test_the_sheets_are_for_people_and_run_nothing(written: Any, client: httpx.AsyncClient) -> None:
    opened = Opened((await client.get(path_of(written[1]["link"]))).content)
    (member,) = opened.sheet("members")
    told = {name: member[name] for name in ("name", "phone", "external_id", "joined_on", "branch", "spend")}
    assert told == {
        "name": "'=HYPERLINK(1)",
        "phone": "13800001111",
        "external_id": "'+1",
        "joined_on": "2024-02-29",
        "branch": "",
        "spend": "128.50",
    }
    (sale,) = opened.sheet("purchases")
    assert (sale["external_id"], sale["branch"], sale["amount"], sale["refunded"]) == ("'-7", "main", "128.50", "0.00")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", sale["occurred_at"])
    assert opened.zip.read("csv/members.csv").startswith(b"\xef\xbb\xbfid,")
    assert opened.rows("member")[0]["name"] == "=HYPERLINK(1)"  # exact, beside it


async def test_a_link_is_good_for_an_hour_and_for_nothing_else(
    written: Any, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, export = written
    path = path_of(export["link"])
    for wrong in (path[:-2], f"{path}A", f"{links.PATH}{'A' * 400}", f"{links.PATH}%F0%9F"):
        assert (await client.get(wrong)).status_code == 404
    now = links.system_now()
    monkeypatch.setattr(links, "system_now", lambda: now + timedelta(minutes=59))
    assert (await client.get(path)).status_code == 200
    monkeypatch.setattr(links, "system_now", lambda: now + timedelta(minutes=61))
    late = await client.get(path)
    assert (late.status_code, late.json()["type"]) == (410, "/problems/export-link-expired")


async def test_a_link_ends_with_the_key_or_the_owner_that_it_was_made_for(
    app: Any, written: Any, client: httpx.AsyncClient
) -> None:
    chain, export = written
    key = (await chain.http.post("/v1/api-keys", json={"name": "warehouse", "scopes": ["admin"]})).json()
    headers = {"Authorization": f"Bearer {key['key']}"}
    by_key = (await client.get(f"/v1/exports/{export['id']}", headers=headers)).json()["link"]
    owner_too = await hire(app, chain, role="owner")
    async with logged_in(app, replace(chain, email=owner_too["email"], password=PASSWORD)) as browser:
        by_owner = (await browser.get(f"/v1/exports/{export['id']}")).json()["link"]
    for link in (by_key, by_owner):
        assert (await client.get(path_of(link))).status_code == 200
    assert (await chain.http.delete(f"/v1/api-keys/{key['id']}")).status_code == 204
    assert (await chain.http.delete(f"/v1/staff/{owner_too['id']}")).status_code == 204
    for link in (by_key, by_owner):
        over = await client.get(path_of(link))
        assert (over.status_code, over.json()["type"]) == (410, "/problems/export-link-expired")
    assert (await client.get(path_of(export["link"]))).status_code == 200


async def test_a_download_that_broke_off_goes_on(written: Any, client: httpx.AsyncClient) -> None:
    path = path_of(written[1]["link"])
    whole = (await client.get(path)).content
    for asked, part in (("bytes=100-", whole[100:]), ("bytes=0-9", whole[:10]), ("bytes=5-99999999999", whole[5:])):
        answer = await client.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (LAST, part)
        first = asked.partition("=")[2].partition("-")[0]
        assert answer.headers["content-range"] == f"bytes {first}-{int(first) + len(part) - 1}/{len(whole)}"
    for odd in ("bytes=9-3", "bytes=-5", "lines=1-2", "bytes=999999999999-"):
        answer = await client.get(path, headers={"Range": odd})
        assert (answer.status_code, len(answer.content)) == (200, len(whole))


async def test_only_who_may_everything_everywhere(written: Any, client: httpx.AsyncClient) -> None:
    chain, export = written
    bodies: tuple[dict[str, Any], ...] = (
        {"name": "reports", "scopes": ["reports:read", "members:read"]},
        {"name": "one branch", "scopes": ["admin"], "branch_ids": [chain.branch_id]},
    )
    keys = [(await chain.http.post("/v1/api-keys", json=body)).json()["key"] for body in bodies]
    for key in keys:
        for method, path in (("POST", "/v1/exports"), ("GET", "/v1/exports"), ("GET", f"/v1/exports/{export['id']}")):
            answer = await client.request(method, path, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 403, (path, answer.text)


async def test_one_at_a_time_also_of_a_chain_that_is_suspended(new_chain: Any, drain: Any) -> None:
    chain = await new_chain()
    conn = await owner()
    await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    first, second = [(await chain.http.post("/v1/exports")).json()["id"] for _ in range(2)]
    assert first == second
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/exports/{first}")).json()["state"] == "done"
    third = (await chain.http.post("/v1/exports")).json()["id"]
    assert third != first
    listed = (await chain.http.get("/v1/exports?limit=1")).json()
    assert ([one["id"] for one in listed["data"]], listed["next_cursor"] is None) == ([third], False)


async def test_the_file_goes_after_a_week_and_at_once_where_somebody_is_forgotten(
    new_chain: Any, drain: Any, client: httpx.AsyncClient
) -> None:
    chain, conn = await new_chain(), await owner()
    who = (await chain.http.post("/v1/members", json={"name": "甲"})).json()["id"]
    folder = file_store().root / str(chain.tenant_id) / "exports"
    old = await exported(chain, drain)
    assert len(list(folder.iterdir())) == 1
    await conn.execute("UPDATE export SET expires_at = clock_timestamp() WHERE tenant_id = $1", chain.tenant_id)
    assert (await client.get(path_of(old["link"]))).status_code == 410
    await conn.execute(
        "UPDATE schedule SET next_at = clock_timestamp() WHERE tenant_id = $1 AND name = 'export.sweep'",
        chain.tenant_id,
    )
    await fire_due(chain.tenant_id)
    await drain(chain.tenant_id)
    assert list(folder.iterdir()) == []
    assert (await chain.http.get(f"/v1/exports/{old['id']}")).json()["state"] == "gone"

    new = await exported(chain, drain)
    assert (await chain.http.post(f"/v1/members/{who}/erase")).status_code in {200, 204}
    await drain(chain.tenant_id)
    assert list(folder.iterdir()) == []
    gone = (await chain.http.get(f"/v1/exports/{new['id']}")).json()
    assert (gone["state"], gone["link"]) == ("gone", None)


async def test_the_owner_of_a_chain_that_has_left_does_it_by_the_page(
    app: Any, new_chain: Any, drain: Any, client: httpx.AsyncClient
) -> None:
    chain = await new_chain()
    conn = await owner()
    await conn.execute(
        "UPDATE tenant SET status = 'cancelled', cancelled_at = clock_timestamp() WHERE tenant_id = $1", chain.tenant_id
    )
    async with logged_in(app, chain) as browser:
        assert '<a href="/exports">' in (await browser.get("/members")).text  # what there is left to do
        token = csrf_of((await browser.get("/exports")).text)
        for _ in range(2):
            assert (await browser.post("/exports", data={"_csrf": token})).headers["location"] == "/exports"
        going = (await browser.get("/exports")).text
        assert 'hx-get="/exports"' in going
        await drain(chain.tenant_id)
        part = (await browser.get("/exports", headers={"HX-Request": "true"})).text
        assert "<html" not in part
        (path,) = re.findall(r'href="(/exports/[0-9a-f-]+/file)"', part)
        assert Opened((await browser.get(path)).content).manifest["chain"]["name"] == "青禾连锁"
        log = (await browser.get("/audit")).text
        assert "downloaded the whole chain’s data" in log
        removed = await browser.post(path.replace("/file", "/remove"), data={"_csrf": token})
        assert removed.headers["location"] == "/exports?done=removed"
        assert (await browser.get(path)).status_code == 410
    assert (await client.get("/exports")).headers["location"].startswith("/login")


async def test_the_newest_files_are_kept(new_chain: Any, drain: Any) -> None:
    chain = await new_chain()
    made = [(await exported(chain, drain))["id"] for _ in range(4)]
    states = [(await chain.http.get(f"/v1/exports/{one}")).json()["state"] for one in made]
    assert states == ["gone", "done", "done", "done"]
    folder = file_store().root / str(chain.tenant_id) / "exports"
    assert {file.name[:36] for file in folder.iterdir()} == set(made[1:])


async def test_a_run_that_was_overtaken_leaves_nothing(new_chain: Any, drain: Any, monkeypatch: Any) -> None:
    """A worker that was thought dead comes back: the later run's file is the one."""
    chain, conn = await new_chain(), await owner()
    export_id = (await chain.http.post("/v1/exports")).json()["id"]
    ended = jobs.end

    async def overtaken(*given: Any) -> bool:
        monkeypatch.setattr(jobs, "end", ended)
        await jobs.begin(given[0])
        return await ended(*given)

    monkeypatch.setattr(jobs, "end", overtaken)
    await drain(chain.tenant_id)
    folder = file_store().root / str(chain.tenant_id) / "exports"
    assert list(folder.iterdir()) == []
    assert await conn.fetchval("SELECT ended_at IS NULL FROM export WHERE id = $1", export_id)


async def test_all_of_it_is_of_one_instant(new_chain: Any, drain: Any, monkeypatch: Any, client: Any) -> None:
    """A sale that is rung up while it is being written isn't in it: neither the sale, nor what it added to."""
    chain = await new_chain()
    who = (await chain.http.post("/v1/members", json={"name": "甲"})).json()["id"]
    tables = writing.exported_tables

    async def while_the_till_goes_on() -> Any:
        found = await tables()
        sale = {"member_id": who, "branch_id": chain.branch_id, "external_id": "1", "amount": 100}
        till = asyncio.create_task(chain.http.post("/v1/purchases", json=sale), context=contextvars.Context())
        assert (await till).status_code == 201
        return found

    monkeypatch.setattr(writing, "exported_tables", while_the_till_goes_on)
    first = await exported(chain, drain)
    monkeypatch.undo()
    second = await exported(chain, drain)
    counts = [
        {name: len(Opened((await client.get(path_of(one["link"]))).content).rows(name)) for name in FACTS}
        for one in (first, second)
    ]
    assert counts == [dict.fromkeys(FACTS, 0), dict.fromkeys(FACTS, 1)]
    assert first["as_of"] < second["as_of"]


async def test_what_fails_is_tried_again_and_given_up_in_the_end(
    new_chain: Any, drain: Any, monkeypatch: Any, client: Any
) -> None:
    chain, conn = await new_chain(), await owner()
    folder = file_store().root / str(chain.tenant_id) / "exports"
    wanted = (await chain.http.post("/v1/exports")).json()["id"]

    async def broken(*_: Any) -> Any:
        yield b"half of it"
        raise ConnectionError("the database went away")

    monkeypatch.setattr(jobs, "export", broken)
    at_once = "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1"
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/exports/{wanted}")).json()["state"] in {"queued", "running"}
    assert list(folder.iterdir()) == []
    for _ in range(3):
        await conn.execute(at_once, chain.tenant_id)
        await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/exports/{wanted}")).json()["state"] == "failed"
    assert (await chain.http.get(f"/v1/jobs/{wanted}")).json()["error"] == {"code": "internal"}
    monkeypatch.undo()
    assert (await exported(chain, drain))["id"] != wanted


async def test_a_worker_that_dies_is_missed_within_a_minute(new_chain: Any, drain: Any, monkeypatch: Any) -> None:
    """While it is written its job is held for a minute at a time, not for the two hours that it may take."""
    chain, conn = await new_chain(), await owner()
    await chain.http.post("/v1/exports")
    held: list[float] = []
    real = jobs.export

    async def watched(*given: Any) -> Any:
        async with asyncio.timeout(60):
            while not held or held[-1] > 120:
                sql = "SELECT extract(epoch FROM next_at - clock_timestamp()) FROM outbox WHERE name = 'export.write'"
                held.append(float(await conn.fetchval(f"{sql} AND tenant_id = $1", chain.tenant_id)))
                await asyncio.sleep(0.01)
        async for piece in real(*given):
            yield piece

    monkeypatch.setattr(jobs, "export", watched)
    await drain(chain.tenant_id)
    assert held[-1] <= 60


async def test_two_that_begin_at_the_same_instant_are_written_one_after_the_other(
    new_chain: Any, drain: Any, monkeypatch: Any
) -> None:
    chains = [await new_chain(), await new_chain()]
    wanted = [(await chain.http.post("/v1/exports")).json()["id"] for chain in chains]
    begun: list[Any] = []

    async def slow(export_id: Any) -> int:
        """Not before the other one is here, too, or has put itself off."""
        begun.append(export_id)
        while len(begun) < len(tasks) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.01)
        return 1

    async def nothing(*_: Any) -> None:
        pass

    monkeypatch.setattr(jobs, "begin", slow)
    monkeypatch.setattr(jobs, "_written", nothing)
    tasks = [
        asyncio.create_task(jobs.write(chain.tenant_id, {"export_id": export_id}), context=contextvars.Context())
        for chain, export_id in zip(chains, wanted, strict=True)
    ]
    await asyncio.wait(tasks, timeout=20)
    ended = [task.done() and task.exception() is None for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (ended, len(begun)) == ([True, True], 1)
