"""Opening, changing and checking branches."""

from collections.abc import Collection, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from piccolo.columns import Column
from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError
from saas.errors import pointer as at
from saas.plans.limits import plan_limit
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.room import require_room, room
from tenants.branches.tables import Branch

Kind = Literal["own", "franchise"]

_SHOWN: Final[tuple[Column, ...]] = (
    Branch.id,
    Branch.code,
    Branch.name,
    Branch.kind,
    Branch.closed_at,
    Branch.created_at,
)
_KNOWN: Final = "SELECT code FROM branch WHERE tenant_id = $1 AND code = ANY ($2)"
_THESE: Final = "SELECT id FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"
_CLOSED: Final = "SELECT closed_at IS NOT NULL FROM branch WHERE tenant_id = $1 AND id = $2"


async def open_branch(code: str, name: str, kind: Kind) -> dict[str, Any]:
    """A new branch, as JSON data. Raises DomainError `code-taken`, `plan-limit`."""
    if await unknown_branches([code]):  # a code that is taken is said to be taken, whatever the plan
        await require_room()
    branch_id = uuid7()
    tag = await connection().execute(
        "INSERT INTO branch AS b (tenant_id, id, code, name, kind) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        current().tenant_id,
        branch_id,
        code,
        name,
        kind,
    )
    if tag == "INSERT 0 0":
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("branch.open", f"branch:{branch_id}", {"code": code, "kind": kind})
    return await branch(branch_id)


async def branch(branch_id: UUID) -> dict[str, Any]:
    """One branch as JSON data. Raises DomainError `not-found`."""
    mine = (Branch.tenant_id == current().tenant_id) & (Branch.id == branch_id)
    rows: list[dict[str, Any]] = await Branch.select(*_SHOWN).where(mine)
    if not rows:
        raise DomainError("not-found")
    return rows[0]


async def branches(after: UUID | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` branches in the order they were opened, behind `after`."""
    query = Branch.select(*_SHOWN).where(Branch.tenant_id == current().tenant_id)
    if after is not None:
        query = query.where(Branch.id > after)
    rows: list[dict[str, Any]] = await query.order_by(Branch.id).limit(count)
    return rows


async def change_branch(
    branch_id: UUID, *, name: str | None = None, kind: Kind | None = None, closed: bool | None = None
) -> dict[str, Any]:
    """Changes what is given; `closed` sets or clears when it closed, on the tenant's clock; its code stays.
    Raises DomainError `not-found`, `not-permitted` for a key that is bound to other branches, `plan-limit` where one
    is opened again.
    """
    before = await branch(branch_id)
    if not current().principal.may_at(branch_id):
        raise DomainError("not-permitted")
    if closed is False and before["closed_at"] is not None:
        await _require_room_for(branch_id)
    await connection().execute(
        "UPDATE branch AS b SET name = coalesce($3, b.name), kind = coalesce($4, b.kind),"
        " closed_at = CASE WHEN $5::boolean IS NULL THEN b.closed_at"
        "  WHEN $5 THEN coalesce(b.closed_at, clock_timestamp() + t.clock_offset) END"
        " FROM tenant AS t WHERE t.tenant_id = $1 AND b.tenant_id = $1 AND b.id = $2",
        current().tenant_id,
        branch_id,
        name,
        kind,
        closed,
    )
    after = await branch(branch_id)
    changed = {key: value for key, value in after.items() if value != before[key]}
    if changed:
        detail = {key: str(value) if value is not None else None for key, value in changed.items()}
        await record("branch.change", f"branch:{branch_id}", detail)
    return after


async def _require_room_for(branch_id: UUID) -> None:
    """Of a branch that is opened again: somebody else may have done so while we waited."""
    left, held = await room()
    if left < 1 and await connection().fetchval(_CLOSED, current().tenant_id, branch_id):
        raise plan_limit(held)


async def unknown_branches(codes: Sequence[str]) -> list[int]:
    """The places of those codes that no branch has."""
    if not codes:
        return []
    rows = await connection().fetch(_KNOWN, current().tenant_id, list(codes))
    known = {row["code"] for row in rows}
    return [n for n, code in enumerate(codes) if code not in known]


async def require_within_own(branch_ids: Collection[UUID] | None) -> None:
    """That the asker may give somebody a place at these branches; None: at every one. Raises DomainError
    `unknown-branch`, `not-permitted`.
    """
    principal = current().principal
    if branch_ids is None:
        if principal.branch_ids is not None:
            raise DomainError("not-permitted")
        return
    found = await connection().fetch(_THESE, current().tenant_id, list(branch_ids))
    known = {row["id"] for row in found}
    unknown = [n for n, branch_id in enumerate(branch_ids) if branch_id not in known]
    if unknown:
        errors = [FieldError(at("branch_ids", n), "unknown-branch") for n in unknown]
        raise DomainError("unknown-branch", errors=errors)
    if not all(principal.may_at(branch_id) for branch_id in branch_ids):
        raise DomainError("not-permitted")


def require_whole_chain() -> None:
    """What is all of the chain's isn't for who is bound to some of its branches. Raises DomainError `not-permitted`."""
    if current().principal.branch_ids is not None:
        raise DomainError("not-permitted")


def require_named(branch_id: UUID | None) -> None:
    """Of what may be done without a branch: a key that is bound to branches names one of them. Raises DomainError
    `validation-failed` where it names none, `not-permitted` for another one.
    """
    principal = current().principal
    if branch_id is None:
        if principal.branch_ids is not None:
            raise DomainError("validation-failed", errors=[FieldError("/branch_id", "required")])
    elif not principal.may_at(branch_id):
        raise DomainError("not-permitted")


async def require_branch(branch_id: UUID, pointer: str = "/branch_id") -> None:
    """That something may happen at this branch now. Raises DomainError `unknown-branch` and `branch-closed`
    with `pointer`, `not-permitted` for a key that is bound to other branches.
    """
    mine = (Branch.tenant_id == current().tenant_id) & (Branch.id == branch_id)
    rows = await Branch.select(Branch.closed_at).where(mine)
    if not rows:
        raise DomainError("unknown-branch", errors=[FieldError(pointer, "unknown-branch")])
    if not current().principal.may_at(branch_id):
        raise DomainError("not-permitted")
    if rows[0]["closed_at"] is not None:
        raise DomainError("branch-closed", errors=[FieldError(pointer, "invalid")])
