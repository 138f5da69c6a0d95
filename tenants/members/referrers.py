"""Who brought a member: one other member, direct only."""

from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.merged import leads_to

_REFERRER: Final = f"""
SELECT r.id, r.status FROM member AS m
  JOIN member AS r ON r.tenant_id = m.tenant_id AND r.id = {leads_to("m")}
 WHERE m.tenant_id = $1 AND m.id = $2
"""


async def require_referrer(referrer_id: UUID, member_id: UUID | None = None) -> UUID:
    """The member that the id leads to, who may have brought `member_id` (None: somebody who is not enrolled yet).

    Raises DomainError `validation-failed` at `/referrer_id`: `unknown-member`, `member-closed`, `self-referral`.
    """
    row: Any = await connection().fetchrow(_REFERRER, current().tenant_id, referrer_id)
    code = None
    if row is None:
        code = "unknown-member"
    elif row["id"] == member_id:
        code = "self-referral"
    elif row["status"] != "active":
        code = "member-closed"
    if code is not None:
        raise DomainError("validation-failed", errors=[FieldError("/referrer_id", code)])
    found: UUID = row["id"]
    return found
