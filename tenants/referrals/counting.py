"""Asks for referrals to be counted. The counting itself is a job, because it needs the referrer's lock, which no
writer of the brought member's facts may wait for (`tenants.referrals.jobs`).
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.outbox import enqueue
from saas.scope import connection, current

JOB: Final = "referrals.count"
"""Payload: `member_ids`, whom to count for their referrers."""
CHUNK: Final = 500
"""Brought members a job; each locks its referrers for as long as it runs."""

_ONE_BY_ONE: Final = (
    "SELECT 1 FROM tenant t JOIN member_number q ON q.tenant_id = t.tenant_id AND q.member_id = $2"
    " WHERE t.tenant_id = $1 FOR NO KEY UPDATE OF t"
)
_REFERRER: Final = """
SELECT coalesce(b.merged_into, b.id) FROM member r JOIN member b ON b.tenant_id = r.tenant_id AND b.id = r.referrer_id
 WHERE r.tenant_id = $1 AND r.id = $2"""


async def count(member_ids: Collection[UUID]) -> None:
    """Queues the count of these brought members, in the caller's transaction: its changes are what is counted."""
    ordered = sorted(member_ids)
    for start in range(0, len(ordered), CHUNK):
        chunk = [str(one) for one in ordered[start : start + CHUNK]]
        await enqueue(JOB, {"member_ids": chunk})


async def referrer_changed(member_id: UUID, before: UUID | None, after: UUID | None) -> None:
    """To be called under the member's lock, where another referrer is set (before or after it is written).

    Raises DomainError `validation-failed` at `/referrer_id`: `self-referral`, `mutual-referral` (the member brought
    its referrer).
    """
    if before == after:
        return
    if after is not None:
        await _require_one_way(member_id, after)
    await count([member_id])


async def _require_one_way(member_id: UUID, referrer_id: UUID) -> None:
    """Of two members only one can have brought the other, also where both are set at the same instant: the tenant's
    row lets them pass one by one (the referrer's own would be locked out of the members' order). A member that is
    just being enrolled can't have brought anybody and waits for nobody.
    """
    if member_id == referrer_id:
        raise DomainError("validation-failed", errors=[FieldError("/referrer_id", "self-referral")])
    await connection().execute(_ONE_BY_ONE, current().tenant_id, member_id)
    if await connection().fetchval(_REFERRER, current().tenant_id, referrer_id) == member_id:
        raise DomainError("validation-failed", errors=[FieldError("/referrer_id", "mutual-referral")])
