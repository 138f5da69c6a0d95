"""What lies in Valkey. It holds no facts, but counters, sealed forms and codes: each key is one chain's or nobody's."""

import re
from typing import Any, Final

from redis.asyncio import Redis

from saas.isolation.cases.every import CASES
from saas.isolation.stage import Stage, send
from saas.settings import get_settings

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("a chain's rate limit, and its keys' and people's", re.compile(rf"limit:\{{({_UUID})\}}(?::.*)?")),
    ("a member's tries to confirm", re.compile(rf"consent(?:-sms)?:({_UUID}):{_UUID}")),
    ("a sign-up that waits, sealed for its chain", re.compile(r"join-waiting:[\w-]{24}")),
    ("a code by SMS, hashed, about a ticket or link", re.compile(r"phone-code(?:-tries)?:[\w:.-]+")),
    ("tries from outside, by the hash of whose", re.compile(r"[a-z-]+(?::(?:account|address))?:[0-9a-f]{32,64}")),
    ("the queue of the workers: ids of rows of the outbox", re.compile(r"(?:regulars|dramatiq):.*")),
)
_MOST: Final = 100_000
_BATCH: Final = 1000
_TRIES: Final = 20


async def in_the_cache(stage: Stage) -> None:
    """Each key is of a known kind and names at most one chain; what the attacker does moves none of the other's."""
    redis: Redis = Redis.from_url(get_settings().redis_url.get_secret_value())
    try:
        await _kinds(stage, redis)
        before = await _values(redis, str(stage.theirs.chain.tenant_id))
        for (method, _), case in list(CASES.items())[:_TRIES]:
            for one in case(stage.theirs.ids, stage.ours.furnished):
                answer = await send(stage.ours, method, one)
                stage.record.tried("cache", "keys of the other chain", answer.status_code)
        after = await _values(redis, str(stage.theirs.chain.tenant_id))
        if moved := sorted(key for key in after if before.get(key) != after[key]):
            stage.record.leak("cache", "keys of the other chain", "requests with its ids", f"{len(moved)} moved")
    finally:
        await redis.aclose()
    await stage.hold("cache", "keys of the other chain")


async def _kinds(stage: Stage, redis: Any) -> None:
    """Only the first hundred thousand keys: in a large installation there are many of each kind."""
    seen = 0
    async for raw in redis.scan_iter(count=_BATCH):
        key, seen = raw.decode(errors="replace"), seen + 1
        kind = next((name for name, pattern in KINDS if pattern.fullmatch(key)), None)
        chains = set(re.findall(_UUID, key)) & {str(one.chain.tenant_id) for one in (stage.ours, stage.theirs)}
        stage.record.tried("cache", kind or "unknown", "one chain's" if chains else "nobody's, or another chain's")
        if kind is None or len(chains) > 1:
            stage.record.leak("cache", kind or "unknown", "a key", re.sub(_UUID, "…", key)[:100])
        if seen >= _MOST:
            return


async def _values(redis: Any, tenant_id: str) -> dict[bytes, bytes | None]:
    return {key: await redis.dump(key) async for key in redis.scan_iter(match=f"*{tenant_id}*", count=_BATCH)}
