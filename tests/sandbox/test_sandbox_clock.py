"""Moving a sandbox's clock: what falls due on the way happens, in its order and on its day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from support.clock import owner

from saas.db import role_pool
from saas.sandbox import playing
from saas.scope import tenant_scope
from sandbox.boxes import Box, made
from tenants.messages.sending import Outgoing, send_all

NAMES = {"zh-CN": "券", "en": "Coupon"}
ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
async def box(new_chain: Any, drain: Any, app: Any) -> AsyncIterator[Box]:
    async for one in made(await new_chain(timezone="America/New_York"), drain, app):
        yield one


async def now(box: Box) -> datetime:
    return datetime.fromisoformat((await box.http.get("/v1/sandbox/clock")).json()["now"])


async def move(box: Box, drain: Any, **wanted: Any) -> dict[str, Any]:
    answer = await box.http.post("/v1/sandbox/clock", json=wanted)
    assert answer.status_code == 202, answer.text
    await drain()
    told: dict[str, Any] = (await box.http.get("/v1/sandbox/clock")).json()
    assert told["move"]["state"] == "done", told
    return told


async def test_what_falls_due_on_the_way_happens_on_its_day(box: Box, drain: Any) -> None:
    """A voucher of three days ends with its third day, and each night has been gone through, once."""
    coupon = {"code": "three", "names": NAMES, "value": {"type": "amount", "amount": 100}, "valid_days": 3}
    made = await box.http.post("/v1/coupons", json=coupon)
    assert made.status_code == 201, made.text
    member = (await box.http.post("/v1/members", json={"name": "券"})).json()["id"]
    given = await box.http.post(f"/v1/coupons/{made.json()['id']}/grant", json={"member_id": member})
    assert given.is_success, given.text
    begun = await now(box)
    told = await move(box, drain, advance={"days": 6})
    to = datetime.fromisoformat(told["move"]["to_at"])
    assert await now(box) >= to
    assert (told["move"]["failed"], told["move"]["progress"]) == (0, 1.0)
    assert told["seconds_ahead"] > 5 * 86_400
    conn = await owner()
    expired = await conn.fetchrow(
        "SELECT e.recorded_at, g.valid_until FROM coupon_entry e"
        " JOIN coupon_grant g ON g.tenant_id = e.tenant_id AND g.id = e.grant_id"
        " WHERE e.tenant_id = $1 AND e.kind = 'expire'",
        box.id,
    )
    assert expired is not None
    local = expired["recorded_at"].astimezone(ZONE)
    assert local.date() == expired["valid_until"] + timedelta(days=1)
    assert local.hour == 0
    proofs = await conn.fetch("SELECT proved_on FROM proof WHERE tenant_id = $1 AND state = 'done'", box.id)
    nights = [row["proved_on"] for row in proofs]
    assert len(nights) == len(set(nights)) >= 5
    assert all(begun.astimezone(ZONE).date() <= night <= to.astimezone(ZONE).date() for night in nights)
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE tenant_id = $1", box.id) == 0


async def test_what_waits_for_the_morning_comes_in_the_morning(box: Box, drain: Any) -> None:
    night = (await now(box)).astimezone(ZONE).replace(hour=23, minute=30) + timedelta(days=1)
    await move(box, drain, to=night.isoformat())
    member = {"name": "早", "phone": "13900000077", "consents": {"sms": True}}
    member_id = UUID((await box.http.post("/v1/members", json=member)).json()["id"])
    async with tenant_scope(box.id):
        await send_all([Outgoing(member_id, "sms", "test", "早上好")], by_day=True)
    await drain()
    assert "早上好" not in (await box.http.get("/v1/sandbox/letters")).text
    await move(box, drain, advance={"hours": 14})
    (letter,) = [one for one in (await box.http.get("/v1/sandbox/letters")).json()["data"] if one["body"] == "早上好"]
    at = datetime.fromisoformat(letter["at"]).astimezone(ZONE)
    assert (at.date(), at.hour) == (night.date() + timedelta(days=1), 9)


async def test_in_many_turns_and_by_two_at_once_it_comes_out_the_same(
    box: Box, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn may end after any step, and be run twice, also side by side."""
    monkeypatch.setattr(playing, "TURN_SECONDS", 0.02)
    begun = await now(box)
    answer = await box.http.post("/v1/sandbox/clock", json={"advance": {"days": 2}})
    payload = {"id": answer.json()["move"]["job_id"]}
    await asyncio.gather(playing.play(box.id, payload), playing.play(box.id, payload))
    await drain()
    told = (await box.http.get("/v1/sandbox/clock")).json()["move"]
    assert (told["state"], told["failed"]) == ("done", 0)
    assert told["fired"] >= 2 * 9
    conn = await owner()
    nights = "SELECT count(*), count(DISTINCT proved_on) AS days FROM proof WHERE tenant_id = $1"
    row = await conn.fetchrow(nights, box.id)
    assert row is not None
    assert row["count"] == row["days"]
    assert await now(box) >= begun + timedelta(days=2)
    await playing.play(box.id, payload)  # through already: nothing
    assert (await box.http.get("/v1/sandbox/clock")).json()["move"]["fired"] == told["fired"]


