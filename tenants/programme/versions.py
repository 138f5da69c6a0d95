"""The published versions of a tenant's programme. A version never changes once published."""

from collections import OrderedDict
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.kept import from_json
from tenants.programme.published import Published

_VERSION: Final = (
    "SELECT document, transition, published_at, effective_at, lineage, rolled_back_to, kept FROM programme_version"
    " WHERE tenant_id = $1 AND version = $2"
)
_CACHE_SIZE = 2000
_cache: OrderedDict[tuple[UUID, int], Programme] = OrderedDict()


async def programme(version: int) -> Programme:
    """A version of the current tenant's programme. Raises DomainError `not-found`."""
    key = (current().tenant_id, version)
    known = _cache.get(key)
    if known is not None:
        _cache.move_to_end(key)
        return known
    row = await connection().fetchrow(_VERSION, *key)
    if row is None:
        raise DomainError("not-found")
    parsed = Programme.parse(row["document"]).as_published(
        Published(
            row["transition"],
            row["published_at"],
            row["effective_at"] or row["published_at"],
            row["lineage"],
            row["rolled_back_to"],
            from_json(row["kept"]),
        )
    )
    _cache[key] = parsed
    while len(_cache) > _CACHE_SIZE:
        _cache.popitem(last=False)
    return parsed


async def current_version() -> int:
    """The number of the version in force."""
    version: int = await connection().fetchval(
        "SELECT programme_version FROM tenant WHERE tenant_id = $1", current().tenant_id
    )
    return version


async def version_at(instant: datetime) -> int:
    """The version that was in force at an instant (the tenant's clock); the first one before all of them."""
    version: int = await connection().fetchval(
        "SELECT coalesce(max(version) FILTER (WHERE published_at <= $2), min(version)) FROM programme_version"
        " WHERE tenant_id = $1",
        current().tenant_id,
        instant,
    )
    return version


async def current_programme() -> Programme:
    """The programme in force."""
    return await programme(await current_version())
