"""`kill -9` of who plays a sandbox's clock, across a month's end and the end of summer time: it goes on and comes out
as if nobody had been killed.
"""

import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from support.clock import owner
from support.forking import Forks
from support.midnights import begin

from saas.scope import tenant_scope
from sandbox.boxes import Box, made
from tenants.events.numbering import number_all
from tenants.messages.sending import Outgoing, send_all

ZONE = ZoneInfo("Europe/Berlin")
BEGINS = datetime(2027, 10, 30, 22, tzinfo=ZONE)
"""The next night has an hour more, and the one behind it ends a month."""
BIRTHDAYS = ("10-31", "11-01", "11-02", "12-24")
NAMES = {"zh-CN": "券", "en": "Coupon"}
KEPT = {
    "tiers": "SELECT m.name, t.ladder, t.tier, t.since, t.valid_until FROM member_tier t JOIN member m {on}",
    "decisions": "SELECT m.name, t.ladder, t.from_tier, t.to_tier, t.reason, t.day FROM decision t JOIN member m {on}",
    "points": "SELECT m.name, t.kind, t.points, t.balance, t.day FROM points_entry t JOIN member m {on}",
    "coupons": "SELECT m.name, t.kind, {day} FROM coupon_entry t JOIN coupon_grant g"
    " ON g.tenant_id = t.tenant_id AND g.id = t.grant_id JOIN member m ON m.tenant_id = $1 AND m.id = g.member_id",
    "letters": "SELECT t.channel, t.recipient, t.body, {on_day} FROM sandbox_letter t",
    "events": "SELECT m.name, t.type, {on_day} FROM event t LEFT JOIN member m {on}",
    "deliveries": "SELECT m.name, d.type, {on_day} FROM webhook_delivery d"
    " JOIN event t ON t.tenant_id = d.tenant_id AND t.id = d.event_id LEFT JOIN member m {on}",
}
"""What a move leaves behind, without ids and instants of our own clock."""
PARTS = {
    "on": "ON m.tenant_id = t.tenant_id AND m.id = t.member_id",
    "day": "(t.recorded_at AT TIME ZONE 'Europe/Berlin')::date",
    "on_day": "(t.at AT TIME ZONE 'Europe/Berlin')::date",
}


@pytest.fixture(scope="module")
async def boxes(new_chain: Any, drain: Any, app: Any) -> AsyncIterator[tuple[Box, Box]]:
    """Twins: of each chain one, furnished alike."""
    async for one in made(await new_chain(timezone="Europe/Berlin", template="pharmacy"), drain, app):
        await furnish(one, drain)
        async for other in made(await new_chain(timezone="Europe/Berlin", template="pharmacy"), drain, app):
            await furnish(other, drain)
            yield one, other


@pytest.fixture(scope="module")
def forks(environ: dict[str, str]) -> Iterator[Forks]:
    with Forks("sandbox/dying_player.py") as made:
        yield made


async def furnish(box: Box, drain: Any) -> None:
    """Members of several classes, whose points and coupons expire and whose birthdays come on the way."""
    await begin(replace(box.chain, tenant_id=box.id), BEGINS, "Europe/Berlin")
    branch = (await box.http.get("/v1/branches")).json()["data"][0]["id"]

    async def tell(path: str, body: Any) -> Any:
        answer = await box.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    await tell("/v1/webhooks", {"url": "https://hooks.example.com/x"})
    coupon = {"code": "one", "names": NAMES, "value": {"type": "amount", "amount": 100}, "valid_days": 2}
    coupon_id = (await tell("/v1/coupons", coupon))["id"]
    for n in range(4):
        person = {"name": f"m{n}", "phone": f"1390000000{n}", "birthday": f"1990-{BIRTHDAYS[n]}"}
        member = (await tell("/v1/members", {**person, "consents": {"sms": True}}))["id"]
        ticket = {"member_id": member, "branch_id": branch, "external_id": f"t{n}", "external_amounts": True}
        await tell("/v1/purchases", {**ticket, "amount": 20_000 + 40_000 * n})
        points = {"member_id": member, "points": 50, "reason": "x", "expires_on": "2027-10-31", "external_id": f"p{n}"}
        await tell("/v1/points/adjust", points)
        await tell(f"/v1/coupons/{coupon_id}/grant", {"member_id": member})
        async with tenant_scope(box.id):
            await send_all([Outgoing(UUID(member), "sms", "test", f"good morning {n}")], by_day=True)
    await drain(box.id)


async def kept(box: Box) -> dict[str, Counter[Any]]:
    await number_all(box.id)
    conn = await owner()
    return {
        name: Counter(tuple(row) for row in await conn.fetch(f"{sql.format(**PARTS)} WHERE t.tenant_id = $1", box.id))
        for name, sql in KEPT.items()
    }


async def test_killed_again_and_again_it_comes_out_the_same(boxes: tuple[Box, Box], drain: Any, forks: Forks) -> None:
    for box in boxes:
        answer = await box.http.post("/v1/sandbox/clock", json={"to": "2027-11-02T12:00:00+01:00"})
        assert answer.status_code == 202, answer.text
    whole, killed = boxes
    await drain(whole.id)
    for moment in (9, 30, 61):
        ended = await forks.run(str(killed.id), str(moment))
        assert ended == -signal.SIGKILL, f"it was to be killed at moment {moment}"
        told = (await killed.http.get("/v1/sandbox/clock")).json()
        assert told["move"]["state"] in {"queued", "running"}
    await drain(killed.id)
    for box in boxes:
        told = (await box.http.get("/v1/sandbox/clock")).json()["move"]
        assert (told["state"], told["failed"]) == ("done", 0)
    one, other = [await kept(box) for box in boxes]
    assert one == other
    assert all(one.values()), one
    assert one["events"] == one["deliveries"]
