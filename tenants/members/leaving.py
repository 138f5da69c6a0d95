"""A member leaves (退会): closed, its identifiers free again, its consents ended, its history readable as before.

Points, bonus and coupons end with it; principal and passes stay payable.
"""

from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.audit.record import record
from tenants.confirming.forgetting import forget_consents
from tenants.events.emit import emit
from tenants.members.consents import CHANNELS, withdraw
from tenants.members.ending import end_value
from tenants.members.identities import identities_of, release
from tenants.members.row import lock_member
from tenants.members.terms import present_terms
from tenants.messages.listing import stop_messages
from tenants.wallet.leaving import void_bonus

_CLOSE: Final = """
UPDATE member AS m SET status = 'closed', closed_at = $3, revision = m.revision + 1
 WHERE m.tenant_id = $1 AND m.id = $2
"""
# Nothing is owed any more to a tier that no evaluation looks at.
_DROP_RECHECKS: Final = "DELETE FROM tier_recheck AS r WHERE r.tenant_id = $1 AND r.member_id = $2"
# Nobody calls who has left.
_DROP_TASKS: Final = """
UPDATE task AS t SET state = 'dropped', ended_at = $3::timestamptz, ended_by = 'system',
       ended_on = ($3::timestamptz AT TIME ZONE c.timezone)::date
  FROM tenant AS c WHERE c.tenant_id = $1 AND t.tenant_id = $1 AND t.member_id = $2 AND t.state = 'open'
"""


async def close_member(member_id: UUID) -> None:
    """Closes the member that the id leads to; one that has left stays as it is. The row keeps its phone and name, so
    that staff can read who it was; nothing leads to it by them.

    Raises DomainError `not-found`, `tenant-closed`.
    """
    member = await lock_member(member_id)
    await present_terms()
    if member["status"] == "active":
        await close_locked(member)


async def close_locked(member: asyncpg.Record) -> None:
    """The same for an active member under its lock (a row of `lock_member`)."""
    member_id: UUID = member["id"]
    await release(member_id, await identities_of(member_id))
    withdrawn = await withdraw(member_id, CHANNELS, member["locked_at"], "leaving")
    ended = await end_value(member)
    await connection().execute(_CLOSE, current().tenant_id, member_id, member["locked_at"])
    await connection().execute(_DROP_RECHECKS, current().tenant_id, member_id)
    await connection().execute(_DROP_TASKS, current().tenant_id, member_id, member["locked_at"])
    await forget_consents([member_id])
    await stop_messages([member_id])
    await void_bonus(member)
    await emit("member.left", {}, member_id=member_id, at=member["locked_at"])
    await record("member.leave", f"member:{member_id}", {"consents_withdrawn": sorted(withdrawn), **ended})
