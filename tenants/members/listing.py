"""Lists of members: a page of them, and how many there are."""

from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.paging import decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.members.bodies import MembersQuery
from tenants.members.filters import LAST_CHARACTER, Filters
from tenants.members.phones import normalise_phone
from tenants.members.row import COLUMNS, member_rows
from tenants.members.sorting import Among, Sorting
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.segments.segment import condition_named
from tenants.segments.selecting import PATIENCE, Segment, segment_of

_END: Final = UUID(int=2**128 - 1)
_BEGINNING: Final = UUID(int=0)
_ASKED_ABOUT: Final = 1_000
_EVERYBODY: Final = 2**40
_BY_ARRIVAL: Final = {"-created", "created"}

# More than these begin so: they are looked for among the newest members, not brought together and sorted.
_COMMON: Final = 1_000
_BEGINS: Final = (
    f"SELECT count(*) > {_COMMON} FROM (SELECT FROM member"
    f" WHERE tenant_id = $1 AND name_key ~>=~ $2 AND name_key ~<~ $3 LIMIT {_COMMON + 1}) AS n"
)
_BRINGING_OVER: Final = (
    "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL AND cause = 'programme')"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of members' rows. `after`: the cursor behind which the next page begins; None at the end."""

    rows: list[asyncpg.Record]
    after: str | None


async def list_members(query: MembersQuery) -> Listed:
    """A page, in the order of `sort`. Raises DomainError `invalid-cursor`, `validation-failed` for a ladder, tier or
    segment that isn't there, and as `tenants.segments.selecting.segment_of` where one is asked for.
    """
    segment = None if query.segment is None else await _segment(query.segment)
    if query.sort not in _BY_ARRIVAL:
        return await _sorted(query, None if segment is None else segment.among)
    if segment is not None:
        return await _in_segment(query, segment)
    return _first_of(await _matching(query), query.limit)


async def _segment(name: str) -> Segment:
    condition = await condition_named(name)
    if condition is None:
        raise DomainError("validation-failed", errors=[FieldError("/segment", "unknown-segment")])
    return await segment_of(condition)


async def _sorted(query: MembersQuery, among: Among | None) -> Listed:
    sorting = Sorting(query, await current_programme(), await _halfway(query), await _is_common(query))
    page = await sorting.page(query.limit, among)
    rows = {row["id"]: row for row in await member_rows(page.ids)}
    return Listed([rows[one] for one in page.ids if one in rows], page.after)


async def _halfway(query: MembersQuery) -> bool:
    """Whether a publish that concerns the filters is being brought to the members."""
    if query.tier is None:
        return False
    found: bool = await connection().fetchval(_BRINGING_OVER, current().tenant_id)
    return found


async def _matching(query: MembersQuery) -> list[asyncpg.Record]:
    """Up to `limit` + 1 of those whom all filters but the segment let through."""
    rules, halfway, common = await current_programme(), await _halfway(query), await _is_common(query)
    sql, args = statement(query, rules, current().tenant_id, halfway=halfway, common=common)
    return await connection().fetch(sql, *args)


async def _is_common(query: MembersQuery) -> bool:
    """Whether so many names begin with what is looked for that a page of them is met soon on the way."""
    if query.q is None or _is_phone(query.q):
        return False
    begins = query.q.lower()
    found: bool = await connection().fetchval(_BEGINS, current().tenant_id, begins, begins + LAST_CHARACTER)
    return found


def _is_phone(q: str) -> bool:
    try:
        normalise_phone(q)
    except InvalidValueError:
        return False
    return True


def _first_of(rows: list[asyncpg.Record], limit: int) -> Listed:
    return Listed(rows[:limit], encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None)


async def _in_segment(query: MembersQuery, segment: Segment) -> Listed:
    """A segment alone is walked by itself; beside other filters, whom these find is asked about, a few at a time."""
    if not query.model_dump(exclude_defaults=True, exclude={"limit", "cursor", "segment"}):
        (before,) = decode_cursor(query.cursor, UUID) or (None,)
        found = await segment.page(before, query.limit)
        return Listed(await member_rows(found.ids), encode_cursor(found.after) if found.after else None)
    rows: list[asyncpg.Record] = []
    cursor, started = query.cursor, monotonic()
    while monotonic() - started < PATIENCE:
        some = await _matching(query.model_copy(update={"limit": _ASKED_ABOUT, "cursor": cursor}))
        chosen = await segment.among([row["id"] for row in some])
        rows += [row for row in some if row["id"] in chosen]
        if len(rows) > query.limit or len(some) <= _ASKED_ABOUT:
            return _first_of(rows, query.limit)
        cursor = encode_cursor(some[-1]["id"])
    return Listed(rows, cursor)


def statement(
    query: MembersQuery, programme: Programme, tenant_id: UUID, *, halfway: bool = False, common: bool = False
) -> tuple[str, list[object]]:
    """The SQL of the list by arrival, with its parameters. The page of ids is found first, behind MATERIALIZED, so that
    the planner can't walk a million members in their order to meet the few that a filter leaves. `halfway`, `common`:
    as of `Filters.narrowed`.
    """
    falling = query.sort == "-created"
    way = " DESC" if falling else ""
    (behind,) = decode_cursor(query.cursor, UUID) or (_END if falling else _BEGINNING,)
    sql = Filters([tenant_id, behind, query.limit + 1]).narrowed(query, programme, halfway=halfway, common=common)
    ids = sql.ids([f"c.id {'<' if falling else '>'} $2"])
    return (
        f"WITH page AS MATERIALIZED ({ids} ORDER BY c.id{way} LIMIT $3)"
        f" SELECT {COLUMNS} FROM page JOIN member AS m ON m.tenant_id = $1 AND m.id = page.id ORDER BY m.id{way}"
    ), sql.args


async def count_members(query: MembersQuery) -> tuple[int, bool]:
    """How many the filters find, and whether that is all of them: a walk through a segment's members ends after a
    while. Every index entry of them is looked at: for questions before an act, not for a list.
    """
    everybody = query.model_copy(update={"limit": _EVERYBODY, "cursor": None, "sort": "-created"})
    if query.segment is not None:
        return await _counted_in_segment(everybody, query.segment)
    sql = Filters([current().tenant_id])
    sql.narrowed(everybody, await current_programme(), halfway=await _halfway(query), common=False)
    found: int = await connection().fetchval(f"SELECT count(*) FROM ({sql.ids()}) AS n", *sql.args)
    return found, True


async def _counted_in_segment(query: MembersQuery, name: str) -> tuple[int, bool]:
    segment = await _segment(name)
    if not query.model_dump(exclude_defaults=True, exclude={"limit", "segment"}):
        counted = await segment.count()
        return counted.count, counted.complete
    found, cursor, started = 0, None, monotonic()
    while monotonic() - started < PATIENCE:
        page = await _in_segment(query.model_copy(update={"limit": _ASKED_ABOUT, "cursor": cursor}), segment)
        found, cursor = found + len(page.rows), page.after
        if cursor is None:
            return found, True
    return found, False
