"""Buckets of requests, in Valkey: each refills evenly, and a request takes from all of its buckets or from none.

GCRA, the generic cell rate algorithm (ITU-T I.371, annex A): of a bucket one instant is kept, when it will be full
again. One script reads, decides and writes, on Valkey's own clock, so any number of processes count together.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.exceptions import NoScriptError

from saas.valkey import Line

BURST_SECONDS: Final = 5
"""A full bucket holds what its rate gives in so many seconds: what may come at once."""
_MICROSECONDS: Final = 1_000_000

# ARGV: cost, 1 to take it whether there is enough or not, then of each bucket microseconds a request and its size.
# A clock that was set back would leave instants far ahead: more than two full buckets' worth is not believed.
# Answers "<which bucket is short, 0 for none> <microseconds until there is enough>", then what each bucket has left
# and in how many microseconds it is full.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, always = tonumber(ARGV[1]), ARGV[2] == '1'
local short, wait = 0, 0
local full, after = {}, {}
for i = 1, #KEYS do
  local step, size = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  local kept = tonumber(redis.call('GET', KEYS[i]) or '0')
  full[i] = math.min(math.max(kept, now), now + 2 * size * step)
  after[i] = full[i] + cost * step
  local late = after[i] - now - size * step
  if late > wait then short, wait = i, late end
end
local out = string.format('%d %.0f', short, wait)
for i = 1, #KEYS do
  local step, size = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  if short == 0 or always then
    full[i] = after[i]
    redis.call('SET', KEYS[i], string.format('%.0f', full[i]), 'PX', string.format('%.0f', (full[i] - now) / 1000 + 1))
  end
  local left = math.max(math.floor((now + size * step - full[i]) / step), 0)
  out = out .. string.format(' %d %.0f', left, full[i] - now)
end
return out
"""
_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Bucket:
    """`name` is what callers are told; `key` is Valkey's, with the tenant in braces: one slot of a cluster. `rate`:
    requests a second.
    """

    name: str
    key: str
    rate: int

    @property
    def size(self) -> int:
        """How many requests it holds when it is full."""
        return self.rate * BURST_SECONDS


@dataclass(frozen=True, slots=True)
class Level:
    """What a bucket has left, and in how many seconds it is full."""

    left: int
    full_in: int


@dataclass(frozen=True, slots=True)
class Taken:
    """`short`: the bucket that had too little, None where the request may go on; `wait`: seconds until it would have
    enough, at least 1. `levels` are the buckets', in their order.
    """

    short: Bucket | None
    wait: int
    levels: tuple[Level, ...]


async def take(line: Line, buckets: Sequence[Bucket], cost: int = 1, *, always: bool = False) -> Taken:
    """Takes `cost` from every bucket, or nothing where one has too little. `always`: also then; what is missing has to
    refill first. Raises as `Line.ask`.
    """
    arguments = [part for bucket in buckets for part in (_MICROSECONDS // bucket.rate, bucket.size)]
    keys = [bucket.key for bucket in buckets]
    rest = (len(buckets), *keys, cost, int(always), *arguments)
    try:
        answer = await line.ask("EVALSHA", _SHA, *rest)
    except NoScriptError:  # a Valkey that has just begun
        answer = await line.ask("EVAL", _SCRIPT, *rest)
    short, wait, *levels = map(int, answer.split())
    return Taken(
        buckets[short - 1] if short else None,
        max(_seconds(wait), 1),
        tuple(Level(levels[at], _seconds(levels[at + 1])) for at in range(0, len(levels), 2)),
    )


def _seconds(microseconds: int) -> int:
    return math.ceil(microseconds / _MICROSECONDS)
