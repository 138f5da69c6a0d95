"""The member whose wallet is meant, under its lock, and the place where money changes hands."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.members.identities import CARD, PHONE
from tenants.members.row import lock_member
from tenants.members.whereabouts import locate_identity
from tenants.top_ups.bodies import OfMember

_PLACE: Final = """
SELECT t.status, t.timezone, t.has_facts, t.programme_version, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2 WHERE t.tenant_id = $1"""


async def lock_meant(body: OfMember) -> asyncpg.Record:
    """Locks the member that the body names and takes its next number, whether it is there or has left: a row of
    `tenants.members.row.lock_member`, whose `locked_at` is the fact's `recorded_at`.

    Raises DomainError `unknown-member`, `phone-shared`.
    """
    if body.phone is not None:
        member_id = await locate_identity(PHONE, body.phone)
    elif body.card_no is not None:
        member_id = await locate_identity(CARD, body.card_no)
    elif body.member_id is not None:
        member_id = body.member_id
    else:
        raise DomainError("unknown-member")
    try:
        return await lock_member(member_id)
    except DomainError as error:
        if error.code != "not-found":
            raise
        raise DomainError("unknown-member") from None


async def place_of(branch_id: UUID) -> asyncpg.Record:
    """The tenant and the branch, read behind the member's lock: `timezone`, `has_facts`, `programme_version`,
    `closed_at`. Who is bound to branches may only act at those.

    Raises DomainError `not-permitted`, `tenant-closed`, `unknown-branch`.
    """
    if not current().principal.may_at(branch_id):
        raise DomainError("not-permitted")
    place = await connection().fetchrow(_PLACE, current().tenant_id, branch_id)
    if place is None or place["status"] in {"suspended", "cancelled"}:
        raise DomainError("tenant-closed")
    if place["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(branch_id)})
    return place
