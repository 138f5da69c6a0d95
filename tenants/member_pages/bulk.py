"""One act for many members: those that were ticked, or all whom the list's filters find. A job with progress.

A batch takes the next members in the list's own order, the newest first; what it does is done once for a member however
often it runs.
"""

import json
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from saas.validation import Body, parse_query
from tenants.audit.record import record
from tenants.coupons.coupon import definition
from tenants.coupons.granting import lock_active
from tenants.coupons.ledger import Grant, grant
from tenants.jobs.job import fail_job, finish_job, progress_job
from tenants.member_pages.views import FILTERS
from tenants.members.bodies import MembersQuery
from tenants.members.listing import count_members, list_members
from tenants.members.row import member_rows
from tenants.members.tags import MOST, Tag
from tenants.nightly import this_night
from tenants.trading import require_trading

JOB: Final = "members.bulk"
KIND: Final = "member_bulk"
BATCH: Final = 500
_TICKED: Final = 200

_NEW: Final = (
    "INSERT INTO job AS j (tenant_id, id, kind, state, request_id) VALUES ($1, $2, $3, 'queued', $4)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
_STATE: Final = "SELECT state FROM job WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
_TAG: Final = f"""
INSERT INTO member_tag AS t (tenant_id, member_id, tag)
SELECT $1, n.id, $3 FROM unnest($2::uuid[]) AS n (id)
 WHERE (SELECT count(*) FROM member_tag AS o WHERE o.tenant_id = $1 AND o.member_id = n.id) < {MOST}
ON CONFLICT DO NOTHING RETURNING t.member_id"""
_UNTAG: Final = (
    "DELETE FROM member_tag AS t WHERE t.tenant_id = $1 AND t.member_id = ANY ($2::uuid[]) AND t.tag = $3"
    " RETURNING t.member_id"
)
_REVISED: Final = """
WITH m AS (
    UPDATE member AS m SET revision = m.revision + 1 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[]) RETURNING m.id)
INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
SELECT $1, 'member.updated', m.id, $3, '{"fields": ["tags"]}' FROM m ORDER BY m.id"""


class BulkAct(Body):
    """What is to be done: `tag` goes with tag and untag, `coupon_id` with coupon."""

    act: Literal["tag", "untag", "coupon"]
    tag: Tag | None = None
    coupon_id: UUID | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = "coupon_id" if self.act == "coupon" else "tag"
        if getattr(self, needed) is None:
            raise InvalidValueError("required", at=f"/{needed}")
        return self


class Ticked(Body):
    """Members by their ids."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=_TICKED)]


def query_of(filters: dict[str, str], limit: int, cursor: str | None = None) -> MembersQuery:
    """The list's query of these filters, the newest first. Raises DomainError `validation-failed`."""
    asked = {name: value for name, value in filters.items() if name in FILTERS and value}
    place = {} if cursor is None else {"cursor": cursor}
    return parse_query(MembersQuery, {**asked, **place, "limit": str(min(limit, 200))}).model_copy(
        update={"limit": limit}
    )


async def count(filters: dict[str, str], ids: list[UUID]) -> tuple[int, bool]:
    """How many are meant, and whether that is all: a segment's walk ends after a while."""
    if ids:
        return len([row for row in await member_rows(ids) if row["status"] == "active"]), True
    return await count_members(query_of(filters, 1))


async def begin_bulk(job_id: UUID, act: BulkAct, filters: dict[str, str], ids: list[UUID]) -> None:
    """Starts the job `job_id`; the same one again does nothing. Raises DomainError `validation-failed`, `not-found`
    for a coupon, `coupon-ended`, `forbidden`, `tenant-closed`.
    """
    await require_trading()
    if act.coupon_id is not None:
        (await definition(act.coupon_id)).issue("by_hand", (await this_night()).today)
    total, _ = await count(filters, ids)  # what the asker may not ask for is refused here
    if not await connection().fetchval(_NEW, current().tenant_id, job_id, KIND, current().request_id):
        return
    payload = {
        "job_id": str(job_id),
        "act": json.loads(act.model_dump_json()),
        "filters": filters,
        "ids": [str(one) for one in ids],
        "actor": current().principal.actor,
        "total": total,
        "looked_at": 0,
        "changed": 0,
    }
    await enqueue(JOB, payload)
    what = {"tag": act.tag, "coupon": None if act.coupon_id is None else str(act.coupon_id)}
    found = {"ticked": len(ids)} if ids else {"filters": {name: filters[name] for name in filters if name != "q"}}
    detail = {"act": act.act, **{key: value for key, value in what.items() if value}, "members": total, **found}
    await record("member.bulk", f"job:{job_id}", detail)


async def cancel_bulk(job_id: UUID) -> None:
    """Ends the job behind the batch at work: what is done stays done. One that is over stays as it ended."""
    if await connection().fetchval(_STATE, current().tenant_id, job_id) in {"queued", "running"}:
        await fail_job(job_id, "cancelled", code="cancelled")
        await record("member.bulk_cancel", f"job:{job_id}")


async def _stopped(payload: dict[str, Any], error: str) -> None:
    await fail_job(UUID(payload["job_id"]), error)


@job(JOB, on_dead=_stopped)
async def bulk_batch(payload: dict[str, Any]) -> None:
    """The next members of the job."""
    job_id = UUID(payload["job_id"])
    if await connection().fetchval(_STATE, current().tenant_id, job_id) not in {"queued", "running"}:
        return
    ids, after = await _next(payload)
    changed, ended = await _apply(payload, job_id, ids)
    counts = {"looked_at": payload["looked_at"] + len(ids), "changed": payload["changed"] + changed}
    shown = {**counts, "total": max(payload["total"], counts["looked_at"]), "act": payload["act"]}
    if after is None or ended:
        await finish_job(job_id, {**shown, "ended": ended})
        return
    await progress_job(job_id, min(0.999, counts["looked_at"] / max(1, shown["total"])), shown)
    await enqueue(JOB, {**payload, **counts, "cursor": after}, direct=True)


async def _next(payload: dict[str, Any]) -> tuple[list[UUID], str | None]:
    if payload["ids"]:
        return [UUID(one) for one in payload["ids"]], None
    listed = await list_members(query_of(payload["filters"], BATCH, payload.get("cursor")))
    return [row["id"] for row in listed.rows], listed.after


async def _apply(payload: dict[str, Any], job_id: UUID, ids: list[UUID]) -> tuple[int, bool]:
    """How many were changed, and whether the act came to its end before the members did."""
    act, locked = payload["act"], await lock_active(ids)
    members = [one for one in ids if one in locked.members]
    if act["act"] == "coupon":
        given = await definition(UUID(act["coupon_id"]))
        granted = await grant(
            [Grant(given.code, one, "by_hand", job_id) for one in members],
            recorded_at=locked.recorded_at,
            today=locked.today,
            reason=act["reason"],
            actor=payload["actor"],
        )
        return len(granted) - granted.count(None), None in granted
    sql = _TAG if act["act"] == "tag" else _UNTAG
    rows = await connection().fetch(sql, current().tenant_id, members, act["tag"])
    tagged = [row["member_id"] for row in rows]
    await connection().execute(_REVISED, current().tenant_id, tagged, locked.recorded_at)
    return len(rows), False
