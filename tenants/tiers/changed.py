"""Members whose values can have changed since an instant: what an incremental run looks at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.ids import first_id_since
from saas.scope import connection, current
from tenants.tiers.runs import ID_SLACK

# Ids grow with time, so each part is a range of a primary key. $2: the facts' first id; $3: the members' own.
_NAMED: Final = """
SELECT f.member_id AS id FROM purchase f WHERE f.tenant_id = $1 AND f.id >= $2 AND f.member_id IS NOT NULL
UNION SELECT f.member_id FROM refund f WHERE f.tenant_id = $1 AND f.id >= $2 AND f.member_id IS NOT NULL
UNION SELECT f.member_id FROM purchase_undone f WHERE f.tenant_id = $1 AND f.id >= $2 AND f.member_id IS NOT NULL
UNION SELECT f.member_id FROM top_up_undone f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM activity f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.referrer_id FROM referral_move f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM tier_act f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM merge f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM top_up f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM wallet_refund f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.member_id FROM points_entry f WHERE f.tenant_id = $1 AND f.id >= $2 AND f.kind <> 'expire'
UNION SELECT f.member_id FROM profile_change f WHERE f.tenant_id = $1 AND f.id >= $2
UNION SELECT f.id FROM member f WHERE f.tenant_id = $1 AND f.id >= $3"""
# A fact names whom it was recorded for: what is given back of a merged member's purchase is the survivor's.
_CHANGED: Final = f"""
SELECT DISTINCT coalesce((SELECT m.merged_into FROM member m WHERE m.tenant_id = $1 AND m.id = f.id), f.id) AS id
  FROM ({_NAMED}) f"""
_COUNT: Final = f"SELECT count(*) FROM (SELECT FROM ({_CHANGED}) x LIMIT $4) x"
_NEXT: Final = f"SELECT x.id FROM ({_CHANGED}) x WHERE $4::uuid IS NULL OR x.id > $4 ORDER BY 1 LIMIT $5"
_LOCK: Final = """
SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[]) AND m.status = 'active'
 ORDER BY m.id FOR NO KEY UPDATE"""
_IMPORTING: Final = (
    "SELECT EXISTS (SELECT FROM import_run WHERE tenant_id = $1 AND started_at IS NOT NULL"
    " AND (finished_at IS NULL OR finished_at >= $2))"
)


async def count_changed(since: datetime, most: int) -> int:
    """How many members changed since (our clock), counted up to `most`."""
    found: int = await connection().fetchval(_COUNT, *await _from(since), most)
    return found


async def lock_changed(since: datetime, after: UUID | None, limit: int) -> tuple[Sequence[UUID], UUID | None]:
    """Locks, in id order, the next members behind `after` who changed since (our clock) and are still there.

    With them the last id looked at; None: nobody is behind it.
    """
    found = await connection().fetch(_NEXT, *await _from(since), after, limit, timeout=120)
    ids = [row["id"] for row in found]
    rows = await connection().fetch(_LOCK, current().tenant_id, ids, timeout=120)
    return [row["id"] for row in rows], ids[-1] if len(ids) == limit else None


async def _from(since: datetime) -> tuple[Any, ...]:
    """A fact's id is made behind its lock by the database, but for an import's and a new member's."""
    importing = await connection().fetchval(_IMPORTING, current().tenant_id, since - ID_SLACK)
    earlier = first_id_since(since - ID_SLACK)
    return current().tenant_id, earlier if importing else first_id_since(since), earlier
