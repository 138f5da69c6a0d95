"""What operators see of chains' events and webhooks, and what the doctor says when they are late."""

from typing import Any
from uuid import UUID

import pytest
from console.browser import Desk
from support.chains import Chain
from support.clock import owner

from saas.doctor import examine
from tenants.events.numbering import number_all

_ADDRESS = "https://hooks.example.com/?token=opens-it"


@pytest.fixture(autouse=True)
async def nothing_else(chain: Chain) -> Any:
    """Other tests' endpoints would count as well."""
    conn = await owner()
    await number_all()
    await conn.execute("UPDATE webhook_endpoint SET state = 'deleted' WHERE state <> 'deleted'")
    yield
    await number_all()
    await conn.execute("UPDATE webhook_endpoint SET state = 'deleted' WHERE tenant_id = $1", chain.tenant_id)


async def endpoint(chain: Chain, failing: str | None = None, state: str = "on") -> UUID:
    sql = (
        "INSERT INTO webhook_endpoint (tenant_id, id, url, state, failing_since, created_by)"
        " VALUES ($1, uuidv7(), $2, $3, clock_timestamp() - $4::text::interval, 'system') RETURNING id"
    )
    made: UUID = await (await owner()).fetchval(sql, chain.tenant_id, _ADDRESS, state, failing)
    return made


async def waiting(chain: Chain, endpoint_id: UUID, due: str, state: str = "waiting") -> None:
    sql = (
        "INSERT INTO webhook_delivery (tenant_id, id, endpoint_id, event_id, type, state, next_at, ended_at)"
        " VALUES ($1, uuidv7(), $2, uuidv7(), 'member.created', $3, clock_timestamp() + $4::text::interval,"
        " CASE WHEN $3 <> 'waiting' THEN clock_timestamp() END)"
    )
    await (await owner()).execute(sql, chain.tenant_id, endpoint_id, state, due)


async def said(about: str) -> list[tuple[str, str]]:
    return [(one.state, one.said) for one in await examine() if one.about == about]


async def test_an_endpoint_that_fails_is_seen_and_nothing_that_opens_it(desk: Desk, chain: Chain) -> None:
    assert "No endpoint fails" in await desk.page("/operator/webhooks")
    ill, gone = await endpoint(chain, "2 hours"), await endpoint(chain, "3 days", "failing")
    await waiting(chain, ill, "1 hour")
    for _ in range(3):
        await waiting(chain, gone, "0", "failed")
    page = await desk.page("/operator/webhooks")
    assert str(ill)[-12:] in page
    assert f'href="/operator/chains/{chain.tenant_id}"' in page
    assert page.index(str(gone)[-12:]) < page.index(str(ill)[-12:])  # given up a moment ago
    assert "Off: it failed for three days" in page
    assert "opens-it" not in page
    assert "example.com" not in page
    assert await said("webhooks") == [("ok", "1 endpoints, 1 of them fail; nothing is late")]


async def test_the_doctor_tells_a_worker_that_is_away_from_a_server_that_is_slow(chain: Chain) -> None:
    one = await endpoint(chain)
    await waiting(chain, one, "-5 minutes")
    assert [state for state, _ in await said("webhooks")] == ["ok"]
    await waiting(chain, one, "-11 minutes")
    assert await said("webhooks") == [
        ("doubtful", "for 10 minutes nothing was sent to 1 endpoints though it is due"),
    ]
    await waiting(chain, one, "30 seconds")  # leased: it is being worked off
    assert [state for state, _ in await said("webhooks")] == ["ok"]
    conn = await owner()
    await conn.execute("DELETE FROM webhook_delivery WHERE endpoint_id = $1 AND next_at > clock_timestamp()", one)
    await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    assert [state for state, _ in await said("webhooks")] == ["ok"]


async def test_events_that_nobody_numbers_are_seen(desk: Desk, chain: Chain) -> None:
    assert await said("events") == []
    await (await owner()).execute(
        "INSERT INTO event_new (tenant_id, id, type, at, data)"
        " VALUES ($1, uuidv7(interval '-5 minutes'), 'member.created', clock_timestamp(), '{}')",
        chain.tenant_id,
    )
    ((state, told),) = await said("events")
    assert (state, told) == ("doubtful", "events of 1 chains have waited for 2 minutes to get into their feeds")
    page = await desk.page("/operator/webhooks")
    assert "Events that wait for their feed" in page
    assert "None: the relay keeps up." not in page


async def test_servers_of_many_chains_that_fail_at_once_point_at_us(chain: Chain, new_chain: Any) -> None:
    for one in (chain, await new_chain(), await new_chain()):
        await endpoint(one, "1 minute")
    assert ("doubtful", "the servers of 3 chains of 3 fail at the same time") in await said("webhooks")
