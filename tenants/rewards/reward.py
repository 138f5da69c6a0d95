"""The rewards of a chain: what they cost in points, how many pieces there are, who may claim them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.programme.document import Programme
from tenants.programme.strict import Names
from tenants.programme.versions import current_programme
from tenants.rewards.bodies import Floor, NewReward, RewardChange
from tenants.trading import require_trading

_SHOWN: Final = "r.id, r.code, r.names, r.points, r.stock, r.ladder, r.tier, r.source, r.ended_at, r.created_at"
_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant t WHERE t.tenant_id = $1)"
# Pieces to begin with are an entry as any other.
_PUT: Final = f"""
WITH n AS MATERIALIZED (
    SELECT uuidv7() AS id, x.* FROM jsonb_to_recordset($2) AS x (
        code text, names jsonb, points bigint, stock bigint, ladder text, tier text)),
put AS (
    INSERT INTO reward AS r (tenant_id, id, code, names, points, stock, ladder, tier, source, created_at)
    SELECT $1, n.id, n.code, n.names, n.points, n.stock, n.ladder, n.tier, $3, {_NOW} FROM n ORDER BY n.id
    ON CONFLICT DO NOTHING RETURNING {_SHOWN}),
stocked AS (
    INSERT INTO reward_entry AS e (tenant_id, reward_id, kind, source_id, pieces, recorded_at, actor)
    SELECT $1, p.id, 'stock', p.id, p.stock, p.created_at, $4 FROM put p WHERE p.stock > 0)
SELECT * FROM put"""
_READ: Final = f"SELECT {_SHOWN} FROM reward AS r WHERE r.tenant_id = $1 AND r.id = $2"
_LIST: Final = f"SELECT {_SHOWN} FROM reward AS r WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3"
_NEWEST: Final = f"""
SELECT {_SHOWN} FROM reward AS r WHERE r.tenant_id = $1 AND (r.ended_at IS NOT NULL) = $2
   AND ($3::uuid IS NULL OR r.id < $3) ORDER BY r.id DESC LIMIT $4"""
_UPDATE: Final = f"""
WITH changed AS (
    UPDATE reward AS r SET names = $3, points = $4, ladder = $5, tier = $6,
           stock = CASE WHEN $7 THEN NULL ELSE r.stock END,
           ended_at = CASE WHEN $8 THEN coalesce(r.ended_at, {_NOW}) END
     WHERE r.tenant_id = $1 AND r.id = $2 RETURNING {_SHOWN}),
emptied AS ( -- who counts pieces again begins with none
    INSERT INTO reward_entry AS e (tenant_id, reward_id, kind, source_id, pieces, recorded_at, actor)
    SELECT $1, c.id, 'stock', uuidv7(), -($9::bigint), {_NOW}, $10 FROM changed c WHERE $7 AND $9 > 0)
SELECT * FROM changed"""
_STOCK: Final = f"""
WITH moved AS (
    UPDATE reward AS r SET stock = coalesce(r.stock, 0) + $3
     WHERE r.tenant_id = $1 AND r.id = $2 AND coalesce(r.stock, 0) + $3 >= 0 RETURNING {_SHOWN}),
entered AS (
    INSERT INTO reward_entry AS e (tenant_id, reward_id, kind, source_id, pieces, recorded_at, actor)
    SELECT $1, m.id, 'stock', uuidv7(), $3, {_NOW}, $4 FROM moved m)
SELECT * FROM moved"""
_BEGINNING: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Offered:
    """A reward of a template; `floor`: ladder and tier."""

    code: str
    names: Names
    points: int
    stock: int | None
    floor: tuple[str, str] | None


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A reward as JSON data."""
    return {
        "id": row["id"],
        "code": row["code"],
        "names": row["names"],
        "points": row["points"],
        "stock": row["stock"],
        "floor": None if row["tier"] is None else {"ladder": row["ladder"], "tier": row["tier"]},
        "source": row["source"],
        "ended_at": row["ended_at"],
        "created_at": row["created_at"],
    }


async def install_rewards(rewards: Sequence[Offered]) -> None:
    """Keeps a template's rewards as the current tenant's own to change; it has none of these codes yet."""
    await _put(rewards, "template")


