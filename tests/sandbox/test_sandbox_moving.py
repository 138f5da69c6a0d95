"""While a sandbox's clock moves: what else is asked of it meanwhile, and how it is stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.browsing import csrf_of, logged_in
from support.clock import owner

from saas import scope
from saas.sandbox import playing
from saas.scope import tenant_scope
from saas.settings import get_settings
from sandbox.boxes import Box, made
from tenants.messages.sending import Outgoing, send_all


@pytest.fixture(scope="module")
async def box(new_chain: Any, drain: Any, app: Any) -> AsyncIterator[Box]:
    async for one in made(await new_chain(), drain, app):
        yield one


async def clock(box: Box) -> dict[str, Any]:
    told: dict[str, Any] = (await box.http.get("/v1/sandbox/clock")).json()
    return told


async def now(box: Box) -> datetime:
    return datetime.fromisoformat((await clock(box))["now"])


async def begin(box: Box, **advance: int) -> dict[str, str]:
    """A move that nobody plays yet; what its job gets."""
    answer = await box.http.post("/v1/sandbox/clock", json={"advance": advance})
    assert answer.status_code == 202, answer.text
    return {"id": answer.json()["move"]["job_id"]}


async def test_nothing_is_written_meanwhile(box: Box, drain: Any, app: Any) -> None:
    """But keys can be revoked; and nobody else's chain minds."""
    spare = (await box.http.post("/v1/api-keys", json={"name": "spare", "scopes": ["admin"]})).json()["id"]
    before = (await box.http.post("/v1/members", json={"name": "前"})).json()["id"]
    await begin(box, hours=1)
    branch = (await box.http.get("/v1/branches")).json()["data"][0]["id"]
    ticket = {"member_id": before, "branch_id": branch, "external_id": "t", "amount": 100}
    top_up = {"member_id": before, "amount": 100, "external_id": "u", "branch_id": branch}
    rows = {"file": ("m.csv", b"external_id,name\nx,Lin\n", "text/csv")}
    for path, body in (
        ("/v1/members", {"json": {"name": "中"}}),
        ("/v1/purchases", {"json": ticket}),
        ("/v1/wallet/top-ups", {"json": top_up}),
        ("/v1/imports", {"files": rows, "data": {"options": '{"kind": "members"}'}}),
        ("/v1/programme/recalculate", {"json": {}}),
    ):
        refused = await box.http.post(path, **body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/clock-running"), path
        assert refused.headers["retry-after"] == "2"
    assert (await box.http.get(f"/v1/members/{before}")).status_code == 200
    assert (await box.http.delete(f"/v1/api-keys/{spare}")).status_code == 204
    assert (await box.chain.http.post("/v1/members", json={"name": "真"})).status_code == 201
    async with logged_in(app, box.chain) as browser:
        token = csrf_of((await browser.get("/sandbox")).text)
        await browser.post("/sandbox/cross", data={"_csrf": token, "to": "sandbox"})
        token = csrf_of((await browser.get("/members")).text)
        refused = await browser.post("/branches", data={"_csrf": token, "code": "x", "name": "页", "kind": "own"})
        assert refused.status_code == 409
        assert "The clock is moving" in refused.text
        assert (await browser.post("/logout", data={"_csrf": token})).status_code == 303
    await drain(box.id)
    assert (await box.http.post("/v1/purchases", json=ticket)).status_code == 201


async def waits(kind: str) -> None:
    """Until somebody waits for a lock of this kind."""
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = $1)"
    async with asyncio.timeout(20):
        while not await (await owner()).fetchval(query, kind):
            await asyncio.sleep(0.01)


