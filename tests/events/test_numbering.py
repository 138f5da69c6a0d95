"""Positions: given after the commit, in its order, one after the other, never twice, never skipping a late one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from support.chains import Chain
from support.clock import owner

from saas import chores
from saas.db import role_pool
from saas.principal import SYSTEM
from saas.scope import OpenScope, tenant_scope
from tenants.events import numbering
from tenants.events.emit import emit
from tenants.events.numbering import Numbering, follow, number_all


async def say(chain: Chain, *numbers: int) -> None:
    async with tenant_scope(chain.tenant_id):
        for n in numbers:
            await emit("test.said", {"n": n})


async def heard(chain: Chain) -> list[tuple[int, int]]:
    """Position and number of what was said."""
    rows = await (await owner()).fetch(
        "SELECT position, (data ->> 'n')::int AS n FROM event WHERE tenant_id = $1 AND type = 'test.said'"
        " ORDER BY position",
        chain.tenant_id,
    )
    return [(row["position"], row["n"]) for row in rows]


async def last(chain: Chain) -> int:
    sql = "SELECT coalesce(max(position), 0) FROM event_counter WHERE tenant_id = $1"
    found: int = await (await owner()).fetchval(sql, chain.tenant_id)
    return found


async def test_what_commits_late_comes_behind_and_is_not_skipped(chain: Chain) -> None:
    await number_all()
    before = await last(chain)
    late = OpenScope(chain.tenant_id, SYSTEM, None)
    await late.begin()
    await emit("test.said", {"n": 1})  # the smaller id, not yet committed
    late.leave()
    await say(chain, 2)
    await number_all()
    assert await heard(chain) == [(before + 1, 2)]
    await late.commit()
    await say(chain, 3)
    await number_all()
    assert await heard(chain) == [(before + 1, 2), (before + 2, 1), (before + 3, 3)]
    assert await last(chain) == before + 3


async def test_what_is_rolled_back_leaves_no_gap(chain: Chain) -> None:
    await number_all()
    before = await last(chain)
    taken_back = OpenScope(chain.tenant_id, SYSTEM, None)
    await taken_back.begin()
    await emit("test.said", {"n": 1})
    await taken_back.roll_back()
    taken_back.leave()
    await say(chain, 2)
    await number_all()
    assert await heard(chain) == [(before + 1, 2)]


async def test_many_relays_and_writers_at_once_number_each_once_and_without_gaps(
    new_chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who goes on behind the last position it saw meets every event, though everything runs side by side."""
    monkeypatch.setattr(numbering, "EVENTS_A_POLL", 6)
    chains = [await new_chain(), await new_chain()]
    await number_all()
    begin = {chain.tenant_id: await last(chain) for chain in chains}
    read: dict[UUID, list[int]] = {chain.tenant_id: [] for chain in chains}
    done = asyncio.Event()

    async def relay() -> None:
        one = Numbering()
        while not done.is_set():
            await one.poll()
            await asyncio.sleep(0)

    async def reader(chain: Chain) -> None:
        """Through a connection of its own, as somebody who polls the feed."""
        conn = await asyncpg.connect((await owner())._addr and _dsn())
        sql = "SELECT position FROM event WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT 2"
        try:
            while len(read[chain.tenant_id]) < 24:
                after = read[chain.tenant_id][-1] if read[chain.tenant_id] else begin[chain.tenant_id]
                read[chain.tenant_id] += [row["position"] for row in await conn.fetch(sql, chain.tenant_id, after)]
                await asyncio.sleep(0)
        finally:
            await conn.close()

    async with asyncio.TaskGroup() as group:
        relays = [group.create_task(relay()) for _ in range(3)]
        readers = [group.create_task(reader(chain)) for chain in chains]
        writers = [group.create_task(say(chain, w, w + 1, w + 2)) for chain in chains for w in range(0, 24, 3)]
        await asyncio.gather(*writers)
        await asyncio.wait_for(asyncio.gather(*readers), 60)
        done.set()
        await asyncio.gather(*relays)
    for chain in chains:
        start = begin[chain.tenant_id]
        assert read[chain.tenant_id] == list(range(start + 1, start + 25))
        assert sorted(n for _, n in await heard(chain)) == list(range(24))


def _dsn() -> str:
    import os

    return os.environ["MIGRATOR_DATABASE_URL"]


