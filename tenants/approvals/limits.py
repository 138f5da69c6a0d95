"""Whether an act needs somebody above, and the approval that came with it taken."""

import hashlib
from typing import Any, Final, Literal, get_args

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record

Act = Literal["points.adjust", "tier.set", "purchase.refund", "wallet.refund"]
ACTS: Final[tuple[Act, ...]] = get_args(Act)

_LIMITS: Final = "SELECT t.clerk_points, t.clerk_money FROM tenant t WHERE t.tenant_id = $1"
_TAKE: Final = """
UPDATE approval AS a SET used_at = clock_timestamp()
 WHERE a.tenant_id = $1 AND a.token_hash = $2 AND a.session_hash = $3 AND 'staff:' || a.asked_by = $4
   AND a.act = $5 AND a.target = $6 AND a.amount >= $7 AND a.used_at IS NULL AND a.expires_at > clock_timestamp()
RETURNING a.id, a.approved_by"""


async def limits() -> dict[str, int]:
    """What the chain's clerks may do alone: `points` moved by hand, `money` given back (minor units)."""
    row: Any = await connection().fetchrow(_LIMITS, current().tenant_id)
    return {"points": row["clerk_points"], "money": row["clerk_money"]}


async def require_approval(act: Act, target: str, amount: int = 0, *, so_far: int = 0) -> None:
    """Passes where the asker may do this alone, or sent an approval of it, which is used up if the work lasts.

    `amount`: points or minor units, above 0; nothing for a tier, which no clerk gives alone. `target`: acted on what.
    `so_far`: as much was done to it before, so that nobody gets around the limit in small parts.
    Raises DomainError `approval-needed`, with what is to be approved.
    """
    principal = current().principal
    if principal.role != "clerk":
        return
    limit = await _limit(act)
    if limit is not None and so_far + amount <= limit:
        return
    token = current().approval
    if token is not None and principal.session is not None:
        key = (current().tenant_id, token_hash(token), principal.session, principal.actor)
        row: Any = await connection().fetchrow(_TAKE, *key, act, target, amount)
        if row is not None:
            detail = {"approval_id": str(row["id"]), "act": act, "amount": amount}
            await record("approval.use", target, {**detail, "approved_by": f"staff:{row['approved_by']}"})
            return
    wanted = {"act": act, "target": target, "amount": amount, "limit": limit, "refused": token is not None}
    raise DomainError("approval-needed", params={"approval": wanted})


async def _limit(act: Act) -> int | None:
    if act == "tier.set":
        return None
    return (await limits())["points" if act == "points.adjust" else "money"]


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
