"""What is on the machine: settings, files, cache."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.doctor.finding import Finding, doubtful, ok, wrong
from saas.settings import Settings, split_keys

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
