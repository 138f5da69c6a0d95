"""Segments kept by name: making, changing, deleting and finding them."""

from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.programme.strict import Names
from tenants.programme.versions import current_programme
from tenants.segments.built_in import built_in
from tenants.segments.conditions import AnySegmentCondition, parse_segment_condition
from tenants.segments.usable import faults_of

_SHOWN: Final = "s.id, s.code, s.names, s.condition, s.source, s.created_at"
_INSERT: Final = f"""
INSERT INTO segment AS s (tenant_id, id, code, names, condition, source, created_at)
SELECT $1, $2, $3, $4, $5, 'tenant', clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1
ON CONFLICT DO NOTHING RETURNING {_SHOWN}
"""
_READ: Final = f"SELECT {_SHOWN} FROM segment AS s WHERE s.tenant_id = $1 AND s.id = $2"
_LIST: Final = f"""
SELECT {_SHOWN} FROM segment AS s WHERE s.tenant_id = $1 AND s.id > $2 ORDER BY s.id LIMIT $3
"""
_UPDATE: Final = f"""
UPDATE segment AS s SET names = coalesce($3, s.names), condition = coalesce($4, s.condition),
       followed = CASE WHEN $4 IS NULL THEN s.followed ELSE '[]' END
 WHERE s.tenant_id = $1 AND s.id = $2 RETURNING {_SHOWN}
"""
_FIND: Final = """
SELECT s.condition FROM segment AS s WHERE s.tenant_id = $1 AND (s.id = $2 OR s.code = $3)
"""
_BEGINNING: Final = UUID(int=0)


async def make_segment(code: str, names: Names, condition: AnySegmentCondition) -> dict[str, Any]:
    """A new segment, as JSON data. Raises DomainError `code-taken`, `validation-failed` for what the condition names
    and isn't there.
    """
    await _require_sound(condition)
    row = await connection().fetchrow(_INSERT, current().tenant_id, uuid7(), code, _json(names), _json(condition))
    if row is None:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("segment.create", f"segment:{row['id']}", {"code": code})
    return dict(row)


async def segments(after: UUID | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` segments in the order they were made, behind `after`."""
    rows = await connection().fetch(_LIST, current().tenant_id, after or _BEGINNING, count)
    return [dict(row) for row in rows]


async def segment(segment_id: UUID) -> dict[str, Any]:
    """One segment as JSON data. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, segment_id)
    if row is None:
        raise DomainError("not-found")
    return dict(row)


async def change_segment(
    segment_id: UUID, names: Names | None, condition: AnySegmentCondition | None
) -> dict[str, Any]:
    """Changes what is given; the code stays, campaigns know the segment by it. Raises DomainError `not-found`, and
    `validation-failed` as `make_segment`.
    """
    if condition is not None:
        await _require_sound(condition)
    row = await connection().fetchrow(_UPDATE, current().tenant_id, segment_id, _json(names), _json(condition))
    if row is None:
        raise DomainError("not-found")
    changed = [name for name, value in (("names", names), ("condition", condition)) if value is not None]
    await record("segment.change", f"segment:{segment_id}", {"code": row["code"], "changed": changed})
    return dict(row)


async def delete_segment(segment_id: UUID) -> None:
    """Takes the segment away, its members stay as they are. Raises DomainError `not-found`."""
    code = await connection().fetchval(
        "DELETE FROM segment AS s WHERE s.tenant_id = $1 AND s.id = $2 RETURNING s.code",
        current().tenant_id,
        segment_id,
    )
    if code is None:
        raise DomainError("not-found")
    await record("segment.delete", f"segment:{segment_id}", {"code": code})


async def condition_of(segment_id: UUID) -> AnySegmentCondition:
    """The condition of a segment. Raises DomainError `not-found`."""
    return parse_segment_condition((await segment(segment_id))["condition"])


async def condition_named(name: str) -> AnySegmentCondition | None:
    """The condition of the segment with this code or id, or of a built-in one; None where there is none."""
    if (found := built_in(name)) is not None:
        return found
    condition = await connection().fetchval(_FIND, current().tenant_id, _as_id(name), name)
    return None if condition is None else parse_segment_condition(condition)


def _as_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _json(part: Names | AnySegmentCondition | None) -> dict[str, Any] | None:
    return None if part is None else part.model_dump(mode="json")


async def _require_sound(condition: AnySegmentCondition) -> None:
    faults = await faults_of(condition, await current_programme())
    if faults:
        raise DomainError("validation-failed", errors=faults)
