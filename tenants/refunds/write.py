"""Writes refunds, one or thousands, in the current scope. The caller holds the locks of the members that they touch."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.money import exponent
from saas.scope import connection, current
from tenants.measures.add import Measured, add
from tenants.programme.windows import local_day
from tenants.referrals.counting import count
from tenants.refunds.bought import Bought, measured
from tenants.refunds.paid import told
from tenants.refunds.recompute import first_days, recompute
from tenants.refunds.returning import Moved, Reason, move
from tenants.tiers.recheck import mark_rechecks

Source = Literal["api", "import"]


class StaleError(Exception):
    """Somebody else gave something back of a purchase since it was read: only one without a member has no lock."""


@dataclass(frozen=True, slots=True)
class Recording:
    """How refunds are recorded: when (the tenant's clock), by whom, under which rules."""

    recorded_at: datetime
    source: Source
    actor: str
    version: int
    timezone: str


@dataclass(frozen=True, slots=True)
class NewRefund:
    """One refund: the purchase `before` and `after` it. `shares` as it was spread over the lines, empty without any.
    `seq` is the holder's number of this fact, None without a member.
    """

    id: UUID
    before: Bought
    after: Bought
    shares: Sequence[int]
    seq: int | None
    external_id: str
    fingerprint: bytes
    reason: str | None

    @property
    def amount(self) -> int:
        return self.after.refunded - self.before.refunded

    @property
    def tenders(self) -> list[dict[str, Any]] | None:
        """What goes back of each way that the purchase was paid; None where the till named none."""
        before, after = self.before, self.after
        if not before.paid.ways:
            return None
        return told(before.returned, after.returned, after.points_back - before.points_back)


_EXTERNAL: Final = """
INSERT INTO refund_external AS x (tenant_id, branch_id, external_id, refund_id, fingerprint)
SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::bytea[])
    AS n (branch_id, external_id, refund_id, fingerprint) ORDER BY n.branch_id, n.external_id
ON CONFLICT DO NOTHING"""
_LINES: Final = "n.lines::bigint[]"  # an array of arrays can't be unnested by rows: each comes as its text
_FIRST_OF_PURCHASE: Final = f"""
INSERT INTO purchase_refunded AS r (tenant_id, purchase_id, member_id, local_day, amount, refunded, uncounted, lines)
SELECT $1, n.purchase_id, n.member_id, n.local_day, n.amount, n.refunded, n.uncounted, {_LINES}
  FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
    AS n (purchase_id, member_id, local_day, amount, refunded, uncounted, lines) ORDER BY n.purchase_id
ON CONFLICT DO NOTHING"""
_MORE_OF_PURCHASE: Final = f"""
UPDATE purchase_refunded AS r SET refunded = n.refunded, uncounted = n.uncounted, lines = {_LINES}
  FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
    AS n (purchase_id, known, refunded, uncounted, lines)
 WHERE r.tenant_id = $1 AND r.purchase_id = n.purchase_id AND r.refunded = n.known"""
_REFUND: Final = """
WITH n AS MATERIALIZED (
SELECT * FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::bigint[], $10::text[], $11::bigint[],
                     $12::bigint[], $13::text[], $14::text[], $15::text[], $17::uuid[], $18::bigint[], $19::boolean[])
    AS n (id, purchase_id, member_id, branch_id, seq, external_id, amount, uncounted, lines, tenders, reason, holder_id,
          refunded, told)),
told AS (
INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
SELECT $1, 'purchase.refunded', n.holder_id, $2::timestamptz, jsonb_build_object(
       'id', n.id, 'purchase_id', n.purchase_id, 'branch_id', n.branch_id, 'external_id', n.external_id,
       'amount', n.amount, 'refunded', n.refunded, 'source', $3::text) FROM n WHERE n.told)
INSERT INTO refund AS r (tenant_id, id, purchase_id, member_id, branch_id, seq, external_id, recorded_at, amount,
                         uncounted, lines, tenders, reason, source, actor, programme_version)
SELECT $1, n.id, n.purchase_id, n.member_id, n.branch_id, n.seq, n.external_id, $2, n.amount, n.uncounted,
       n.lines::jsonb, n.tenders::jsonb, n.reason, $3, $4, $16 FROM n"""
_HISTORY: Final = timedelta(days=31)
"""An import's refunds of purchases that are older are history: nobody is told of them."""


_LEFT: Final = "SELECT id FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status <> 'active'"


async def take_numbers(new: Sequence[NewRefund]) -> bool:
    """Writes the callers' own numbers of these refunds; False where one of them is taken already."""
    tag = await connection().execute(
        _EXTERNAL,
        current().tenant_id,
        [r.before.branch_id for r in new],
        [r.external_id for r in new],
        [r.id for r in new],
        [r.fingerprint for r in new],
    )
    return tag == f"INSERT 0 {len(new)}"


async def write_refunds(new: Sequence[NewRefund], recording: Recording) -> None:
    """The refunds, in their order, with all that follows: what is left of the purchases, points, stored value and
    coupons that go back, the members' sums and measures, marks of the tiers that came into question, and a new look at
    who was brought by whom.

    The numbers are taken already. Raises StaleError before a single refund (or, of several, some) was written.
    """
    first: dict[UUID, Bought] = {}
    last: dict[UUID, Bought] = {}
    for refund in new:
        first.setdefault(refund.before.id, refund.before)
        last[refund.before.id] = refund.after
    await _keep_left([(first[key], last[key]) for key in sorted(first)])
    await _insert(new, recording)
    await _return_values(new, recording)
    touched = {(p.holder_id, p.local_day) for p in first.values() if p.holder_id is not None}
    if touched:
        moves = [row for key, before in first.items() for row in measured(before, last[key])]
        fallen = {p.holder_id for p in last.values() if p.holder_id is not None and not p.stands}
        await sum_anew(touched, moves, fallen)
        await _mark(new, recording)


async def _keep_left(states: Sequence[tuple[Bought, Bought]]) -> None:
    tenant_id = current().tenant_id
    fresh = [after for before, after in states if before.refunded == 0]
    more = [(before, after) for before, after in states if before.refunded > 0]
    if fresh:
        tag = await connection().execute(
            _FIRST_OF_PURCHASE,
            tenant_id,
            [p.id for p in fresh],
            [p.member_id for p in fresh],
            [p.local_day for p in fresh],
            [p.amount for p in fresh],
            [p.refunded for p in fresh],
            [p.refunded_uncounted for p in fresh],
            [_array(p) for p in fresh],
        )
        if tag != f"INSERT 0 {len(fresh)}":
            raise StaleError
    if more:
        tag = await connection().execute(
            _MORE_OF_PURCHASE,
            tenant_id,
            [after.id for _, after in more],
            [before.refunded for before, _ in more],
            [after.refunded for _, after in more],
            [after.refunded_uncounted for _, after in more],
            [_array(after) for _, after in more],
        )
        if tag != f"UPDATE {len(more)}":
            raise StaleError


def _array(purchase: Bought) -> str | None:
    if purchase.lines is None:
        return None
    return "{" + ",".join(map(str, purchase.refunded_lines)) + "}"


async def _insert(new: Sequence[NewRefund], recording: Recording) -> None:
    since = (recording.recorded_at - _HISTORY).date()
    await connection().execute(
        _REFUND,
        current().tenant_id,
        recording.recorded_at,
        recording.source,
        recording.actor,
        [r.id for r in new],
        [r.before.id for r in new],
        [r.before.member_id for r in new],
        [r.before.branch_id for r in new],
        [r.seq for r in new],
        [r.external_id for r in new],
        [r.amount for r in new],
        [r.after.refunded_uncounted - r.before.refunded_uncounted for r in new],
        [_pairs(r) for r in new],
        [None if r.tenders is None else json.dumps(r.tenders) for r in new],
        [r.reason for r in new],
        recording.version,
        [r.before.holder_id for r in new],
        [r.after.refunded for r in new],
        [recording.source != "import" or r.before.local_day >= since for r in new],
    )


def _pairs(refund: NewRefund) -> str | None:
    """`[[line, amount], …]` as JSON, of the lines of which something is given back."""
    if refund.before.lines is None:
        return None
    return "[" + ",".join(f"[{line},{share}]" for line, share in enumerate(refund.shares) if share) + "]"


async def _return_values(new: Sequence[NewRefund], recording: Recording) -> None:
    moved = [refund for refund in new if refund.before.paid.has_value]
    if not moved:
        return
    tenant_id = current().tenant_id
    currency = await connection().fetchval("SELECT currency FROM tenant WHERE tenant_id = $1", tenant_id)
    holders = [refund.before.holder_id for refund in moved if refund.before.holder_id is not None]
    left = {row["id"] for row in await connection().fetch(_LEFT, tenant_id, holders)}
    at, today = recording.recorded_at, local_day(recording.recorded_at, ZoneInfo(recording.timezone))
    for refund in moved:
        before = refund.before
        gone = before.holder_id in left
        why = Reason(before, refund.id, refund.seq, at, today, recording.actor, gone=gone)
        await move(why, Moved.between(before, refund.after, exponent(currency)))


async def sum_anew(touched: Collection[tuple[UUID, date]], moves: Sequence[Measured], fallen: Collection[UUID]) -> None:
    """Sums and measures of members' days, once the facts are written. `moves`: what the measures lose; `fallen`:
    members of whom a purchase stands no longer; only theirs can begin on another day now.
    """
    before = await first_days(fallen) if fallen else {}
    await recompute(touched)
    await add(moves)
    if before:
        after = await first_days(before)
        await count([member_id for member_id, day in before.items() if after[member_id] != day])


async def _mark(new: Sequence[NewRefund], recording: Recording) -> None:
    firsts: dict[UUID, UUID] = {}
    for refund in new:
        if refund.before.holder_id is not None:
            firsts.setdefault(refund.before.holder_id, refund.id)
    await mark_rechecks(firsts, recording.version, recording.recorded_at, recording.timezone)
