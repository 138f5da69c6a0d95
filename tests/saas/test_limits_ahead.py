"""A caller that is at it is counted some requests at a time, and sends no more for that."""

import itertools
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from saas.limits import ahead
from saas.limits.ahead import MOST, SECONDS, Account
from saas.limits.buckets import Bucket, Level, Taken, take
from saas.valkey import Line

RATE = 100  # a bucket of 500


@pytest.fixture
async def line(environ: dict[str, str]) -> AsyncIterator[Line]:
    found = Line(environ["REDIS_URL"])
    yield found
    await found.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"is": 1000.0}
    monkeypatch.setattr(ahead, "monotonic", lambda: now["is"])
    return now


def account() -> Account:
    return Account(RATE, [Bucket("key", f"limit:{{{secrets.token_hex(8)}}}:key", RATE)])


async def send(one: Account, line: Line) -> tuple[bool, bool]:
    """Whether a request may go on, and whether Valkey was asked for it."""
    if one.spend():
        return True, False
    wanted = one.wanted()
    taken = await take(line, one.buckets, wanted)
    if taken.short is not None and wanted > 1:
        wanted, taken = 1, await take(line, one.buckets)
    one.told(taken, wanted)
    return taken.short is None, True


def left(one: Account) -> int:
    return int(one.level().split("r=")[1].split(";")[0])


async def test_who_is_at_it_is_asked_about_seldom_and_told_each_one(line: Line, clock: dict[str, float]) -> None:
    one, asked, levels = account(), 0, []
    for _ in range(100):
        through, by_valkey = await send(one, line)
        assert through
        asked += by_valkey
        levels.append(left(one))
    assert asked <= 13  # four by themselves, 2, 4, 8 and then sixteen at a time
    assert levels[0] - levels[-1] <= 99
    steps = [before - after for before, after in itertools.pairwise(levels)]
    assert max(steps) == 1  # never more than the one that was sent; between two messages something refills


async def test_no_more_gets_through_than_the_bucket_holds(line: Line, clock: dict[str, float]) -> None:
    one, plain = account(), account()
    sent = 0
    while (await send(one, line))[0]:
        sent += 1
    counted = 0
    while (await take(line, plain.buckets)).short is None:
        counted += 1
    refilled = 2 * RATE  # two seconds' worth, on a slow machine
    assert 5 * RATE <= sent <= 5 * RATE + refilled
    assert 5 * RATE <= counted <= 5 * RATE + refilled
    assert left(one) == 0


async def test_what_is_not_used_at_once_is_given_up(line: Line, clock: dict[str, float]) -> None:
    one = account()
    for _ in range(7):  # four by themselves; two of which the second is taken ahead; four, of which three are
        await send(one, line)
    assert one.spend()
    clock["is"] += SECONDS
    assert not one.spend()
    assert one.wanted() == 2  # so many were used


async def test_who_is_slower_than_half_a_second_for_sixteen_is_asked_about_seldom(
    line: Line, clock: dict[str, float]
) -> None:
    one, asked, taken = account(), 0, 0
    for n in range(300):
        through, by_valkey = await send(one, line)
        assert through
        if n >= 30:
            asked, taken = asked + by_valkey, taken + (one._size if by_valkey else 0)
        clock["is"] += 1 / 28
    assert asked <= 25  # fourteen at a time
    assert taken <= 1.1 * 270  # hardly more than were sent


async def test_who_paused_is_not_at_it_any_more(line: Line, clock: dict[str, float]) -> None:
    one = account()
    for _ in range(40):
        await send(one, line)
    clock["is"] += 2 * SECONDS
    assert not one.spend()
    assert one.wanted() == 1


def test_only_an_eighth_of_what_is_left_is_taken_ahead(clock: dict[str, float]) -> None:
    one = account()
    wanted = []
    for still in (400, 400, 400, 400, 400, 400, 400, 400, 100, 64, 17, 15, 0):
        while one.spend():
            pass
        wanted.append(one.wanted())
        one.told(Taken(None, 1, (Level(still, 1),)), wanted[-1])
    assert wanted == [1, 1, 1, 1, 2, 4, 8, MOST, MOST, 12, 8, 2, 1]


def test_while_one_asks_for_many_the_others_ask_for_themselves(clock: dict[str, float]) -> None:
    one: Any = account()
    for _ in range(4):
        one.told(Taken(None, 1, (Level(400, 1),)), one.wanted())
    assert [one.wanted(), one.wanted(), one.wanted()] == [2, 1, 1]
    one.told(None, 2)  # Valkey was away: nothing is spent that wasn't taken
    assert not one.spend()