async def test_a_sale_that_was_begun_before_comes_before(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock waits for it: what it is stamped with and when it can be seen are on the same side of every night."""
    member = (await box.http.post("/v1/members", json={"name": "等"})).json()["id"]
    branch = (await box.http.get("/v1/branches")).json()["data"][0]["id"]
    ticket = {"member_id": member, "branch_id": branch, "external_id": "late", "amount": 100}
    conn, begun = await owner(), await now(box)
    patient = get_settings().model_copy(update={"lock_timeout_ms": 60_000})
    monkeypatch.setattr(scope, "get_settings", lambda: patient)
    async with conn.transaction():  # somebody has the member, so that the sale is in the middle
        await conn.fetch("SELECT FROM member WHERE tenant_id = $1 AND id = $2 FOR UPDATE", box.id, UUID(member))
        sale = asyncio.create_task(box.http.post("/v1/purchases", json=ticket))
        await waits("transactionid")
        payload = await begin(box, days=1)
        played = asyncio.create_task(playing.play(box.id, payload))
        await waits("advisory")
        assert await now(box) - begun < timedelta(hours=1)
    answer = await sale
    await played
    assert answer.status_code == 201, answer.text
    assert await now(box) - begun >= timedelta(days=1)
    at = await conn.fetchval("SELECT recorded_at FROM purchase WHERE tenant_id = $1 AND external_id = 'late'", box.id)
    assert at - begun < timedelta(hours=1)


async def test_it_can_be_stopped_and_goes_no_further(
    box: Box, drain: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "TURN_SECONDS", 0.02)
    begun = await now(box)
    payload = await begin(box, years=3)
    await playing.play(box.id, payload)
    stopped = await box.http.post("/v1/sandbox/clock/cancel")
    assert stopped.status_code == 200, stopped.text
    told = stopped.json()["move"]
    assert (told["state"], told["error"]) == ("failed", "clock-cancelled")
    assert 0 <= told["progress"] < 1
    job = (await box.http.get(f"/v1/jobs/{payload['id']}")).json()
    assert (job["state"], job["error"]["code"]) == ("failed", "clock-cancelled")
    await drain(box.id)
    assert await now(box) - begun < timedelta(days=30)
    again = await box.http.post("/v1/sandbox/clock/cancel")
    assert again.json()["move"] == told
    late = playing._Turn(box.id, UUID(payload["id"]), ran=3)  # which was under way when it was stopped
    async with tenant_scope(box.id):
        await playing._tell(late, ended=True)
    assert (await clock(box))["move"] == {**told, "ran": told["ran"] + 3}
    async with logged_in(app, box.chain) as browser:
        token = csrf_of((await browser.get("/sandbox")).text)
        await browser.post("/sandbox/cross", data={"_csrf": token, "to": "sandbox"})
        page = (await browser.get("/sandbox")).text
        assert "The last move was stopped on its way" in page
        await begin(box, years=1)
        assert 'action="/sandbox/clock/cancel"' in (await browser.get("/sandbox")).text
        gone = await browser.post("/sandbox/clock/cancel", data={"_csrf": csrf_of(page)})
        assert gone.headers["location"] == "/sandbox"
    assert (await clock(box))["move"]["error"] == "clock-cancelled"
    await drain(box.id)


async def test_of_two_that_are_asked_for_at_once_there_is_one(box: Box, drain: Any) -> None:
    wanted = {"advance": {"minutes": 5}}
    answers = await asyncio.gather(*(box.http.post("/v1/sandbox/clock", json=wanted) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    await drain(box.id)
    assert (await clock(box))["move"]["state"] == "done"


async def test_it_waits_for_a_place_and_leaves_others_theirs(box: Box, drain: Any) -> None:
    """As many as may be are played here already: the clock stands still, and the wish isn't lost."""
    begun, other = await now(box), uuid4()
    payload = await begin(box, hours=2)
    playing._turns.add(other)
    try:
        await playing.play(box.id, payload)
    finally:
        playing._turns.discard(other)
    assert await now(box) - begun < timedelta(hours=1)
    assert UUID(payload["id"]) in playing._waiting
    await drain(box.id)
    assert await now(box) - begun >= timedelta(hours=2)
    assert not playing._waiting


async def test_what_waits_in_the_queue_is_done_before_the_clock_goes_on(
    box: Box, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "_AT_ONCE", 2)
    person = {"name": "队", "phone": "13900000078", "consents": {"sms": True}}
    member_id = UUID((await box.http.post("/v1/members", json=person)).json()["id"])
    for n in range(5):
        async with tenant_scope(box.id):
            await send_all([Outgoing(member_id, "sms", "test", f"queued {n}", marketing=False)])
    begun = await now(box)
    await begin(box, days=1)
    await drain(box.id)
    letters = (await box.http.get("/v1/sandbox/letters")).json()["data"]
    at = [datetime.fromisoformat(one["at"]) for one in letters if one["body"].startswith("queued")]
    assert len(at) == 5
    assert max(at) - begun < timedelta(minutes=1)


async def test_made_anew_or_removed_on_the_way_it_is_over(new_chain: Any, drain: Any, app: Any) -> None:
    """And a turn that is still under way doesn't move the new one's clock."""
    async for box in made(await new_chain(), drain, app):
        payload = await begin(box, years=3)
        turn = playing._Turn(box.id, UUID(payload["id"]))
        assert (await box.chain.http.post("/v1/sandbox/reset")).status_code == 202
        await drain(box.chain.tenant_id)
        assert (await box.chain.http.get("/v1/sandbox")).json()["state"] == "ready"
        assert await playing._step(turn, await now(box) + timedelta(days=9)) is None
        told = await clock(box)
        assert (told["seconds_ahead"], told["move"]) == (0, None)
        payload = await begin(box, years=3)
        assert (await box.chain.http.delete("/v1/sandbox")).status_code == 204
        going = asyncio.create_task(playing.play(box.id, payload))
        await drain(box.chain.tenant_id)
        await going
        assert (await box.chain.http.get("/v1/sandbox")).json()["state"] == "none"
        assert not await (await owner()).fetchval("SELECT count(*) FROM tenant WHERE tenant_id = $1", box.id)
