"""Giving coupons by hand: to members that are named, or to everybody in a segment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.outbox import enqueue
from saas.scope import begin_again, connection, current
from tenants.audit.record import record
from tenants.coupons.coupon import definition, lock_coupon
from tenants.coupons.ledger import Grant, grant
from tenants.jobs.job import fail_job, finish_job, new_job, progress_job
from tenants.merged import leads_to
from tenants.nightly import this_night
from tenants.segments.conditions import parse_segment_condition
from tenants.segments.segment import condition_named
from tenants.segments.selecting import segment_of
from tenants.trading import require_trading

JOB: Final = "coupons.grant"
BATCH: Final = 1_000
"""Members of a segment who get theirs in one transaction."""

_LOCK: Final = (
    "SELECT id FROM member WHERE tenant_id = $1 AND id = ANY ($2) AND status = 'active' ORDER BY id FOR NO KEY UPDATE"
)
_MEANT: Final = f"""
SELECT n.n, r.id, r.status FROM unnest($2::uuid[]) WITH ORDINALITY AS n (id, n)
  LEFT JOIN member m ON m.tenant_id = $1 AND m.id = n.id
  LEFT JOIN member r ON r.tenant_id = $1 AND r.id = {leads_to("m")} ORDER BY n.n"""
_COUNT: Final = "SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'active' AND id >= $2 AND id < $3"
_OF_ACT: Final = """
SELECT g.id, g.granted_to AS member_id FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.occasion = 'by_hand' AND g.source_id = $2 AND g.coupon_id = $3 ORDER BY g.id"""
_JOB_IS_THERE: Final = "SELECT EXISTS (SELECT FROM job WHERE tenant_id = $1 AND id = $2)"
_BEGINNING: Final = UUID(int=0)
_END: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Locked:
    """The active ones of some members, the instant behind their locks, and its local day."""

    members: frozenset[UUID]
    recorded_at: datetime
    today: date


def refuse_clerks() -> None:
    """Of what gives to many at once, or to nobody in particular: clerks give one to who stands before them. Raises
    DomainError `not-permitted`.
    """
    if current().principal.role == "clerk":
        raise DomainError("not-permitted")


async def lock_active(members: Collection[UUID]) -> Locked:
    """Locks those of the members who are active, in id order, until the scope ends."""
    rows = await connection().fetch(_LOCK, current().tenant_id, sorted(members))
    now = await this_night()
    return Locked(frozenset(row["id"] for row in rows), now.now, now.today)


async def grant_to_members(
    coupon_id: UUID, members: Sequence[UUID], at: Sequence[str], reason: str | None, act: UUID | None = None
) -> list[dict[str, Any]]:
    """One for each of the members, all or none; a merged record's is its survivor's, and who is named twice gets one.
    `at`: pointers to where each was named. `{id, member_id}` in the members' order. `act`: the asker's own id of this;
    the same again gives nothing more.

    Raises DomainError `tenant-closed`, `not-found`, `coupon-ended`, `not-permitted` for a clerk who names several, and
    `validation-failed` for who isn't there or has left.
    """
    await require_trading()
    given = await definition(coupon_id)
    meant = await _meant(members, at)
    if len(meant) > 1:
        refuse_clerks()
    locked = await lock_active(meant)
    if len(locked.members) < len(meant):
        begin_again()  # somebody was merged or left while we waited
        raise DomainError("busy")
    if act is None:
        act = await connection().fetchval("SELECT uuidv7()")
    elif before := await connection().fetch(_OF_ACT, current().tenant_id, act, coupon_id):
        return [dict(row) for row in before]
    given.issue("by_hand", locked.today)
    grants = [Grant(given.code, member_id, "by_hand", act) for member_id in meant]
    ids = await grant(grants, recorded_at=locked.recorded_at, today=locked.today, reason=reason)
    if None in ids:
        raise DomainError("coupon-ended", params={"code": given.code})
    detail = {"code": given.code, "act": str(act), "members": len(meant)}
    await record("coupon.grant", f"coupon:{coupon_id}", detail)
    return [{"id": grant_id, "member_id": one.member_id} for grant_id, one in zip(ids, grants, strict=True)]


async def _meant(members: Sequence[UUID], at: Sequence[str]) -> list[UUID]:
    rows = await connection().fetch(_MEANT, current().tenant_id, list(members))
    errors = [
        FieldError(place, "unknown-member" if row["id"] is None else "member-closed")
        for place, row in zip(at, rows, strict=True)
        if row["status"] != "active"
    ]
    if errors:
        raise DomainError("validation-failed", errors=errors)
    return list(dict.fromkeys(row["id"] for row in rows))


async def grant_to_segment(coupon_id: UUID, segment: str, reason: str | None, act: UUID | None = None) -> UUID:
    """Begins to give one to everybody who is in the segment: the job's id, which `act` may choose; the same again
    begins nothing more. Who comes into the segment or joins later gets none.

    Raises DomainError `tenant-closed`, `not-found`, `coupon-ended`, `not-permitted` for a clerk, what `segment_of`
    raises, and `validation-failed` for a segment that isn't there.
    """
    refuse_clerks()
    await require_trading()
    given = await definition(coupon_id)
    given.issue("by_hand", (await this_night()).today)
    condition = await condition_named(segment)
    if condition is None:
        raise DomainError("validation-failed", errors=[FieldError("/segment", "unknown-segment")])
    await segment_of(condition)  # may who asks ask for this at all?
    job_id: UUID = act or await connection().fetchval("SELECT uuidv7()")
    if act is not None and await _begun(coupon_id, act):
        return act
    await new_job(job_id, "coupon_grant")
    payload = {
        "job_id": str(job_id),
        "coupon_id": str(coupon_id),
        "condition": condition.model_dump(mode="json"),
        "reason": reason,
        "actor": current().principal.actor,
        "granted": 0,
        "looked_at": 0,
    }
    await enqueue(JOB, payload)
    detail = {"code": given.code, "act": str(job_id), "segment": segment}
    await record("coupon.grant", f"coupon:{coupon_id}", detail)
    return job_id


async def _begun(coupon_id: UUID, act: UUID) -> bool:
    """Whether this was begun before; who asks at the same instant waits at the coupon's row."""
    await lock_coupon(coupon_id)
    begun: bool = await connection().fetchval(_JOB_IS_THERE, current().tenant_id, act)
    return begun


