"""Valkey (or Redis) as Dramatiq's broker. It carries ids of outbox rows and nothing else, so it may be lost.

A message is `(tenant_id, outbox_id, attempt)`. The attempt makes a leftover of an earlier try harmless: only
a message of the row's present attempt runs it, so duplicates can't use a job's attempts up before their
backoff.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

from saas.settings import get_settings

log = logging.getLogger(__name__)

QUEUE: Final = "default"
ACTOR: Final = "run"
NAMESPACE: Final = "regulars"

# A killed worker's messages come back once it was silent for this long and somebody's command happens to do
# the maintenance (one in five): about 10 s. Only a short cut: the relay sends again after its lease anyway.
_HEARTBEAT_TIMEOUT_MS: Final = 5_000
_MAINTENANCE_PER_MILLION: Final = 200_000

# After a failed direct send nothing is tried for a while: a request shouldn't wait for a Valkey that is away.
_SILENCE_SECONDS: Final = 5.0

UNREACHABLE: Final = (redis.RedisError, OSError)


class Delivery(NamedTuple):
    """One outbox row on its way to a worker; `attempt` counts the failures before it."""

    tenant_id: UUID
    outbox_id: UUID
    attempt: int


class _Silence:
    until = 0.0


@lru_cache(maxsize=1)
def get_broker() -> RedisBroker:
    """The process's broker, without middleware; connects at its first command."""
    client: Any = redis.Redis.from_url(
        get_settings().redis_url.get_secret_value(),
        socket_timeout=5.0,
        socket_connect_timeout=2.0,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),  # one try more: a restarted server looks like a broken connection once
    )
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        middleware=[],
        namespace=NAMESPACE,
        heartbeat_timeout=_HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=_MAINTENANCE_PER_MILLION,
    )


def waiting() -> int:
    """How many messages wait for a worker. Blocks; raises one of UNREACHABLE."""
    client: redis.Redis = get_broker().client
    return int(client.llen(f"{NAMESPACE}:{QUEUE}"))


def send(deliveries: Sequence[Delivery]) -> None:
    """Puts messages on the queue, in order. Blocks; raises one of UNREACHABLE, perhaps after some of them."""
    broker = get_broker()
    for tenant_id, outbox_id, attempt in deliveries:
        args = (str(tenant_id), str(outbox_id), attempt)
        broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=args, kwargs={}, options={}))


async def send_directly(delivery: Delivery) -> None:
    """Sends one message if that works. Never raises for a broker that is away: the relay sends it after the
    lease.
    """
    if time.monotonic() < _Silence.until:
        return
    try:
        await asyncio.to_thread(send, [delivery])
    except UNREACHABLE as error:
        _Silence.until = time.monotonic() + _SILENCE_SECONDS
        log.warning("no direct send: %s", type(error).__name__)
