"""Saved views of the members' list: the filters of its address under a name, somebody's own or the whole chain's."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.field_types import clean_line
from saas.scope import connection, current
from saas.validation import parse_query
from tenants.audit.record import record
from tenants.members.bodies import MembersQuery

FILTERS: Final = ("q", "tier", "segment", "tag", "branch_id", "status")
KEPT: Final = (*FILTERS, "sort")
"""What a view keeps: who is in the list, and in which order."""
MOST: Final = 20
"""So many of one's own, and so many of the chain's."""
_LONGEST: Final = 40

_MINE: Final = (
    "SELECT v.id, v.name, v.filters, v.staff_id IS NULL AS everybodys FROM member_view AS v"
    " WHERE v.tenant_id = $1 AND (v.staff_id IS NULL OR v.staff_id = $2) ORDER BY v.staff_id IS NOT NULL, v.id"
)
_COUNT: Final = (
    "SELECT count(*) FROM member_view AS v"
    " WHERE v.tenant_id = $1 AND v.staff_id IS NOT DISTINCT FROM $2::uuid AND v.name <> $3"
)
_SAVE: Final = (
    "INSERT INTO member_view AS v (tenant_id, id, staff_id, name, filters, created_by)"
    " VALUES ($1, uuidv7(), $2, $3, $4, $5)"
    " ON CONFLICT (tenant_id, staff_id, name) DO UPDATE SET filters = excluded.filters RETURNING v.id"
)
_REMOVE: Final = (
    "DELETE FROM member_view AS v WHERE v.tenant_id = $1 AND v.id = $2"
    " AND (v.staff_id = $3 OR v.staff_id IS NULL AND $4) RETURNING v.name, v.staff_id IS NULL AS everybodys"
)


@dataclass(frozen=True, slots=True)
class View:
    """`mine` to remove: one's own, or the chain's for who may change these."""

    id: UUID
    name: str
    filters: dict[str, str]
    everybodys: bool
    mine: bool


async def views() -> list[View]:
    """The chain's, then one's own, each in the order they were saved."""
    rows = await connection().fetch(_MINE, current().tenant_id, _asker())
    owner = current().principal.may("admin")
    return [
        View(row["id"], row["name"], row["filters"], row["everybodys"], owner or not row["everybodys"]) for row in rows
    ]


async def save_view(name: str, filters: dict[str, str], *, everybodys: bool) -> None:
    """Keeps it, over a former one of the same name. Raises DomainError `validation-failed` for a name that isn't one,
    filters that the list wouldn't take, or one too many; `forbidden` for who may not change the chain's.
    """
    if everybodys and not current().principal.may("admin"):
        raise DomainError("forbidden", params={"scope": "admin"})
    name = _name(name)
    kept: dict[str, Any] = {key: value for key, value in filters.items() if key in KEPT and value}
    parse_query(MembersQuery, kept)
    owner = None if everybodys else _asker()
    if await connection().fetchval(_COUNT, current().tenant_id, owner, name) >= MOST:
        raise DomainError("validation-failed", errors=[FieldError("/name", "too-many", {"max": MOST})])
    view_id = await connection().fetchval(_SAVE, current().tenant_id, owner, name, kept, current().principal.actor)
    if everybodys:
        await record("member_view.save", f"member_view:{view_id}", {"name": name})


def _name(text: str) -> str:
    try:
        name = clean_line(text)
    except InvalidValueError as error:
        raise DomainError("validation-failed", errors=[FieldError("/name", error.code, error.params)]) from None
    if len(name) > _LONGEST:
        raise DomainError("validation-failed", errors=[FieldError("/name", "too-long", {"max": _LONGEST})])
    return name


async def remove_view(view_id: UUID) -> None:
    """Raises DomainError `not-found`, also for another's own."""
    row = await connection().fetchrow(_REMOVE, current().tenant_id, view_id, _asker(), current().principal.may("admin"))
    if row is None:
        raise DomainError("not-found")
    if row["everybodys"]:
        await record("member_view.remove", f"member_view:{view_id}", {"name": row["name"]})


def _asker() -> UUID | None:
    kind, _, asker = current().principal.actor.partition(":")
    return UUID(asker) if kind == "staff" else None
