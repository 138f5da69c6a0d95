"""Claims: a member's points for a piece of a reward. Collected, it is over; cancelled, both come back."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, Word
from saas.savepoint import savepoint
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch, require_named
from tenants.events.emit import emit
from tenants.members.named import active_named, names
from tenants.members.row import lock_active
from tenants.points.book import Fact
from tenants.points.ledger import post, read, taken
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.rewards.bodies import ClaimBody
from tenants.rewards.reward import floor_rank, reward
from tenants.trading import require_trading

_TENANT: Final = "SELECT status, timezone, programme_version FROM tenant WHERE tenant_id = $1"
_RANK: Final = "SELECT tier, rank FROM member_tier WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3"
_CLAIM: Final = """
INSERT INTO reward_claim AS c (tenant_id, reward_id, member_id, seq, points, state, external_id, fingerprint, branch_id,
                               recorded_at, actor)
VALUES ($1, $2, $3, $4, $5, 'claimed', $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING c.id"""
_TAKE: Final = """
WITH taken AS (
    UPDATE reward AS r SET stock = r.stock - 1
     WHERE r.tenant_id = $1 AND r.id = $2 AND r.stock > 0 RETURNING r.id),
entered AS (
    INSERT INTO reward_entry AS e (tenant_id, reward_id, kind, source_id, pieces, recorded_at, actor)
    SELECT $1, t.id, 'claim', $3, -1, $4, $5 FROM taken t)
SELECT t.id FROM taken t"""
# A piece comes back where the claim took one, and pieces are still counted.
_PUT_BACK: Final = """
WITH back AS (
    UPDATE reward AS r SET stock = r.stock + 1
     WHERE r.tenant_id = $1 AND r.id = $2 AND r.stock IS NOT NULL
       AND EXISTS (SELECT FROM reward_entry e WHERE e.tenant_id = $1 AND e.kind = 'claim' AND e.source_id = $3)
    RETURNING r.id)
INSERT INTO reward_entry AS e (tenant_id, reward_id, kind, source_id, pieces, recorded_at, actor)
SELECT $1, b.id, 'cancel', $3, 1, $4, $5 FROM back b"""
_END: Final = """
UPDATE reward_claim AS c SET state = $3, changed_at = clock_timestamp() + t.clock_offset, changed_by = $4 FROM tenant t
 WHERE t.tenant_id = $1 AND c.tenant_id = $1 AND c.id = $2 AND c.state = 'claimed' RETURNING c.id"""
_SHOWN: Final = (
    "c.id, c.reward_id, r.code, r.names, c.member_id, c.points, c.state, c.external_id, c.fingerprint, c.branch_id,"
    " c.recorded_at, c.changed_at"
)
_FROM: Final = "FROM reward_claim c JOIN reward r ON r.tenant_id = $1 AND r.id = c.reward_id WHERE c.tenant_id = $1"
_READ: Final = f"SELECT {_SHOWN} {_FROM} AND c.id = $2"
_KNOWN: Final = f"SELECT {_SHOWN} {_FROM} AND c.external_id = $2"
OF_MEMBER: Final = f"""
SELECT {_SHOWN} {_FROM} AND c.member_id = ANY ($2) AND ($3::uuid IS NULL OR c.id < $3)
   AND ($4::text IS NULL OR c.state = $4) ORDER BY c.id DESC LIMIT $5"""


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A claim as JSON data."""
    return {
        "id": row["id"],
        "reward": {"id": row["reward_id"], "code": row["code"], "names": row["names"]},
        "member_id": row["member_id"],
        "points": row["points"],
        "state": row["state"],
        "branch_id": row["branch_id"],
        "external_id": row["external_id"],
        "recorded_at": row["recorded_at"],
        "changed_at": row["changed_at"],
    }


async def claim(reward_id: UUID, body: ClaimBody) -> tuple[asyncpg.Record, bool]:
    """Takes the points and a piece, or neither. The claim, and whether it is new: the same `external_id` with the same
    content is answered again.

    Raises DomainError `not-found`, `reward-ended`, `reward-needs-tier`, `reward-out-of-stock`, `not-enough-points`,
    `points-in-debt`, `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `external-id-conflict`, `tenant-closed`.
    """
    mark = _fingerprint(reward_id, body)
    earlier = await _earlier(body, mark)
    if earlier is not None:
        return earlier, False
    require_named(body.branch_id)
    if body.branch_id is not None:
        await require_branch(body.branch_id)
    try:
        async with savepoint():  # so that a repeat takes no number of the member's
            claim_id = await _claim(reward_id, body, mark)
    except DomainError as refused:
        earlier = await _earlier(body, mark)  # sent twice at once: the other one was faster
        if earlier is None:
            raise refused from None
        return earlier, False
    return await _read(claim_id), True


async def _claim(reward_id: UUID, body: ClaimBody, mark: bytes) -> UUID:
    member = await lock_active(await active_named(body))
    tenant = await _tenant()
    wanted = await reward(reward_id)
    if wanted["ended_at"] is not None:
        raise DomainError("reward-ended", params={"code": wanted["code"]})
    await _require_tier(wanted, member["id"], tenant["programme_version"])
    actor, now = current().principal.actor, member["locked_at"]
    claim_id: UUID | None = await connection().fetchval(
        _CLAIM,
        current().tenant_id,
        reward_id,
        member["id"],
        member["seq"],
        wanted["points"],
        body.external_id,
        None if body.external_id is None else mark,
        body.branch_id,
        now,
        actor,
    )
    if claim_id is None:
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    today = local_day(now, ZoneInfo(tenant["timezone"]))
    book = await read(member["id"])
    fact = Fact(member["id"], member["seq"], claim_id, now, today, actor, body.branch_id)
    book.spend(fact, "reward", wanted["points"])
    await post(book.postings)
    if wanted["stock"] is not None:  # last, since everybody else who claims it waits for this row
        piece = await connection().fetchval(_TAKE, current().tenant_id, reward_id, claim_id, now, actor)
        if piece is None:
            raise DomainError("reward-out-of-stock", params={"code": wanted["code"]})
    told = {"id": str(claim_id), "reward_id": str(reward_id), "code": wanted["code"], "points": wanted["points"]}
    await emit("reward.claimed", told, member_id=member["id"], at=now)
    return claim_id


async def _tenant() -> asyncpg.Record:
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None or tenant["status"] in CLOSED:
        raise DomainError("tenant-closed")
    return tenant


async def _require_tier(wanted: asyncpg.Record, member_id: UUID, version: int) -> None:
    if wanted["tier"] is None:
        return
    rules = await programme(version)
    held = await connection().fetchrow(_RANK, current().tenant_id, member_id, wanted["ladder"])
    rank = 0
    if held is not None:
        now = floor_rank(rules, wanted["ladder"], held["tier"]) if held["rank"] > 0 else 0
        rank = held["rank"] if now is None else now
    floor = floor_rank(rules, wanted["ladder"], wanted["tier"])
    if floor is None or rank < floor:
        params = {"ladder": wanted["ladder"], "tier": wanted["tier"]}
        raise DomainError("reward-needs-tier", params=params)


def _fingerprint(reward_id: UUID, body: ClaimBody) -> bytes:
    """What makes two claims the same; the member is compared by itself, a merge may have given it another id."""
    return sha256(json.dumps([str(reward_id), str(body.branch_id)]).encode()).digest()


async def _earlier(body: ClaimBody, mark: bytes) -> asyncpg.Record | None:
    if body.external_id is None:
        return None
    known = await connection().fetchrow(_KNOWN, current().tenant_id, body.external_id)
    if known is None:
        return None
    if known["fingerprint"] != mark or not await names(body, known["member_id"]):
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    return known


async def _read(claim_id: UUID) -> asyncpg.Record:
    row = await connection().fetchrow(_READ, current().tenant_id, claim_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def collect(claim_id: UUID) -> asyncpg.Record:
    """The member has the thing now. Raises DomainError `not-found`, `not-permitted`, `claim-not-open` {state},
    `tenant-closed`.
    """
    found = await _open(claim_id)
    await require_trading()
    await _end(found, "collected")
    await emit("reward.collected", _told(found), member_id=found["member_id"])
    await record("reward.collect", f"reward_claim:{claim_id}", {})
    return await _read(claim_id)


async def cancel(claim_id: UUID) -> asyncpg.Record:
    """Points and piece come back. Raises DomainError `not-found`, `not-permitted`, `claim-not-open` {state},
    `member-closed` (whose points are void), `tenant-closed`.
    """
    found = await _open(claim_id)
    member = await lock_active(found["member_id"])
    await _end(found, "cancelled")
    tenant = await _tenant()
    now, actor = member["locked_at"], current().principal.actor
    today = local_day(now, ZoneInfo(tenant["timezone"]))
    book = await read(member["id"])
    takes, lots = await taken([("reward", claim_id), ("reward_return", claim_id)])
    fact = Fact(member["id"], member["seq"], claim_id, now, today, actor, found["branch_id"])
    book.give_back(fact, "reward_return", takes, found["points"], lots)
    await post(book.postings)
    await connection().execute(_PUT_BACK, current().tenant_id, found["reward_id"], claim_id, now, actor)
    await emit("reward.cancelled", _told(found), member_id=member["id"], at=now)
    await record("reward.cancel", f"reward_claim:{claim_id}", {"points": found["points"]})
    return await _read(claim_id)


def _told(found: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": str(found["id"]),
        "reward_id": str(found["reward_id"]),
        "code": found["code"],
        "points": found["points"],
    }


async def _open(claim_id: UUID) -> asyncpg.Record:
    found = await _read(claim_id)
    if found["branch_id"] is not None and not current().principal.may_at(found["branch_id"]):
        raise DomainError("not-permitted")
    if found["state"] != "claimed":
        raise _not_open(found)
    return found


async def _end(found: asyncpg.Record, state: str) -> None:
    actor = current().principal.actor
    ended = await connection().fetchval(_END, current().tenant_id, found["id"], state, actor)
    if ended is None:  # somebody was faster
        raise _not_open(await _read(found["id"]))


def _not_open(found: asyncpg.Record) -> DomainError:
    return DomainError("claim-not-open", params={"state": Word(found["state"])})


async def claims_of_member(
    members: Sequence[UUID], state: str | None, limit: int, before: UUID | None
) -> list[asyncpg.Record]:
    """What a member (under all its ids) claimed, the newest first, one more than `limit` where there are more."""
    return await connection().fetch(OF_MEMBER, current().tenant_id, list(members), before, state, limit + 1)
