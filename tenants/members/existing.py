"""Whether a member is there: a list of nobody's is 404, not empty."""

from uuid import UUID

from tenants.members.whereabouts import united


async def require_member(member_id: UUID) -> list[UUID]:
    """The ids under which this member's facts are: the survivor's first, then those merged into it.

    Raises DomainError `not-found` unless the current tenant has this member.
    """
    return await united(member_id)
