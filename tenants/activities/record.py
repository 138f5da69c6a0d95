"""Records an activity: the fact, what it adds to the metrics, the points that it earns and the tiers that it decides,
all or nothing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.scope import begin_again, connection, current
from tenants.activities.activity import Activity, activities_of
from tenants.activities.bodies import ActivityBody
from tenants.activities.earning import points_of_kind
from tenants.activities.fingerprint import fingerprint
from tenants.activities.kinds import is_health, is_known, known_kinds
from tenants.branches.branch import require_named
from tenants.measures.add import UPSERTS
from tenants.measures.codes import activity as measure
from tenants.members.consents import has_consent
from tenants.members.whereabouts import locate, locate_identity, survivor_of
from tenants.numbers import locking
from tenants.points.book import Fact
from tenants.points.ledger import accrue_beside
from tenants.points.reading import posted
from tenants.programme.rules import Points
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.purchases.first_fact import settle_settings
from tenants.tiers.evaluate import Change, evaluate_fact
from tenants.tiers.history import changes_of_fact

FUTURE: Final = timedelta(days=1)
_MOVES: Final = 3
"""How often a member may be merged away under our hands before we give up."""

_LOCK: Final = f"""
WITH {locking("m.status", "m.id = {member} AND m.status = 'active'")}
SELECT t.timezone, t.status, t.has_facts, t.programme_version, l.id AS member_id, l.seq,
       coalesce(l.locked_at, clock_timestamp()) + t.clock_offset AS recorded_at, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN l ON true LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2
 WHERE t.tenant_id = $1"""
LOCK_BY_ID: Final = _LOCK.format(member="$3::uuid")
LOCK_BY_IDENTITY: Final = _LOCK.format(
    member="(SELECT i.member_id FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = $3 AND i.value = $4)"
)

# The version is read here, behind the member's lock: who waited for it is decided by the rules now in force.
RECORD: Final = f"""
WITH k AS (
    INSERT INTO activity_external AS x (tenant_id, external_id, activity_id, fingerprint)
    VALUES ($1, $2, uuidv7(), $3) ON CONFLICT DO NOTHING RETURNING x.activity_id AS id),
v AS (SELECT k.id, t.programme_version FROM k, tenant t WHERE t.tenant_id = $1),
a AS (
    INSERT INTO activity AS a (tenant_id, id, member_id, branch_id, seq, kind, external_id, occurred_at, recorded_at,
                               local_day, value, data, programme_version, source, actor)
    SELECT $1, v.id, $4::uuid, $5::uuid, $6, $7, $2, $8, $9, $10::date, $11::numeric, $12, v.programme_version,
           'api', $13 FROM v),
told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'activity.recorded', $4, $9::timestamptz, jsonb_build_object(
           'id', v.id, 'kind', $7, 'branch_id', $5, 'external_id', $2, 'occurred_at', $8::timestamptz) FROM v),
measured AS (
    SELECT $4::uuid AS member_id, n.measure, $10::date AS day, coalesce($11::numeric, 0) AS total, 1 AS facts,
           ($11::numeric IS NOT NULL)::integer AS valued, 0::bigint AS most
      FROM k CROSS JOIN unnest($14::text[]) AS n (measure)),{UPSERTS}