async def test_a_move_goes_on_where_its_chain_was_closed_meanwhile(box: Box, drain: Any) -> None:
    conn = await owner()
    begun = await now(box)
    assert (await box.http.post("/v1/sandbox/clock", json={"advance": {"days": 1}})).status_code == 202
    await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", box.id)
    await drain()
    assert await now(box) - begun < timedelta(hours=1)
    await conn.execute("UPDATE tenant SET status = 'trialing' WHERE tenant_id = $1", box.id)
    await drain()
    assert await now(box) - begun >= timedelta(days=1)


async def test_it_goes_forward_only_and_not_for_ever(box: Box) -> None:
    here = await now(box)
    for body, pointer, code in (
        ({}, "/to", "clock-one-of"),
        ({"to": (here + timedelta(days=1)).isoformat(), "advance": {"days": 1}}, "/to", "clock-one-of"),
        ({"to": (here - timedelta(minutes=1)).isoformat()}, "/to", "clock-backwards"),
        ({"to": here.replace(tzinfo=None).isoformat()}, "/to", None),
        ({"advance": {}}, "/advance", "clock-backwards"),
        ({"advance": {"days": -1}}, "/advance/days", None),
        ({"advance": {"years": 4}}, "/advance", "clock-too-far"),
        ({"advance": {"years": 99_999}}, "/advance", "clock-too-far"),
        ({"to": "9999-12-31T23:59:59Z"}, "/to", None),
    ):
        answer = await box.http.post("/v1/sandbox/clock", json=body)
        assert answer.status_code == 422, body
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer, body
        assert code is None or error["code"] == code, body


async def test_one_move_at_a_time(box: Box, drain: Any) -> None:
    first, second = [await box.http.post("/v1/sandbox/clock", json={"advance": {"minutes": 5}}) for _ in range(2)]
    assert first.status_code == 202
    assert (second.status_code, second.json()["type"].rpartition("/")[2]) == (409, "clock-running")
    assert second.headers["retry-after"] == "2"
    await drain()
    assert (await box.http.get("/v1/sandbox/clock")).json()["move"]["state"] == "done"


async def test_months_go_by_the_calendar(box: Box) -> None:
    from saas.sandbox.clock import Advance, _advanced

    async with tenant_scope(box.id):
        for start, by, end in (
            ("2027-01-31T12:00", {"months": 1}, "2027-02-28T12:00"),
            ("2027-11-30T12:00", {"months": 3}, "2028-02-29T12:00"),
            ("2028-02-29T12:00", {"years": 1}, "2029-02-28T12:00"),
            ("2027-03-13T12:00", {"days": 1}, "2027-03-14T12:00"),  # an hour shorter there
            ("2027-11-06T12:00", {"days": 1, "hours": 1}, "2027-11-07T13:00"),  # and longer
        ):
            begun = datetime.fromisoformat(start).replace(tzinfo=ZONE).astimezone(UTC)
            assert await _advanced(Advance(**by), begun) == datetime.fromisoformat(end).replace(tzinfo=ZONE)
        twice = datetime(2027, 11, 7, 6, 30, tzinfo=UTC)  # half past one, for the second time
        assert await _advanced(Advance(minutes=5), twice) == twice + timedelta(minutes=5)


async def test_no_other_clock_can_be_moved(box: Box) -> None:
    """Not even by who moves these: row security shows it sandboxes alone."""
    pool = await role_pool("relay")
    moved = await pool.execute(
        "UPDATE tenant SET clock_offset = interval '1 day' WHERE tenant_id = $1", box.chain.tenant_id
    )
    assert moved == "UPDATE 0"
    conn = await owner()
    offset = await conn.fetchval("SELECT clock_offset FROM tenant WHERE tenant_id = $1", box.chain.tenant_id)
    assert offset == timedelta()


async def test_a_live_key_moves_nothing(box: Box) -> None:
    answer: httpx.Response = await box.chain.http.post("/v1/sandbox/clock", json={"advance": {"days": 1}})
    assert answer.status_code == 409