async def run_batch(payload: dict[str, Any]) -> None:
    """The job of one batch: the next members of the segment get theirs, newest members first, each once however often
    it runs. A coupon that ended meanwhile ends it.
    """
    job_id = UUID(payload["job_id"])
    given = await definition(UUID(payload["coupon_id"]))
    segment = await segment_of(parse_segment_condition(payload["condition"]))
    before = UUID(payload["before"]) if "before" in payload else _END
    found = await segment.page(before, BATCH)
    locked = await lock_active(found.ids)
    grants = [Grant(given.code, one, "by_hand", job_id) for one in found.ids if one in locked.members]
    ids = await grant(
        grants,
        recorded_at=locked.recorded_at,
        today=locked.today,
        reason=payload["reason"],
        actor=payload["actor"],
    )
    counts = {
        "granted": payload["granted"] + len(ids) - ids.count(None),
        "looked_at": payload["looked_at"] + await _members(found.after or _BEGINNING, before),
    }
    if found.after is None or None in ids:
        await finish_job(job_id, {**counts, "ended": None in ids})
        return
    members = payload.get("members") or counts["looked_at"] + await _members(_BEGINNING, found.after)
    await progress_job(job_id, min(0.999, counts["looked_at"] / members), counts)
    await enqueue(JOB, {**payload, **counts, "members": members, "before": str(found.after)}, direct=True)


async def _members(first: UUID, before: UUID) -> int:
    count: int = await connection().fetchval(_COUNT, current().tenant_id, first, before)
    return count


async def give_up(payload: dict[str, Any], error: str) -> None:
    """The job's row is dead: what was given stays, and the job says that it failed."""
    await fail_job(UUID(payload["job_id"]), error)
