"""The place where money changes hands."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.scope import connection, current

_PLACE: Final = """
SELECT t.status, t.timezone, t.has_facts, t.programme_version, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2 WHERE t.tenant_id = $1"""


async def place_of(branch_id: UUID) -> asyncpg.Record:
    """The tenant and the branch, read behind the member's lock: `timezone`, `has_facts`, `programme_version`,
    `closed_at`. Who is bound to branches may only act at those.

    Raises DomainError `not-permitted`, `tenant-closed`, `unknown-branch`.
    """
    if not current().principal.may_at(branch_id):
        raise DomainError("not-permitted")
    place = await connection().fetchrow(_PLACE, current().tenant_id, branch_id)
    if place is None or place["status"] in CLOSED:
        raise DomainError("tenant-closed")
    if place["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(branch_id)})
    return place
