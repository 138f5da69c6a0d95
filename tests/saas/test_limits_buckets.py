"""Buckets in Valkey, and the one connection that asks for them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from uuid_utils.compat import uuid7

from saas.limits.buckets import Bucket, take
from saas.valkey import Line


@pytest.fixture
async def line(environ: dict[str, str]) -> AsyncIterator[Line]:
    opened = Line(environ["REDIS_URL"])
    yield opened
    await opened.close()


@pytest.fixture
async def valkey(environ: dict[str, str]) -> AsyncIterator[Any]:
    redis = Redis.from_url(environ["REDIS_URL"], decode_responses=True)
    yield redis
    await redis.aclose()


def a_bucket(rate: int, name: str = "tenant", tenant: object = None) -> Bucket:
    return Bucket(name, f"limit:{{{tenant or uuid7()}}}:{name}", rate)


async def pass_time(valkey: Any, bucket: Bucket, seconds: float) -> None:
    """Nobody waits for a bucket to refill: its instant is moved back instead."""
    await valkey.set(bucket.key, int(await valkey.get(bucket.key)) - int(seconds * 1_000_000), keepttl=True)


async def test_many_at_once_get_no_more_than_there_is(environ: dict[str, str]) -> None:
    bucket = a_bucket(2)
    lines = [Line(environ["REDIS_URL"]) for _ in range(3)]  # as three processes would
    started = time.monotonic()
    taken = await asyncio.gather(*(take(lines[n % 3], [bucket]) for n in range(120)))
    refilled = (time.monotonic() - started) * 2
    passed = sum(one.short is None for one in taken)
    assert bucket.size <= passed <= bucket.size + refilled + 1
    assert all(one.wait >= 1 for one in taken)
    for line in lines:
        await line.close()


async def test_a_bucket_refills_evenly(line: Line, valkey: Any) -> None:
    bucket = a_bucket(1)
    for _ in range(bucket.size):
        assert (await take(line, [bucket])).short is None
    while (await take(line, [bucket])).short is None:  # a second may have passed on the way
        pass
    await pass_time(valkey, bucket, 2)
    assert (await take(line, [bucket])).short is None
    await pass_time(valkey, bucket, 60)
    full = await take(line, [bucket])
    assert full.levels[0].left == bucket.size - 1
    assert full.levels[0].full_in == 1


async def test_a_request_takes_from_all_or_none(line: Line, valkey: Any) -> None:
    tenant = uuid7()
    large, small = a_bucket(100, "tenant", tenant), a_bucket(1, "key", tenant)
    while (await take(line, [large, small])).short is None:
        pass
    before = await valkey.get(large.key)
    refused = await take(line, [large, small], 3)
    assert refused.short == small
    assert refused.wait >= 2
    assert await valkey.get(large.key) == before


async def test_what_is_taken_always_has_to_refill_first(line: Line) -> None:
    bucket = a_bucket(1)
    await take(line, [bucket])
    owed = await take(line, [bucket], 9, always=True)
    assert owed.levels[0].left == 0
    refused = await take(line, [bucket])
    assert refused.short == bucket
    assert 3 <= refused.wait <= 6


async def test_keys_end_when_their_bucket_is_full(line: Line, valkey: Any) -> None:
    bucket = a_bucket(1)
    await take(line, [bucket], 2)
    assert 0 < await valkey.pttl(bucket.key) <= 2001


async def test_a_clock_that_was_set_back_locks_nobody_out(line: Line, valkey: Any) -> None:
    bucket = a_bucket(1)
    seconds, _ = await valkey.time()
    await valkey.set(bucket.key, (seconds + 86_400) * 1_000_000)
    assert (await take(line, [bucket])).wait <= 2 * bucket.size


async def test_a_valkey_that_has_just_begun_learns_the_script(line: Line, valkey: Any) -> None:
    await valkey.script_flush()
    bucket = a_bucket(10)
    assert (await take(line, [bucket])).levels[0].left == bucket.size - 1
    assert (await take(line, [bucket])).short is None


async def test_a_command_that_is_refused_hurts_no_other(line: Line) -> None:
    answers = await asyncio.gather(line.ask("NO-SUCH-COMMAND"), line.ask("ECHO", "still here"), return_exceptions=True)
    assert isinstance(answers[0], ResponseError)
    assert answers[1] == b"still here"


async def test_a_connection_that_broke_is_made_anew(line: Line, valkey: Any) -> None:
    number = await line.ask("CLIENT", "ID")
    await valkey.client_kill_filter(_id=number)
    assert await line.ask("PING") == b"PONG"


async def test_nobody_waits_long_for_a_valkey_that_hangs() -> None:
    held: list[asyncio.StreamWriter] = []

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    line = Line(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    both = await asyncio.gather(line.ask("PING"), line.ask("PING"), return_exceptions=True)
    assert all(isinstance(one, TimeoutError) for one in both)
    await line.close()
    for writer in held:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_everything_on_a_loop_shares_one_line_to_the_settings_valkey(environ: dict[str, str]) -> None:
    from saas import valkey as shared

    assert shared.line() is shared.line()
    before = await shared.line().ask("CLIENT", "ID")
    await shared.close_lines()
    assert await shared.line().ask("CLIENT", "ID") != before
