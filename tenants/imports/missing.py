"""Members that only a file of facts knows: made with its first facts, if the caller wants that."""

from collections.abc import Iterable
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.scope import connection, current
from tenants.imports.context import Context, RetryBatchError
from tenants.imports.identities import Identity, find_keys, insert, phone_of
from tenants.imports.members_sql import CREATED, LOG_JOINED, NUMBERED
from tenants.members.eligibility import obstacles
from tenants.members.returning import were_members

_INTERNATIONAL: Final = "+"
_MOBILE_DIGITS: Final = 11

_CREATE: Final = f"""
WITH made AS (
INSERT INTO member AS m (tenant_id, id, joined_on, phone, external_id, source, enrolled_by, created_at, is_returning)
SELECT $1, n.id, n.joined_on, n.phone, n.external_id, 'import', $6, $7, coalesce(n.phone = ANY ($8::text[]), false)
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::date[]) AS n (id, phone, external_id, joined_on)
 ORDER BY n.id RETURNING m.*),{CREATED}"""
_EARLIER_JOINED: Final = f"""
WITH given AS (
UPDATE member AS m SET joined_on = n.joined_on, revision = m.revision + 1
  FROM unnest($5::uuid[], $6::date[]) AS n (id, joined_on)
 WHERE m.tenant_id = $1 AND m.id = n.id AND m.enrolled_by = $7 AND m.joined_on > n.joined_on
RETURNING m.id, old.joined_on AS before, m.joined_on AS after
),{NUMBERED}{LOG_JOINED}"""

_SHARED: Final = "SELECT DISTINCT phone FROM household_member WHERE tenant_id = $1 AND phone = ANY($2::text[])"


class FactRow(Protocol):
    """A row about a member: `member` as the file names it, `member_id` once it is known."""

    line: int
    member: str
    member_id: UUID | None
    local_day: date


async def find_members(rows: Iterable[FactRow], context: Context) -> None:
    """Gives the rows their members. One that nobody is called by is an error, unless it is to be made and may join;
    a phone that several share says nobody.
    """
    members = await find_keys(context.tenant_id, {row.member for row in rows if row.member})
    unknown = {row.member for row in rows if row.member and row.member not in members}
    shared = await _shared(unknown, context)
    eligibility = context.rules.eligibility
    refused = next(obstacles(eligibility, "person", None, context.today), None)  # a file of facts has no birthdays
    for row in rows:
        row.member_id = members.get(row.member)
        if row.member in shared:
            context.wrong(row.line, "member", "phone-shared", row.member)
        elif row.member in unknown and not context.options.create_missing:
            context.wrong(row.line, "member", "unknown-member", row.member)
        elif row.member in unknown and refused is not None:
            context.wrong(row.line, "member", refused.code, row.member, **refused.params)


async def _shared(keys: Iterable[str], context: Context) -> set[str]:
    """Those of these keys that are a household's phone."""
    phones = {key: phone for key in keys if (phone := phone_of(key)) is not None}
    if not phones:
        return set()
    rows = await connection().fetch(_SHARED, context.tenant_id, sorted(set(phones.values())))
    found = {row["phone"] for row in rows}
    return {key for key, phone in phones.items() if phone in found}


def name_missing(good: Iterable[FactRow]) -> dict[Identity, UUID]:
    """Gives the members that only these rows know their ids. Nothing is written yet."""
    missing: dict[Identity, UUID] = {}
    for row in good:
        if row.member_id is None:
            row.member_id = missing.setdefault(_identity(row.member), uuid7())
    return missing


def member_of(row: FactRow) -> UUID:
    """A good row's member."""
    if row.member_id is None:
        raise RuntimeError("a good row has its member")
    return row.member_id


async def create_members(new: Iterable[FactRow], missing: dict[Identity, UUID], context: Context) -> None:
    """Makes those of `missing` that the new rows need. A mobile number becomes a phone, any other key an external id.
    Such a member joined on the day of its first fact in this import, in whatever order the rows come. Raises
    RetryBatchError.
    """
    if not context.options.create_missing:
        return
    joined: dict[UUID, date] = {}
    for row in new:
        joined[member_of(row)] = min(joined.get(member_of(row), row.local_day), row.local_day)
    made = {identity: member for identity, member in missing.items() if member in joined}
    if made:
        ids = list(made.values())
        phones = [value if kind == "phone" else None for kind, value in made]
        external_ids = [value if kind == "external_id" else None for kind, value in made]
        days = [joined.pop(member) for member in ids]
        returning = sorted(await were_members([phone for phone in phones if phone is not None]))
        await connection().execute(
            _CREATE, context.tenant_id, ids, phones, external_ids, days, context.run.mark, context.now, returning
        )
        if not await insert(context.tenant_id, made):
            raise RetryBatchError
    if joined:
        await _join_earlier(joined, context)


async def _join_earlier(joined: dict[UUID, date], context: Context) -> None:
    """Members that an earlier batch made; everybody else's day stays."""
    run = context.run
    await connection().execute(
        _EARLIER_JOINED,
        run.tenant_id,
        run.actor,
        run.id,
        current().request_id,
        list(joined),
        list(joined.values()),
        run.mark,
    )


def _identity(key: str) -> Identity:
    """As `find_keys` would find it again. Only what is plainly a mobile number is taken for a phone: external ids
    are often digits too.
    """
    bare = key.replace(" ", "").replace("-", "")
    plain = bare.startswith(_INTERNATIONAL) or (len(bare) == _MOBILE_DIGITS and bare.startswith("1"))
    phone = phone_of(key) if plain else None
    return ("phone", phone) if phone else ("external_id", key)
