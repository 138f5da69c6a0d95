"""Lists of members, each filter by an index that row level security lets through (leakproof operators only)."""

import unicodedata
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.paging import decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.members.bodies import MembersQuery
from tenants.members.identities import CARD, KIND_OF_FIELD, PHONE, UNIONID, openid_kind
from tenants.members.phones import normalise_phone
from tenants.members.row import COLUMNS, member_rows
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.segments.segment import condition_named
from tenants.segments.selecting import PATIENCE, segment_of

_LAST4: Final = 4
_LAST_CHARACTER: Final = "\U0010ffff"  # sorts behind every name that begins with what stands before it
_END: Final = UUID(int=2**128 - 1)
_ASKED_ABOUT: Final = 1_000

_OF_IDENTITY: Final = "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = {} AND value = {}"
_OF_HOUSEHOLD: Final = "SELECT member_id FROM household_member WHERE tenant_id = $1 AND phone = {}"
_OF_LAST4: Final = "SELECT id FROM member WHERE tenant_id = $1 AND phone_last4 = {}"
_OF_NAME: Final = "SELECT id FROM member WHERE tenant_id = $1 AND name_key ~>=~ {} AND name_key ~<~ {}"
_IN_TIER: Final = (
    "SELECT t.member_id AS id FROM member_tier AS t"
    " WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank = {} AND t.tier = {}"
)
# While a publish is being brought to the members some still have the code or the rank of before.
_NOT_YET: Final = (
    " UNION ALL SELECT t.member_id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank > 0"
    " AND t.rank <> {} AND t.tier = ANY ({}::text[])"
    " UNION ALL SELECT t.member_id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank = {}"
    " AND t.tier <> {} AND t.tier = ANY ({}::text[])"
)
_ABOVE_BASE: Final = (
    "SELECT t.member_id AS id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank > 0"
    " AND t.tier <> ALL ({}::text[])"
)
_BRINGING_OVER: Final = (
    "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL AND cause = 'programme')"
)
_TAGGED: Final = "SELECT t.member_id AS id FROM member_tag AS t WHERE t.tenant_id = $1 AND t.tag = {}"
_OF_STATUS: Final = {
    status: f"SELECT m.id FROM member AS m WHERE m.tenant_id = $1 AND m.status = '{status}'"  # an index's own words
    for status in ("active", "closed", "erased")
}


@dataclass
class _Sql:
    """A statement under way. `$1` is the tenant, `$2` the cursor, `$3` the number of rows.

    `found` are queries of few ids; `walked` are queries of many, each in the order of ids by its index; `absent` are
    queries of ids that are not wanted.
    """

    args: list[object]
    found: list[str] = field(default_factory=list)
    walked: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def put(self, text: str, *values: object) -> str:
        """`text` with its `{}` as numbered parameters."""
        first = len(self.args) + 1
        self.args.extend(values)
        return text.format(*(f"${n}" for n in range(first, first + len(values))))


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of members' rows. `after`: the id behind which the next page begins; None at the end."""

    rows: list[asyncpg.Record]
    after: UUID | None


async def list_members(query: MembersQuery) -> Listed:
    """A page, the newest first. Raises DomainError `invalid-cursor`, `validation-failed` for a ladder, tier or segment
    that isn't there, and as `tenants.segments.selecting.segment_of` where one is asked for.
    """
    if query.segment is not None:
        return await _in_segment(query, query.segment)
    return _first_of(await _matching(query), query.limit)


async def _matching(query: MembersQuery) -> list[asyncpg.Record]:
    """Up to `limit` + 1 of those whom all filters but the segment let through."""
    rules = await current_programme()
    halfway = query.tier is not None and await connection().fetchval(_BRINGING_OVER, current().tenant_id)
    sql, args = statement(query, rules, current().tenant_id, halfway=halfway)
    return await connection().fetch(sql, *args)


def _first_of(rows: list[asyncpg.Record], limit: int) -> Listed:
    return Listed(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None)


async def _in_segment(query: MembersQuery, name: str) -> Listed:
    """A segment alone is walked by itself; beside other filters, whom these find is asked about, a few at a time."""
    condition = await condition_named(name)
    if condition is None:
        raise DomainError("validation-failed", errors=[FieldError("/segment", "unknown-segment")])
    segment = await segment_of(condition)
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    if not query.model_dump(exclude_defaults=True, exclude={"limit", "cursor", "segment"}):
        found = await segment.page(before, query.limit)
        return Listed(await member_rows(found.ids), found.after)
    rows: list[asyncpg.Record] = []
    started = monotonic()
    while monotonic() - started < PATIENCE:
        cursor = None if before is None else encode_cursor(before)
        some = await _matching(query.model_copy(update={"limit": _ASKED_ABOUT, "cursor": cursor}))
        chosen = await segment.among([row["id"] for row in some])
        rows += [row for row in some if row["id"] in chosen]
        if len(rows) > query.limit or len(some) <= _ASKED_ABOUT:
            return _first_of(rows, query.limit)
        before = some[-1]["id"]
    return Listed(rows, before)


