"""Whether a member is there: a list of nobody's is 404, not empty."""

from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current


async def require_member(member_id: UUID) -> None:
    """Raises DomainError `not-found` unless the current tenant has this member."""
    known = await connection().fetchval(
        "SELECT true FROM member WHERE tenant_id = $1 AND id = $2", current().tenant_id, member_id
    )
    if not known:
        raise DomainError("not-found")
