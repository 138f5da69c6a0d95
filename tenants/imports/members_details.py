"""What a member file says beside the profile: tags and declared attributes, read and written set by set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from saas.scope import connection
from tenants.imports.context import Context
from tenants.imports.layout import ATTRIBUTE
from tenants.members.attributes import Value

_TAGS: Final = "SELECT member_id, tag FROM member_tag WHERE tenant_id = $1 AND member_id = ANY($2)"
_ATTRIBUTES: Final = (
    "SELECT member_id, code, text, number, day, truth FROM member_attribute"
    " WHERE tenant_id = $1 AND member_id = ANY($2) AND code = ANY($3)"
)
_UNTAG: Final = (
    "DELETE FROM member_tag AS t USING unnest($2::uuid[], $3::text[]) AS n (member_id, tag)"
    " WHERE t.tenant_id = $1 AND t.member_id = n.member_id AND t.tag = n.tag"
)
_TAG: Final = (
    "INSERT INTO member_tag AS t (tenant_id, member_id, tag)"
    " SELECT $1, n.member_id, n.tag FROM unnest($2::uuid[], $3::text[]) AS n (member_id, tag)"
)
_SET: Final = """
INSERT INTO member_attribute AS a (tenant_id, member_id, code, text, number, day, truth)
SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::date[], $7::boolean[]) AS n
ON CONFLICT (tenant_id, member_id, code) DO UPDATE SET
    text = excluded.text, number = excluded.number, day = excluded.day, truth = excluded.truth
"""


@dataclass(frozen=True, slots=True)
class Details:
    """Tags, and values of those attributes that the file has columns for."""

    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, Value] = field(default_factory=dict)


NONE: Final = Details()


async def read_details(members: list[UUID], context: Context) -> dict[UUID, Details]:
    """What is kept of these members. A file without such columns asks nothing."""
    tags: dict[UUID, set[str]] = {}
    values: dict[UUID, dict[str, Value]] = {}
    codes = [name.removeprefix(ATTRIBUTE) for name in context.layout.columns if name.startswith(ATTRIBUTE)]
    if members and "tags" in context.layout.columns:
        for row in await connection().fetch(_TAGS, context.tenant_id, members):
            tags.setdefault(row["member_id"], set()).add(row["tag"])
    if members and codes:
        for row in await connection().fetch(_ATTRIBUTES, context.tenant_id, members, codes):
            values.setdefault(row["member_id"], {})[row["code"]] = Value(*tuple(row)[2:])
    return {one: Details(frozenset(tags.get(one, ())), values.get(one, {})) for one in members}


async def write_details(before: Mapping[UUID, Details], after: Mapping[UUID, Details], context: Context) -> None:
    """Writes what differs. The members are there, and locked."""
    gone: list[tuple[UUID, str]] = []
    new: list[tuple[UUID, str]] = []
    changed: list[tuple[Any, ...]] = []
    for member, details in after.items():
        old = before.get(member, NONE)
        gone += [(member, tag) for tag in sorted(old.tags - details.tags)]
        new += [(member, tag) for tag in sorted(details.tags - old.tags)]
        changed += [
            (member, code, value.text, value.number, value.day, value.truth)
            for code, value in details.attributes.items()
            if old.attributes.get(code) != value
        ]
    await _each(_UNTAG, gone, context)
    await _each(_TAG, new, context)
    await _each(_SET, changed, context)


async def _each(statement: str, rows: Iterable[tuple[Any, ...]], context: Context) -> None:
    columns = list(zip(*rows, strict=True))
    if columns:
        await connection().execute(statement, context.tenant_id, *columns)
