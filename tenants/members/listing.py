"""Lists of members, each filter by an index that row level security lets through (leakproof operators only)."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.paging import decode_cursor
from saas.scope import connection, current
from tenants.members.bodies import MembersQuery
from tenants.members.identities import CARD, KIND_OF_FIELD, PHONE
from tenants.members.phones import normalise_phone
from tenants.members.standing import COLUMNS
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme

_LAST4: Final = 4
_LAST_CHARACTER: Final = "\U0010ffff"  # sorts behind every name that begins with what stands before it
_END: Final = UUID(int=2**128 - 1)

_OF_IDENTITY: Final = "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = {} AND value = {}"
_OF_LAST4: Final = "SELECT id FROM member WHERE tenant_id = $1 AND phone_last4 = {}"
_OF_NAME: Final = "SELECT id FROM member WHERE tenant_id = $1 AND name_key ~>=~ {} AND name_key ~<~ {}"
_IN_TIER: Final = "FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank = {} AND t.tier = {}"
_ABOVE_BASE: Final = "FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank > 0"


@dataclass
class _Sql:
    """A statement under way. `$1` is the tenant, `$2` the cursor, `$3` the number of rows."""

    args: list[object]
    sources: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)

    def put(self, text: str, *values: object) -> str:
        """`text` with its `{}` as numbered parameters."""
        first = len(self.args) + 1
        self.args.extend(values)
        return text.format(*(f"${n}" for n in range(first, first + len(values))))


async def list_members(query: MembersQuery) -> list[asyncpg.Record]:
    """Up to `limit` + 1 members, the newest first. Raises DomainError `invalid-cursor`, and `validation-failed`
    for a ladder or tier that the programme hasn't.
    """
    sql, args = statement(query, await current_programme(), current().tenant_id)
    return await connection().fetch(sql, *args)


def statement(query: MembersQuery, programme: Programme, tenant_id: UUID) -> tuple[str, list[object]]:
    """The list's SQL with its parameters. The page of ids is found first, behind MATERIALIZED, so that the planner
    can't walk a million members in their order to meet the few that a filter leaves.
    """
    (before,) = decode_cursor(query.cursor, UUID) or (_END,)
    sql = _Sql([tenant_id, before, query.limit + 1])
    for name, kind in KIND_OF_FIELD.items():
        value = getattr(query, name)
        if value is not None:
            sql.sources.append(sql.put(_OF_IDENTITY, kind, value))
    if query.q is not None:
        sql.sources.append(_search(sql, query.q))
    if query.tier is not None:
        _tier(sql, query.tier, programme)
    page = _page(sql)
    return (
        f"WITH page AS MATERIALIZED ({page})"
        f" SELECT {COLUMNS} FROM page JOIN member AS m ON m.tenant_id = $1 AND m.id = page.id"
        " ORDER BY m.id DESC"
    ), sql.args


def _search(sql: _Sql, q: str) -> str:
    arms = [sql.put(_OF_IDENTITY, CARD, q)]
    if len(q) == _LAST4 and q.isascii() and q.isdigit():
        arms.append(sql.put(_OF_LAST4, q))
    try:
        arms.append(sql.put(_OF_IDENTITY, PHONE, normalise_phone(q)))
    except InvalidValueError:
        arms.append(sql.put(_OF_NAME, q.lower(), q.lower() + _LAST_CHARACTER))
    return " UNION ".join(arms)


def _tier(sql: _Sql, text: str, programme: Programme) -> None:
    ladder_code, _, code = text.rpartition(":")
    ladder = programme.ladder(ladder_code) if ladder_code else programme.main
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-ladder")])
    tier = ladder.tier(code)
    if tier is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-tier")])
    if tier.rank == 0:  # most of them have no row
        above = sql.put(_ABOVE_BASE, ladder.code)
        sql.conditions.append(f"NOT EXISTS (SELECT {above} AND t.member_id = c.id)")
    elif sql.sources:
        held = sql.put(_IN_TIER, ladder.code, tier.rank, tier.code)
        sql.conditions.append(f"EXISTS (SELECT {held} AND t.member_id = c.id)")
    else:
        held = sql.put(_IN_TIER, ladder.code, tier.rank, tier.code)
        sql.sources.append(f"SELECT t.member_id {held} AND t.member_id < $2 ORDER BY t.member_id DESC LIMIT $3")


def _page(sql: _Sql) -> str:
    if not sql.sources:
        where = " AND ".join(["c.tenant_id = $1", "c.id < $2", *sql.conditions])
        return f"SELECT c.id FROM member AS c WHERE {where} ORDER BY c.id DESC LIMIT $3"
    found = " INTERSECT ".join(f"({source})" for source in sql.sources)
    where = " AND ".join(["c.id < $2", *sql.conditions])
    return (
        f"WITH found (id) AS MATERIALIZED ({found})"
        f" SELECT c.id FROM found AS c WHERE {where} ORDER BY c.id DESC LIMIT $3"
    )