SELECT id, programme_version FROM v"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer. `changes` has every ladder's tier before and after; `points` is what it earned.

    `first` is false where the same content had been recorded before: this is its first answer.
    """

    activity: Activity
    changes: list[Change]
    points: int
    first: bool


async def record_activity(body: ActivityBody) -> Recorded:
    """Writes one activity in the current scope.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `health-consent-missing`, `external-id-conflict`, `tenant-closed`,
    and `validation-failed` for an undeclared kind or a time too far ahead.
    """
    require_named(body.branch_id)
    mark = fingerprint(body.kind, body.occurred_at, body.value, body.data, body.branch_id)
    try:
        place = await _lock(body)
        await _require_allowed(body, place)
    except DomainError as refused:  # who never heard the answer to what is in already still gets it
        return await _first_answer(body, mark, otherwise=refused)
    timezone: str = place["timezone"] if place["has_facts"] else await settle_settings()
    occurred_at = body.occurred_at or place["recorded_at"]
    day = local_day(occurred_at, ZoneInfo(timezone))
    made = await connection().fetchrow(
        RECORD,
        current().tenant_id,
        body.external_id,
        mark,
        place["member_id"],
        body.branch_id,
        place["seq"],
        body.kind,
        occurred_at,
        place["recorded_at"],
        day,
        body.value,
        body.data,
        current().principal.actor,
        [measure(None), measure(body.kind)],
    )
    if made is None:
        conflict = DomainError("external-id-conflict", params={"external_id": body.external_id})
        return await _first_answer(body, mark, otherwise=conflict)
    version: int = made["programme_version"]
    rules = await programme(version)
    points = await _earn(body, place, made["id"], day, timezone, rules.points)
    changes = await evaluate_fact(
        place["member_id"], version, place["recorded_at"], timezone, "activity", made["id"], day
    )
    written = Activity(
        made["id"],
        place["member_id"],
        body.branch_id,
        body.kind,
        body.external_id,
        occurred_at,
        place["recorded_at"],
        day,
        body.value,
        body.data,
        is_health(rules, body.kind),
        agreed=True,  # or it would have been refused
    )
    return Recorded(written, changes, points, first=True)


async def _earn(
    body: ActivityBody, place: asyncpg.Record, activity_id: UUID, day: date, timezone: str, rules: Points
) -> int:
    """The points of this kind of activity, if the rules give any: before the tiers are decided, which may ask for
    points earned.
    """
    points = points_of_kind(rules, body.kind)
    if not points:
        return 0
    fact = Fact(
        place["member_id"],
        place["seq"],
        activity_id,
        place["recorded_at"],
        local_day(place["recorded_at"], ZoneInfo(timezone)),
        current().principal.actor,
        body.branch_id,
    )
    return await accrue_beside(fact, "activity", points, day, rules)


async def _lock(body: ActivityBody) -> asyncpg.Record:
    """The member's lock and next number; its instant is the fact's `recorded_at`. With it tenant and branch."""
    sql, who = _who(body)
    for _ in range(_MOVES):
        place = await connection().fetchrow(sql, current().tenant_id, body.branch_id, *who)
        if place is None:
            raise DomainError("internal")
        if place["status"] in CLOSED:
            raise DomainError("tenant-closed")
        if body.branch_id is not None and place["branch_id"] is None:
            raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
        if place["member_id"] is not None:
            return place
        sql, who = LOCK_BY_ID, [await _leads_to(body)]  # merged: the survivor
        begin_again()
    raise DomainError("conflict")


def _who(body: ActivityBody) -> tuple[str, list[Any]]:
    if body.phone is not None:
        return LOCK_BY_IDENTITY, ["phone", body.phone]
    if body.card_no is not None:
        return LOCK_BY_IDENTITY, ["card", body.card_no]
    return LOCK_BY_ID, [body.member_id]


async def _leads_to(body: ActivityBody) -> UUID:
    """The active member that is meant. Raises DomainError `unknown-member`, `member-closed`, `phone-shared`."""
    if body.phone is not None:
        return await locate_identity("phone", body.phone)
    if body.card_no is not None:
        return await locate_identity("card", body.card_no)
    if body.member_id is None:
        raise DomainError("unknown-member")
    return await locate(body.member_id)


async def _require_allowed(body: ActivityBody, place: asyncpg.Record) -> None:
    """The rules of the branch, the kind, the time and the member's consent, in that order."""
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    rules = await programme(place["programme_version"])
    if not is_known(rules, body.kind):
        error = FieldError("/kind", "undeclared-activity-kind", {"known": known_kinds(rules)})
        raise DomainError("validation-failed", errors=[error])
    if body.occurred_at is not None and body.occurred_at > place["recorded_at"] + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])
    if is_health(rules, body.kind) and not await has_consent(place["member_id"], "health"):
        raise DomainError("health-consent-missing")


_KNOWN: Final = """
SELECT a.*, x.fingerprint FROM activity_external x
  JOIN activity a ON a.tenant_id = x.tenant_id AND a.id = x.activity_id
 WHERE x.tenant_id = $1 AND x.external_id = $2"""


async def _first_answer(body: ActivityBody, mark: bytes, *, otherwise: DomainError) -> Recorded:
    """The activity that already has this number, if it is the same; its tiers as they were decided then.

    Raises `otherwise` where it isn't.
    """
    row = await connection().fetchrow(_KNOWN, current().tenant_id, body.external_id)
    if row is None or row["fingerprint"] != mark or not await _is_of(row["member_id"], body):
        raise otherwise
    return await recorded(row)


async def _is_of(member_id: UUID, body: ActivityBody) -> bool:
    """Whether the body means this member, or the one that it was merged into."""
    if body.member_id is not None:
        try:
            meant = await survivor_of(body.member_id)
        except DomainError:
            return False
    else:
        kind, value = ("phone", body.phone) if body.phone is not None else ("card", body.card_no)
        meant = await connection().fetchval(
            "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = $2 AND value = $3",
            current().tenant_id,
            kind,
            value,
        )
    return meant == await survivor_of(member_id)


async def recorded(row: asyncpg.Record) -> Recorded:
    """A stored activity as its answer."""
    changes = await changes_of_fact(
        row["member_id"], row["seq"], row["id"], row["programme_version"], row["recorded_at"]
    )
    (stored,) = await activities_of([row])
    return Recorded(stored, changes, await posted("activity", row["id"]), first=False)