async def make_reward(new: NewReward) -> dict[str, Any]:
    """A new reward. Raises DomainError `tenant-closed`, `code-taken`, `validation-failed` for a tier that isn't
    there.
    """
    await require_trading()
    await _require_floor(new.floor)
    floor = None if new.floor is None else (new.floor.ladder, new.floor.tier)
    rows = await _put([Offered(new.code, new.names, new.points, new.stock, floor)], "tenant")
    if not rows:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("reward.create", f"reward:{rows[0]['id']}", {"code": new.code, "points": new.points})
    return shown(rows[0])


async def _put(rewards: Sequence[Offered], source: str) -> list[asyncpg.Record]:
    data = [
        {
            "code": reward.code,
            "names": reward.names.model_dump(mode="json"),
            "points": reward.points,
            "stock": reward.stock,
            "ladder": None if reward.floor is None else reward.floor[0],
            "tier": None if reward.floor is None else reward.floor[1],
        }
        for reward in rewards
    ]
    return await connection().fetch(_PUT, current().tenant_id, data, source, current().principal.actor)


async def rewards(after: UUID | None, count: int) -> list[asyncpg.Record]:
    """Up to `count` rewards in the order they were made, behind `after`."""
    return await connection().fetch(_LIST, current().tenant_id, after or _BEGINNING, count)


async def newest_rewards(before: UUID | None, count: int, *, ended: bool) -> list[asyncpg.Record]:
    """The same, the newest first: those that can be claimed, or those that have ended."""
    return await connection().fetch(_NEWEST, current().tenant_id, ended, before, count)


async def reward(reward_id: UUID) -> asyncpg.Record:
    """One reward's row. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, reward_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def change_reward(reward_id: UUID, change: RewardChange) -> dict[str, Any]:
    """Changes what is given; claims made before keep their points. Raises DomainError `tenant-closed`,
    `not-found`, `validation-failed` for a tier that isn't there.
    """
    await require_trading()
    await _require_floor(change.floor)
    row = await connection().fetchrow(f"{_READ} FOR NO KEY UPDATE", current().tenant_id, reward_id)
    if row is None:
        raise DomainError("not-found")
    ladder, tier = row["ladder"], row["tier"]
    if "floor" in change.model_fields_set:
        ladder, tier = (change.floor.ladder, change.floor.tier) if change.floor else (None, None)
    changed = await connection().fetchrow(
        _UPDATE,
        current().tenant_id,
        reward_id,
        row["names"] if change.names is None else change.names.model_dump(mode="json"),
        change.points or row["points"],
        ladder,
        tier,
        change.unlimited is True,
        row["ended_at"] is not None if change.ended is None else change.ended,
        row["stock"] or 0,
        current().principal.actor,
    )
    if changed is None:
        raise RuntimeError("a row that was locked is gone")
    detail = {"code": row["code"], "changed": sorted(change.model_fields_set)}
    await record("reward.change", f"reward:{reward_id}", detail)
    return shown(changed)


async def stock_reward(reward_id: UUID, pieces: int) -> dict[str, Any]:
    """More pieces or fewer; one whose pieces weren't counted has none before. Raises DomainError
    `tenant-closed`, `not-found`, `reward-stock-too-low` {stock}.
    """
    await require_trading()
    row = await connection().fetchrow(_STOCK, current().tenant_id, reward_id, pieces, current().principal.actor)
    if row is None:
        there = await reward(reward_id)
        raise DomainError("reward-stock-too-low", params={"stock": there["stock"] or 0})
    await record("reward.stock", f"reward:{reward_id}", {"code": row["code"], "pieces": pieces})
    return shown(row)


def floor_rank(rules: Programme, ladder: str, tier: str) -> int | None:
    """The rank from which on members may claim; None where the rules have no such tier any more. `tier` may be the code
    that it had when it was named.
    """
    found = rules.ladder(ladder)
    floor = None if found is None else rules.raised(found, tier)
    return None if floor is None else floor.rank


async def _require_floor(floor: Floor | None) -> None:
    if floor is None:
        return
    ladder = (await current_programme()).ladder(floor.ladder)
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError("/floor/ladder", "unknown-ladder")])
    if ladder.tier(floor.tier) is None:
        raise DomainError("validation-failed", errors=[FieldError("/floor/tier", "unknown-tier")])
