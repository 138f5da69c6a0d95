"""A member's own row: reading it, and locking it for a change."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import begin_again, connection, current
from tenants.members.whereabouts import survivor_of
from tenants.merged import leads_to
from tenants.numbers import locking

PROFILE: Final = (
    "phone",
    "name",
    "external_id",
    "card_no",
    "kind",
    "birthday",
    "birthday_calendar",
    "gender",
    "joined_on",
    "branch_id",
    "referrer_id",
)
"""What can be changed of the row."""
SHOWN: Final = ("id", "status", *PROFILE, "source", "enrolled_by", "is_returning", "created_at", "closed_at")
COLUMNS: Final = ", ".join(f"m.{column}" for column in (*SHOWN, "revision"))
"""What is shown of `member AS m`, and its revision."""

_READ: Final = f"""
SELECT {COLUMNS} FROM member AS o
  JOIN member AS m ON m.tenant_id = o.tenant_id AND m.id = {leads_to("o")}
 WHERE o.tenant_id = $1 AND o.id = $2
"""
# On its own, before anything is read: whoever waits for it then sees what the one before it wrote.
_LOCK: Final = f"""
WITH {locking(COLUMNS.removeprefix("m.id, "), "m.id = $2 AND m.merged_into IS NULL")}
SELECT m.*, l.seq, l.locked_at + t.clock_offset AS locked_at
  FROM m JOIN l ON l.id = m.id JOIN tenant AS t ON t.tenant_id = $1
"""
_LOCKS_IN_A_ROW: Final = 5
_ROWS: Final = f"SELECT {COLUMNS} FROM member AS m WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[]) ORDER BY m.id DESC"


async def member_row(member_id: UUID) -> asyncpg.Record:
    """The row of the member that this id leads to. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, member_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def member_rows(ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """The rows of these very members, the newest first."""
    return await connection().fetch(_ROWS, current().tenant_id, list(ids))


async def lock_member(member_id: UUID) -> asyncpg.Record:
    """Locks the member that this id leads to, whatever its status, and takes its next number: `COLUMNS`, `seq`, and
    `locked_at`, the instant of what is to be recorded on the tenant's clock.

    Raises DomainError `not-found`.
    """
    for _ in range(_LOCKS_IN_A_ROW):
        row = await connection().fetchrow(_LOCK, current().tenant_id, member_id)
        if row is not None:
            return row
        member_id = await survivor_of(member_id)  # merged, perhaps while we waited for the lock
        begin_again()
    raise DomainError("busy")


async def lock_active(member_id: UUID) -> asyncpg.Record:
    """The same for a member who is there. Raises DomainError `not-found`, `member-closed`."""
    row = await lock_member(member_id)
    if row["status"] != "active":
        raise DomainError("member-closed")
    return row
