"""A job that is followed: what its stream tells, how it ends, and what it doesn't hold meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.browsing import logged_in
from support.chains import Chain
from uuid_utils.compat import uuid7

from saas.db import app_pool
from saas.scope import tenant_scope
from tenants.jobs import following
from tenants.jobs.job import fail_job, finish_job, new_job, progress_job

Event = dict[str, str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("PAUSE", 0.01), ("HEARTBEAT", 0.03), ("LONGEST", 0.5)):
        monkeypatch.setattr(following, name, seconds)


async def begun(chain: Chain) -> UUID:
    job_id = uuid7()
    async with tenant_scope(chain.tenant_id):
        await new_job(job_id, "test")
    return job_id


async def go(chain: Chain, act: Callable[..., Awaitable[None]], *given: Any) -> None:
    async with tenant_scope(chain.tenant_id):
        await act(*given)


def events(answer: httpx.Response) -> list[Event]:
    """Without comments and without what only tells when to come back."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        for block in answer.text.split("\r\n\r\n")
    ]
    return [block for block in blocks if "data" in block]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def test_each_step_is_told_and_the_last_one_ends_it(chain: Chain) -> None:
    job_id = await begun(chain)
    path = f"/v1/jobs/{job_id}"
    following_it = asyncio.ensure_future(chain.http.get(f"{path}/events", headers={"Accept-Encoding": "gzip"}))
    await until(lambda: bool(following._places))
    await asyncio.sleep(0.05)
    await go(chain, progress_job, job_id, 0.25, {"rows": 5})
    await asyncio.sleep(0.05)
    await go(chain, finish_job, job_id, {"rows": 20})
    told = await following_it
    assert told.headers.keys() >= {"x-request-id", "regulars-version"}
    assert (told.headers["content-language"], told.headers["x-accel-buffering"]) == ("en", "no")
    assert "content-encoding" not in told.headers
    assert told.text.startswith("retry: 1000\r\n\r\n")
    assert ": still there\r\n" in told.text
    seen = events(told)
    assert [one["event"] for one in seen] == ["queued", "running", "done"]
    assert [json.loads(one["data"])["progress"] for one in seen] == [0, 0.25, 1]
    assert json.loads(seen[-1]["data"]) == (await chain.http.get(path)).json()
    assert len({one["id"] for one in seen}) == 3
    assert following._places == {}


async def test_who_comes_back_hears_what_is_new_and_in_the_end_nothing(chain: Chain) -> None:
    job_id = await begun(chain)
    path = f"/v1/jobs/{job_id}/events"
    (first,) = events(await chain.http.get(path))
    assert first["event"] == "queued", "it ended before the job"
    again = {"Last-Event-ID": first["id"]}
    assert events(await chain.http.get(path, headers=again)) == []
    await go(chain, fail_job, job_id, "a bug")
    (last,) = events(await chain.http.get(path, headers=again))
    assert (last["event"], json.loads(last["data"])["error"]) == ("failed", {"code": "internal"})
    over = await chain.http.get(path, headers={"Last-Event-ID": last["id"]})
    assert (over.status_code, over.content) == (204, b"")
    assert [one["event"] for one in events(await chain.http.get(path, headers={"Last-Event-ID": "x"}))] == ["failed"]


async def test_it_is_the_chains_own_and_a_session_may_follow_it(app: Any, chain: Chain, new_chain: Any) -> None:
    job_id = await begun(chain)
    await go(chain, finish_job, job_id, {})
    path = f"/v1/jobs/{job_id}/events"
    other = await new_chain()
    for http, who in ((other.http, path), (chain.http, f"/v1/jobs/{uuid7()}/events")):
        refused = await http.get(who)
        assert (refused.status_code, refused.json()["type"]) == (404, "/problems/not-found")
    assert (await chain.http.get(path, headers={"Authorization": ""})).status_code == 401
    async with logged_in(app, chain) as browser:
        assert [one["event"] for one in events(await browser.get(path))] == ["done"]


async def test_nothing_is_held_while_it_waits(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = await begun(chain)
    monkeypatch.setattr(following, "PAUSE", 0.2)
    streams = [asyncio.ensure_future(chain.http.get(f"/v1/jobs/{job_id}/events")) for _ in range(following.MOST)]
    await until(lambda: len(following._places[chain.tenant_id]) == following.MOST)
    await until(lambda: app_pool().get_idle_size() == app_pool().get_size())
    await go(chain, finish_job, job_id, {})
    assert {len(events(await stream)) for stream in streams} == {2}


async def test_a_chain_has_so_many_places_and_who_goes_away_leaves_one(
    app: Any, chain: Chain, new_chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST", 1)
    monkeypatch.setattr(following, "LONGEST", 30.0)
    job_id, other = await begun(chain), await new_chain()
    theirs = await begun(other)
    await go(other, finish_job, theirs, {})
    left, sent = asyncio.Event(), list[Any]()

    async def receive() -> Any:
        if not sent:
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    path = f"/v1/jobs/{job_id}/events"
    head = [(b"authorization", f"Bearer {chain.key}".encode()), (b"host", b"testserver")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": head,
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "asgi": {"version": "3.0"},
    }
    stream = asyncio.ensure_future(app(scope, receive, send))
    await until(lambda: len(sent) > 2)
    refused = await chain.http.get(path)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-streams")
    assert (refused.json()["most"], refused.headers["retry-after"]) == (1, "5")
    assert len(events(await other.http.get(f"/v1/jobs/{theirs}/events"))) == 1, "each chain has its own"
    left.set()
    async with asyncio.timeout(5):
        await stream
    assert following._places == {}


async def test_a_stream_without_its_database_ends_and_a_reader_that_never_came_holds_no_place(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, looks = await begun(chain), list[int]()
    look = following.Follower.look

    async def gone(self: following.Follower) -> following.Step:
        looks.append(1)
        if len(looks) > 1:
            raise ConnectionRefusedError
        return await look(self)

    monkeypatch.setattr(following.Follower, "look", gone)
    assert [one["event"] for one in events(await chain.http.get(f"/v1/jobs/{job_id}/events"))] == ["queued"]
    monkeypatch.setattr(following, "MOST", 1)
    monkeypatch.setattr(following, "LONGEST", -1.0)
    following.take_place(chain.tenant_id)
    following.leave(chain.tenant_id, following.take_place(chain.tenant_id))
    assert following._places == {}
