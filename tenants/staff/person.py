"""Who works here: reading, changing and removing staff. Somebody who was only invited is staff without an account."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.sandboxed import tell_beside
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_within_own
from tenants.staff.employ import Role

_SHOWN: Final = """
SELECT s.id, s.name, s.email, s.role, s.branch_ids, s.created_at, s.left_at,
       CASE WHEN s.left_at IS NOT NULL THEN 'left' WHEN s.account_id IS NULL THEN 'invited' ELSE 'active' END AS state,
       CASE WHEN s.left_at IS NULL AND s.account_id IS NULL THEN s.invitation_until END AS invited_until
  FROM staff s
 WHERE s.tenant_id = $1"""
# Who works at one of these branches, or everywhere; null: anybody.
_SEEN: Final = "($3::uuid[] IS NULL OR s.branch_ids IS NULL OR s.branch_ids && $3)"
_ONE: Final = f"{_SHOWN} AND s.id = $2 AND {_SEEN}"
_HERE: Final = f"{_SHOWN} AND s.left_at IS NULL AND ($2::uuid IS NULL OR s.id > $2) AND {_SEEN} ORDER BY s.id LIMIT $4"
# Held until the end, so that of two owners who remove each other one finds itself the last.
_LOCK: Final = "SELECT FROM tenant AS t WHERE t.tenant_id = $1 FOR NO KEY UPDATE"
_OTHER_OWNER: Final = (
    "SELECT EXISTS (SELECT FROM staff s WHERE s.tenant_id = $1 AND s.id <> $2 AND s.role = 'owner'"
    " AND s.account_id IS NOT NULL AND s.left_at IS NULL)"
)
_CHANGE: Final = "UPDATE staff AS s SET name = $3, role = $4, branch_ids = $5 WHERE s.tenant_id = $1 AND s.id = $2"
_NAME: Final = (
    "UPDATE staff AS s SET name = $3 WHERE s.tenant_id = $1 AND s.id = $2 AND s.left_at IS NULL AND s.name <> $3"
)
_PLACE: Final = (
    "UPDATE platform.account_tenant AS a SET role = $3, branch_ids = $4 WHERE a.tenant_id = $1 AND a.staff_id = $2"
)
_LEAVE: Final = "UPDATE staff AS s SET left_at = clock_timestamp() WHERE s.tenant_id = $1 AND s.id = $2"
_OUT: Final = "DELETE FROM platform.account_tenant AS a WHERE a.tenant_id = $1 AND a.staff_id = $2"


async def person(staff_id: UUID) -> dict[str, Any]:
    """One of staff as JSON data, also who has left. Raises DomainError `not-found`, also where the asker is bound to
    branches and the person works at none of them.
    """
    row = await connection().fetchrow(_ONE, current().tenant_id, staff_id, current().principal.branch_ids)
    if row is None:
        raise DomainError("not-found")
    return dict(row)


async def people(after: UUID | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` of those who work here or are invited, in the order they came, behind `after`. Who is bound to
    branches sees whom they meet there: who works at one of them, or everywhere.
    """
    own = current().principal.branch_ids
    return [dict(row) for row in await connection().fetch(_HERE, current().tenant_id, after, own, count)]


async def change_person(
    staff_id: UUID,
    *,
    name: str | None = None,
    role: Role | None = None,
    limits: tuple[Collection[UUID] | None] | None = None,
) -> dict[str, Any]:
    """Changes what is given; `limits` holds the only branches, or None for every branch. Counts from the next request
    on. Raises DomainError `not-found`, `last-owner`, `not-permitted`, `unknown-branch`, `validation-failed` for an
    owner with limits.
    """
    before = await to_be_changed(staff_id)
    new_role: Role = role or before["role"]
    branch_ids = limits[0] if limits is not None else None if new_role == "owner" else before["branch_ids"]
    wanted = await allowed_limits(new_role, branch_ids)
    if new_role != "owner":
        await _require_other_owner(before)
    tenant_id = current().tenant_id
    await connection().execute(_CHANGE, tenant_id, staff_id, name or before["name"], new_role, wanted)
    await connection().execute(_PLACE, tenant_id, staff_id, new_role, wanted)
    after = await person(staff_id)
    changed = {key: after[key] for key in ("role", "branch_ids") if after[key] != before[key]}
    if after["name"] != before["name"]:
        changed["name"] = True  # which one is the person's own
    if changed:
        await tell_beside()
        await record("staff.change", f"staff:{staff_id}", _plain(changed))
    return after


async def call_oneself(staff_id: UUID, name: str) -> None:
    """One's own name, in the current scope."""
    tag = await connection().execute(_NAME, current().tenant_id, staff_id, name)
    if tag != "UPDATE 0":
        await record("staff.change", f"staff:{staff_id}", {"name": True})


async def remove_person(staff_id: UUID) -> None:
    """The place is lost at once, an invitation withdrawn; again is fine. The name stays beside what was done.
    Raises DomainError `not-found`, `last-owner`, `not-permitted`.
    """
    if (await person(staff_id))["state"] == "left":
        return
    before = await to_be_changed(staff_id)
    await _require_other_owner(before)
    await connection().execute(_LEAVE, current().tenant_id, staff_id)
    await connection().execute(_OUT, current().tenant_id, staff_id)
    await tell_beside()
    await record("staff.remove", f"staff:{staff_id}", {"state": before["state"], "role": before["role"]})


async def allowed_limits(role: Role, branch_ids: Collection[UUID] | None) -> list[UUID] | None:
    """The branches, each once, if the asker may give a place with them. Raises DomainError `validation-failed`,
    `unknown-branch`, `not-permitted`.
    """
    if branch_ids is not None and role == "owner":
        raise DomainError("validation-failed", errors=[FieldError("/branch_ids", "owner-everywhere")])
    await require_within_own(branch_ids)
    return None if branch_ids is None else list(dict.fromkeys(branch_ids))


async def to_be_changed(staff_id: UUID) -> dict[str, Any]:
    """Somebody who is here, nobody else changing staff meanwhile; and the asker stands above: who is bound to branches
    has no say over who works elsewhere, too.
    """
    await connection().execute(_LOCK, current().tenant_id)
    found = await person(staff_id)
    if found["state"] == "left":
        raise DomainError("not-found")
    own = current().principal.branch_ids
    if own is not None and not (found["branch_ids"] and set(found["branch_ids"]) <= own):
        raise DomainError("not-permitted")
    return found


async def _require_other_owner(found: dict[str, Any]) -> None:
    if found["role"] != "owner" or found["state"] != "active":
        return
    if not await connection().fetchval(_OTHER_OWNER, current().tenant_id, found["id"]):
        raise DomainError("last-owner")


def _plain(changed: dict[str, Any]) -> dict[str, Any]:
    return {key: [str(x) for x in value] if isinstance(value, list) else value for key, value in changed.items()}
