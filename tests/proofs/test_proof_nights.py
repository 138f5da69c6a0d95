"""Proofs come by themselves at a quiet hour, once for all nights that were missed, and go on in the next night."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from proving import proof_of
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, pass_time, work
from support.till import member, rows

from saas.running import run_due
from saas.scheduler import fire_due
from saas.scope import tenant_scope
from tenants.programme.versions import current_programme
from tenants.proofs import slices
from tenants.tiers.schedules import install_schedules

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    """Noon of 1 March 2031; nothing but proofs comes by night."""
    await begin(chain, at("2031-03-01 12:00"), ZONE.key)
    async with tenant_scope(chain.tenant_id):
        await install_schedules(await current_programme(), ZONE.key)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'proof'", chain.tenant_id)
    return chain


async def proved_at(chain: Chain) -> list[datetime]:
    return [row["started_at"].astimezone(ZONE) for row in await rows(chain, "proof") if row["state"] == "done"]


async def test_every_night_at_a_quiet_hour(shop: Chain, drain: Any) -> None:
    await pass_time(shop, drain, at("2031-03-04 12:00"), proofs=True)
    nights = await proved_at(shop)
    assert [(night.day, night.hour) for night in nights] == [(2, 3), (3, 3), (4, 3)]
    assert (await proof_of(shop))["proved_on"] == "2031-03-04"


async def test_missed_nights_are_made_up_for_once(shop: Chain, drain: Any) -> None:
    await set_clock(shop.tenant_id, at("2031-03-07 12:00"))
    await work(shop, drain)
    assert [night.day for night in await proved_at(shop)] == [7]
    await pass_time(shop, drain, at("2031-03-08 12:00"), proofs=True)
    assert [night.day for night in await proved_at(shop)] == [7, 8]


async def test_a_closed_chain_waits(shop: Chain, drain: Any) -> None:
    status = "UPDATE tenant SET status = $2 WHERE tenant_id = $1"
    await (await owner()).execute(status, shop.tenant_id, "suspended")
    await set_clock(shop.tenant_id, at("2031-03-04 12:00"))
    await work(shop, drain)
    assert await rows(shop, "proof") == []
    await (await owner()).execute(status, shop.tenant_id, "active")
    await work(shop, drain)
    assert [night.day for night in await proved_at(shop)] == [4]


async def test_what_a_night_is_too_short_for_goes_on_in_the_next(
    shop: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await member(shop)
    await member(shop)
    monkeypatch.setattr(slices, "MEMBERS", 1)
    await set_clock(shop.tenant_id, at("2031-03-02 04:00"))
    assert await fire_due(shop.tenant_id) == 1
    assert await run_due(shop.tenant_id) == ["done"]  # the night begins
    assert await run_due(shop.tenant_id) == ["done"]  # one member
    await set_clock(shop.tenant_id, at("2031-03-02 07:01"))
    await work(shop, drain)
    under_way = (await proof_of(shop))["under_way"]
    assert (under_way["state"], under_way["members"]) == ("waiting", 1)
    await pass_time(shop, drain, at("2031-03-03 12:00"), proofs=True)
    (night,) = await proved_at(shop)
    assert night.day == 2
    told = await proof_of(shop)
    assert (told["proved_on"], told["members"], told["id"]) == ("2031-03-03", 2, under_way["id"])


async def test_who_asks_by_day_goes_on_with_what_the_night_left(shop: Chain, drain: Any) -> None:
    await set_clock(shop.tenant_id, at("2031-03-02 04:00"))
    await fire_due(shop.tenant_id)
    await run_due(shop.tenant_id)
    await set_clock(shop.tenant_id, at("2031-03-02 04:00") + timedelta(hours=4))
    await work(shop, drain)
    left = (await proof_of(shop))["under_way"]
    assert left["state"] == "waiting"
    started = await shop.http.post("/v1/proof")
    assert started.json() == {"job_id": left["id"]}
    await work(shop, drain)
    assert (await proof_of(shop))["proved_on"] == "2031-03-02"
    assert (await shop.http.get(f"/v1/jobs/{left['id']}")).json()["state"] == "done"
