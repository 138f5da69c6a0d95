"""Records a purchase: the fact, its aggregates and the tiers that it decides, all or nothing.

Five round trips with BEGIN and COMMIT: the member's lock with everything that doesn't depend on it; the
fact with its aggregates; the evaluation with its decisions.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.programme.windows import local_day
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.fingerprint import details_digest, fingerprint
from tenants.purchases.first_fact import settle_settings
from tenants.tiers.evaluate import Change, evaluate_fact
from tenants.tiers.history import changes_of_purchase

FUTURE = timedelta(days=1)

_LOCK = """
WITH l AS (UPDATE member AS m SET seq = m.seq + 1 WHERE m.tenant_id = $1 AND m.id = {member}
           RETURNING m.id, m.seq, clock_timestamp() AS locked_at)
SELECT t.timezone, t.status, t.has_facts, l.id AS member_id, l.seq,
       coalesce(l.locked_at, clock_timestamp()) + t.clock_offset AS recorded_at, b.id AS branch_id, b.closed_at
  FROM tenant t LEFT JOIN l ON true LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2
 WHERE t.tenant_id = $1"""
LOCK_BY_ID = _LOCK.format(member="$3::uuid")
LOCK_BY_IDENTITY = _LOCK.format(
    member="(SELECT i.member_id FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = $3 AND i.value = $4)"
)

_FACT = """
k AS (INSERT INTO purchase_external AS x (tenant_id, branch_id, external_id, purchase_id, fingerprint)
      VALUES ($1, $2, $3, uuidv7(), $4) ON CONFLICT DO NOTHING RETURNING x.purchase_id AS id),
p AS (INSERT INTO purchase AS p (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,
                                 local_day, amount, lines, tenders, sold_by, source, actor)
      SELECT $1, k.id, $5::uuid, $2, $6::bigint, $3, $7, $8, $9::date, $10::bigint, $11, $12, $13, 'api', $14
        FROM k)"""
# The version is read here, behind the member's lock: who waited for it is decided by the rules now in force.
_ANSWER = "SELECT k.id, t.programme_version FROM k, tenant t WHERE t.tenant_id = $1"
RECORD = f"WITH {_FACT} {_ANSWER}"
RECORD_FOR_MEMBER = f"""WITH {_FACT},
t AS (INSERT INTO member_total AS a (tenant_id, member_id, spend, purchases, max_purchase, last_day)
      SELECT $1, $5, $10, 1, $10, $9 FROM k
      ON CONFLICT (tenant_id, member_id) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase),
         last_day = greatest(a.last_day, excluded.last_day)),
o AS (INSERT INTO member_month AS a (tenant_id, member_id, month, spend, purchases, max_purchase)
      SELECT $1, $5, date_trunc('month', $9::date::timestamp)::date, $10, 1, $10 FROM k
      ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
d AS (INSERT INTO member_day AS a (tenant_id, member_id, day, spend, purchases, max_purchase)
      SELECT $1, $5, $9, $10, 1, $10 FROM k
      ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase))
{_ANSWER}"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to a till. `changes` has every ladder's tier before and after; none for a 散客.

    `first` is false where the same content had been recorded before: this is its first answer.
    """

    id: UUID
    member_id: UUID | None
    branch_id: UUID
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    amount: int
    lines: Any
    tenders: Any
    sold_by: str | None
    changes: list[Change]
    first: bool


async def record_purchase(body: PurchaseBody) -> Recorded:
    """Writes one purchase in the current scope.

    Raises DomainError `unknown-member`, `unknown-branch`, `branch-closed`, `not-permitted` (a key of other
    branches), `external-id-conflict`, `tenant-closed`, and those of the body's own checks.
    """
    amount = body.total()
    if not current().principal.may_at(body.branch_id):
        raise DomainError("not-permitted")
    place = await _lock(body)
    occurred_at = body.occurred_at or place["recorded_at"]
    if occurred_at > place["recorded_at"] + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])
    member_id: UUID | None = place["member_id"]
    details = body.details()
    mark = fingerprint(member_id, body.occurred_at, amount, details_digest(details))
    if place["closed_at"] is not None:  # a till that never heard the answer to its last sale still gets it
        closed = DomainError("branch-closed", params={"branch": str(body.branch_id)})
        return await _first_answer(body, mark, otherwise=closed)
    timezone: str = place["timezone"] if place["has_facts"] else await settle_settings()
    day = local_day(occurred_at, ZoneInfo(timezone))
    arguments = (
        current().tenant_id,
        body.branch_id,
        body.external_id,
        mark,
        member_id,
        place["seq"],
        occurred_at,
        place["recorded_at"],
        day,
        amount,
        details.get("lines"),
        details.get("tenders"),
        body.sold_by,
        current().principal.actor,
    )
    made = await connection().fetchrow(RECORD if member_id is None else RECORD_FOR_MEMBER, *arguments)
    if made is None:
        conflict = DomainError("external-id-conflict", params={"external_id": body.external_id})
        return await _first_answer(body, mark, otherwise=conflict)
    changes: list[Change] = []
    if member_id is not None:
        changes = await evaluate_fact(
            member_id, made["programme_version"], place["recorded_at"], timezone, "purchase", made["id"], day
        )
    return Recorded(
        made["id"],
        member_id,
        body.branch_id,
        body.external_id,
        occurred_at,
        place["recorded_at"],
        amount,
        details.get("lines"),
        details.get("tenders"),
        body.sold_by,
        changes,
        first=True,
    )


def _who(body: PurchaseBody) -> tuple[str, list[Any]]:
    if body.phone is not None:
        return LOCK_BY_IDENTITY, ["phone", body.phone]
    if body.card_no is not None:
        return LOCK_BY_IDENTITY, ["card", body.card_no]
    return LOCK_BY_ID, [body.member_id]


async def _lock(body: PurchaseBody) -> asyncpg.Record:
    """The member's lock and next number; its instant is the fact's `recorded_at`. With it tenant and branch."""
    sql, who = _who(body)
    place = await connection().fetchrow(sql, current().tenant_id, body.branch_id, *who)
    if place is None:
        raise DomainError("internal")
    if place["status"] in {"suspended", "cancelled"}:
        raise DomainError("tenant-closed")
    if place["branch_id"] is None:
        raise DomainError("unknown-branch", params={"branch": str(body.branch_id)})
    if place["member_id"] is None and who != [None]:
        raise DomainError("unknown-member")
    return place


async def _first_answer(body: PurchaseBody, mark: bytes, *, otherwise: DomainError) -> Recorded:
    """The purchase that already has this number, if it is the same; its tiers as they were decided then.

    Raises `otherwise` where it isn't.
    """
    row = await connection().fetchrow(
        "SELECT p.*, x.fingerprint FROM purchase_external x"
        " JOIN purchase p ON p.tenant_id = x.tenant_id AND p.id = x.purchase_id"
        " WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = $3",
        current().tenant_id,
        body.branch_id,
        body.external_id,
    )
    if row is None or row["fingerprint"] != mark:
        raise otherwise
    return await recorded(row, first=False)


async def recorded(row: asyncpg.Record, *, first: bool) -> Recorded:
    """A stored purchase as its answer."""
    changes: list[Change] = []
    if row["member_id"] is not None:
        changes = await changes_of_purchase(row["member_id"], row["seq"], row["id"], row["recorded_at"])
    return Recorded(
        row["id"],
        row["member_id"],
        row["branch_id"],
        row["external_id"],
        row["occurred_at"],
        row["recorded_at"],
        row["amount"],
        row["lines"],
        row["tenders"],
        row["sold_by"],
        changes,
        first=first,
    )
