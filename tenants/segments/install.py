"""The segments that a new chain starts with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.scope import connection, current
from tenants.programme.strict import Names
from tenants.segments.conditions import AnySegmentCondition


@dataclass(frozen=True, slots=True)
class Selected:
    """A segment to keep: its code, its names, the condition that selects its members."""

    code: str
    names: Names
    condition: AnySegmentCondition


async def install_segments(segments: Sequence[Selected]) -> None:
    """Keeps a template's segments as the current tenant's own to change; the tenant has none of these codes yet."""
    ids: list[UUID] = [uuid7() for _ in segments]
    names: list[dict[str, Any]] = [segment.names.model_dump(mode="json") for segment in segments]
    conditions: list[dict[str, Any]] = [segment.condition.model_dump(mode="json") for segment in segments]
    await connection().execute(
        "INSERT INTO segment AS s (tenant_id, id, code, names, condition, source, created_at)"
        " SELECT $1, n.id, n.code, n.names, n.condition, 'template', clock_timestamp()"
        " FROM unnest($2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[]) AS n (id, code, names, condition)",
        current().tenant_id,
        ids,
        [segment.code for segment in segments],
        names,
        conditions,
    )
