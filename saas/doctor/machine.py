"""What is on the machine: settings, files, cache."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.db import Role
from saas.doctor.finding import Finding, doubtful, ok, wrong
from saas.settings import Settings, is_loopback, split_keys

_GIB: Final = 1024**3
_LITTLE: Final = 5 * _GIB  # one import may be 4 GiB
_TOO_LITTLE: Final = _GIB // 2


_MEND: Final = {
    "SECRET_KEYS": "make one: regulars secrets new",
    "PUBLIC_URL": "put a reverse proxy with TLS before it, and set its address",
}


def settings_missing(error: ValidationError) -> Iterator[Finding]:
    """One finding for each setting that is missing or refused; never its value."""
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
        said = "isn't set" if fault["type"] == "missing" else fault["msg"]
        yield wrong(name, said, _MEND.get(name, "set it in the environment; docs/operator.md says what it is"))


def settings(found: Settings) -> Iterator[Finding]:
    """What is set, and whether it fits the environment."""
    yield ok("environment", found.environment)
    yield ok("SECRET_KEYS", f"{len(split_keys(found.secret_keys))} in use")
    address = urlsplit(found.public_url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        yield wrong("PUBLIC_URL", f"{found.public_url!r} isn't an address", "set it to https://…")
    else:
        yield ok("PUBLIC_URL", found.public_url)
    yield from _stripe(found)
    yield from _lines(found)


def _lines(found: Settings) -> Iterator[Finding]:
    """Whether what goes to other machines goes encrypted, to the machine that is meant."""
    about, open_to = "lines", []
    roles: tuple[Role, ...] = ("app", "gate", "relay", "operator")
    if any(_elsewhere(url) and not _verified(url) for url in {found.url_for(role) for role in roles}):
        open_to.append(("PostgreSQL", "add ?sslmode=verify-full&sslrootcert=… to the database's addresses"))
    redis = found.redis_url.get_secret_value()
    if _elsewhere(redis) and urlsplit(redis).scheme != "rediss":
        open_to.append(("Valkey", "take rediss:// for REDIS_URL"))
    for whom, mend in open_to:
        said = f"{whom} is on another machine, and what is said to it can be read or answered by others on the way"
        yield doubtful(about, said, mend)
    if not open_to:
        yield ok(about, "to PostgreSQL and Valkey: encrypted, or within this machine")


def _elsewhere(url: str) -> bool:
    """Whether an address leads off this machine; a socket's doesn't."""
    address = urlsplit(url)
    hosts = parse_qs(address.query).get("host") or address.netloc.rpartition("@")[2].split(",")
    return any(host and not host.startswith("/") and not is_loopback(_bare(host)) for host in hosts)


def _bare(host: str) -> str:
    """Without its port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _verified(url: str) -> bool:
    return parse_qs(urlsplit(url).query).get("sslmode") in (["verify-full"], ["verify-ca"])


def _stripe(found: Settings) -> Iterator[Finding]:
    """Whether chains can pay, and whether it would be real money."""
    about, key = "STRIPE_API_KEY", found.stripe_api_key
    if key is None:
        yield doubtful(about, "isn't set: chains can't pay", "set it; docs/operator.md says how")
    elif found.environment == "production" and "_live_" not in key.get_secret_value():
        yield doubtful(about, "is a test key: no money moves", "set the live key once trying out is over")
    elif not split_keys(found.stripe_webhook_secrets):
        said = "without STRIPE_WEBHOOK_SECRETS: what Stripe tells is refused, and is looked for every 15 minutes"
        yield doubtful(about, said, "set the signing secret of the webhook endpoint <PUBLIC_URL>/stripe/webhook")
    else:
        yield ok(about, f"at {found.stripe_api_base}")


def file_store(found: Settings) -> Iterator[Finding]:
    """Whether there is a folder to write to, and room in it."""
    about, folder = "FILE_STORE", found.file_store.absolute()
    place = next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield wrong(about, f"{place} can't be written to", f"make {folder} a folder of the user that runs Regulars")
        return
    free = shutil.disk_usage(place).free
    said = f"{folder} has {free / _GIB:.1f} GiB free"
    mend = "make room, or point FILE_STORE at a larger disk: imports are kept there until they are through"
    if free < _TOO_LITTLE:
        yield wrong(about, said, mend)
    elif free < _LITTLE:
        yield doubtful(about, said, mend)
    else:
        yield ok(about, said)


async def cache(found: Settings) -> list[Finding]:
    """Valkey or Redis: whether it answers, and whether it would throw messages away when it is full."""
    about = "Valkey"
    client = Redis.from_url(
        found.redis_url.get_secret_value(), socket_timeout=3, socket_connect_timeout=3, decode_responses=True
    )
    try:
        told = await client.info()
    except (RedisError, OSError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        return [wrong(about, said, "see that it runs, and that REDIS_URL names it (redis://user:password@host:port/0)")]
    finally:
        await client.aclose()
    policy = told.get("maxmemory_policy")
    if policy not in {None, "noeviction"}:
        mend = "CONFIG SET maxmemory-policy noeviction"
        return [doubtful(about, f"throws messages away when it is full ({policy}): jobs come late", mend)]
    return [ok(about, f"{told.get('server_name', 'redis')} {told.get('valkey_version', told.get('redis_version'))}")]