def statement(
    query: MembersQuery, programme: Programme, tenant_id: UUID, *, halfway: bool = False
) -> tuple[str, list[object]]:
    """The list's SQL with its parameters. The page of ids is found first, behind MATERIALIZED, so that the planner
    can't walk a million members in their order to meet the few that a filter leaves. `halfway`: a publish is being
    brought to the members.
    """
    (before,) = decode_cursor(query.cursor, UUID) or (_END,)
    sql = _Sql([tenant_id, before, query.limit + 1])
    _identities(sql, query)
    if query.q is not None:
        sql.found.append(_search(sql, query.q))
    if query.tag is not None:
        sql.walked.append(sql.put(_TAGGED, query.tag))
    if query.tier is not None:
        _tier(sql, query.tier, programme, halfway=halfway)
    sql.walked.append(_OF_STATUS[query.status])
    return (
        f"WITH page AS MATERIALIZED ({_page(sql)})"
        f" SELECT {COLUMNS} FROM page JOIN member AS m ON m.tenant_id = $1 AND m.id = page.id"
        " ORDER BY m.id DESC"
    ), sql.args


def _identities(sql: _Sql, query: MembersQuery) -> None:
    given = {kind: getattr(query, name) for name, kind in KIND_OF_FIELD.items()}
    given[UNIONID] = query.unionid
    if query.app_id is not None:
        given[openid_kind(query.app_id)] = query.openid
    sql.found += [_of_identity(sql, kind, value) for kind, value in given.items() if value is not None]


def _of_identity(sql: _Sql, kind: str, value: str) -> str:
    found = sql.put(_OF_IDENTITY, kind, value)
    return f"{found} UNION ALL {sql.put(_OF_HOUSEHOLD, value)}" if kind == PHONE else found


def _search(sql: _Sql, q: str) -> str:
    arms = [sql.put(_OF_IDENTITY, CARD, q)]
    digits = unicodedata.normalize("NFKC", q)  # as some keyboards write them: ８００２
    if len(digits) == _LAST4 and digits.isascii() and digits.isdigit():
        arms.append(sql.put(_OF_LAST4, digits))
    try:
        arms.append(_of_identity(sql, PHONE, normalise_phone(q)))
    except InvalidValueError:
        arms.append(sql.put(_OF_NAME, q.lower(), q.lower() + _LAST_CHARACTER))
    return " UNION ".join(arms)


def _tier(sql: _Sql, text: str, programme: Programme, *, halfway: bool) -> None:
    ladder_code, _, code = text.rpartition(":")
    ladder = programme.ladder(ladder_code) if ladder_code else programme.main
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-ladder")])
    tier = ladder.tier(code)
    if tier is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-tier")])
    lineage = programme.lineage.get(ladder.code, {}) if halfway else {}
    once = [code for code, now in lineage.items() if now == tier.code]
    if tier.rank == 0:  # most of them have no row
        sql.absent.append(sql.put(_ABOVE_BASE, ladder.code, once))
        return
    held = sql.put(_IN_TIER, ladder.code, tier.rank, tier.code)
    if once:
        own = (ladder.code, tier.rank)
        held += sql.put(_NOT_YET, *own, once, *own, tier.code, once)
    sql.walked.append(held)


def _page(sql: _Sql) -> str:
    """A page of ids: the few that are found, or the first of what is walked, as far as the other filters let them."""
    if sql.found:
        source = "found AS c"
        lead = f"WITH found (id) AS MATERIALIZED ({' INTERSECT '.join(f'({found})' for found in sql.found)}) "
        others = sql.walked
    else:
        source, lead, others = f"({sql.walked[0]}) AS c", "", sql.walked[1:]
    tests = [f"EXISTS (SELECT FROM ({other}) AS f WHERE f.id = c.id)" for other in others]
    tests += [f"NOT EXISTS (SELECT FROM ({other}) AS f WHERE f.id = c.id)" for other in sql.absent]
    where = " AND ".join(["c.id < $2", *tests])
    return f"{lead}SELECT c.id FROM {source} WHERE {where} ORDER BY c.id DESC LIMIT $3"