async def test_a_flood_of_one_holds_up_nobody(new_chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "EVENTS_A_POLL", 10)
    flooding, other = await new_chain(), await new_chain()
    await number_all()
    await (await owner()).execute(
        "INSERT INTO event_new AS n (tenant_id, type, at, data)"
        " SELECT $1, 'test.said', now(), jsonb_build_object('n', g) FROM generate_series(1, 5000) g",
        flooding.tenant_id,
    )
    await say(other, 1)
    assert await Numbering().poll() == 0
    assert [len(await heard(chain)) for chain in (flooding, other)] == [5, 1]
    pool = await role_pool("relay")
    for sql, values in (
        (numbering._TENANTS, (UUID(int=0), 100)),
        (numbering._statement(), ([flooding.tenant_id, other.tenant_id], 5)),
    ):
        plan = "\n".join(row[0] for row in await pool.fetch("EXPLAIN " + sql, *values))
        assert "Seq Scan on event_new" not in plan, plan


async def test_more_tenants_than_a_poll_takes_all_get_their_turn(
    new_chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [await new_chain() for _ in range(3)]
    await number_all()
    monkeypatch.setattr(numbering, "TENANTS_A_POLL", 1)
    for n, chain in enumerate(chains):
        await say(chain, n)
    await number_all()
    assert [[n for _, n in await heard(chain)] for chain in chains] == [[0], [1], [2]]


@contextmanager
def followed(monkeypatch: pytest.MonkeyPatch, sql: str) -> Iterator[Callable[[], None]]:
    monkeypatch.setattr(numbering, "_followers", dict(numbering._followers))
    follow("follower", sql)
    yield lambda: None


async def test_who_follows_does_so_in_the_same_statement(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    await number_all()
    monkeypatch.setattr(numbering, "_followers", dict(numbering._followers))
    follow(
        "follower",
        "INSERT INTO outbox AS o (tenant_id, name, payload) SELECT m.tenant_id, 'test.followed',"
        " jsonb_build_object('event', m.id, 'position', m.position, 'type', m.type) FROM numbered m"
        " WHERE m.type = 'test.said' AND (m.data ->> 'n')::int > 1",
    )
    with pytest.raises(ValueError, match="follower"):
        follow("follower", "SELECT 1")
    await say(chain, 1, 2)
    await number_all()
    rows = await (await owner()).fetch(
        "SELECT o.payload ->> 'position' AS position FROM outbox o WHERE o.tenant_id = $1 AND o.name = 'test.followed'",
        chain.tenant_id,
    )
    assert [int(row["position"]) for row in rows] == [position for position, n in await heard(chain) if n == 2]


async def test_a_follower_that_fails_leaves_everything_to_be_numbered(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    await number_all()
    before = await last(chain)
    await say(chain, 1)
    with monkeypatch.context() as broken:
        nameless = "INSERT INTO outbox AS o (tenant_id, name, payload) SELECT m.tenant_id, NULL, m.data FROM numbered m"
        broken.setattr(numbering, "_followers", {"follower": nameless})
        with pytest.raises(asyncpg.NotNullViolationError):
            await number_all()
    assert await heard(chain) == []
    await number_all()
    assert await heard(chain) == [(before + 1, 1)]


async def test_what_fails_for_one_tenant_stops_nobody_else(
    new_chain: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chains = [await new_chain() for _ in range(3)]
    await number_all()
    for n, chain in enumerate(chains):
        await say(chain, n)
    nameless = (
        "INSERT INTO outbox AS o (tenant_id, name, payload) SELECT m.tenant_id, NULL, m.data FROM numbered m"
        f" WHERE m.tenant_id = '{chains[1].tenant_id}'"
    )
    with monkeypatch.context() as broken:
        broken.setattr(numbering, "_followers", {"follower": nameless})
        assert await Numbering().poll() > 0  # it waits before it tries again
    assert [len(await heard(chain)) for chain in chains] == [1, 0, 1]
    assert str(chains[1].tenant_id) in caplog.text
    await number_all()
    assert [len(await heard(chain)) for chain in chains] == [1, 1, 1]


async def test_events_are_kept_for_a_month_and_then_go(chain: Chain) -> None:
    await say(chain, 1, 2)
    await number_all()
    age = "UPDATE event SET numbered_at = numbered_at - $2::interval WHERE tenant_id = $1 AND data ->> 'n' = $3"
    conn = await owner()
    from datetime import timedelta

    await conn.execute(age, chain.tenant_id, timedelta(days=30, hours=12), "2")
    await conn.execute(age, chain.tenant_id, timedelta(days=31, hours=1), "1")
    await chores.sweep()
    assert [n for _, n in await heard(chain)] == [2]


async def test_numbering_all_leaves_nothing_though_a_round_takes_some_of_each(
    new_chain: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = sorted([await new_chain() for _ in range(3)], key=lambda chain: chain.tenant_id)
    await number_all()
    monkeypatch.setattr(numbering, "TENANTS_A_POLL", 2)
    monkeypatch.setattr(numbering, "EVENTS_A_POLL", 4)
    for chain in chains:
        await say(chain, 1, 2, 3)
    await number_all()
    assert [[n for _, n in await heard(chain)] for chain in chains] == [[1, 2, 3]] * 3
