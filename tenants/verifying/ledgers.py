"""The ledgers' proofs: balances are the sums of their entries and of their lots, states what was done last, stock what
came and went, and stored value nets to zero.

Each check is one statement, hence one snapshot: it holds beside tills that go on selling. A row of its answer is a
difference, which names what it is about, what the entries say and what is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from saas.db import Connection
from saas.scope import connection, current
from tenants.verifying import allowances, coupons, facts, measured, passes, points, rewards, wallet
from tenants.verifying.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    *points.CHECKS,
    *wallet.CHECKS,
    *coupons.CHECKS,
    *rewards.CHECKS,
    *passes.CHECKS,
    *allowances.CHECKS,
    *facts.CHECKS,
    *measured.CHECKS,
)

_WHOSE: Final = " UNION ALL ".join(
    f"SELECT id, member_id FROM {table} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"
    for table in (
        *("points_entry", "points_lot", "points_act", "wallet_entry", "wallet_lot", "top_up", "wallet_refund"),
        *("coupon_grant", "reward_claim", "pass", "pass_entry", "allowance_use", "purchase", "refund"),
    )
)
MOST: Final = 1000
"""So many differences of one check are named; a thousand tell enough of what has gone wrong."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`check` is its code; `subject` a noun and an id (member:<uuid>, lot:<uuid>); `member_id` whose it is, None where
    it is nobody's. The rest is what a sum or state should be by the entries, and what is stored. None: there is no such
    row.
    """

    check: str
    subject: str
    member_id: UUID | None
    expected: str | None
    stored: str | None


async def verify_ledgers() -> list[Difference]:
    """Every difference in the current tenant's ledgers, at most `MOST` of each check; reads, and changes nothing."""
    return await differences(connection(), current().tenant_id)


async def differences(conn: "asyncpg.Connection | Connection", tenant_id: UUID) -> list[Difference]:
    """The same by a connection that sees the tenant's rows."""
    return [one for check in CHECKS for one in await examine(conn, tenant_id, check)]


async def examine(
    conn: "asyncpg.Connection | Connection", tenant_id: UUID, check: Check, seconds: float = 600
) -> list[Difference]:
    """What differs by one check. Raises TimeoutError where it takes longer than `seconds`."""
    rows = await conn.fetch(f"{check.sql}\nLIMIT {MOST}", tenant_id, timeout=seconds)
    whose = await _whose(conn, tenant_id, check, [row["id"] for row in rows])
    return [
        Difference(
            check.code,
            f"{check.noun}:{row['id']}",
            whose.get(row["id"]),
            _text(row["expected"]),
            _text(row["stored"]),
        )
        for row in rows
    ]


async def _whose(
    conn: "asyncpg.Connection | Connection", tenant_id: UUID, check: Check, ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """The members that these are of."""
    if not ids or check.noun == "member":
        return dict(zip(ids, ids, strict=True))
    return {row["id"]: row["member_id"] for row in await conn.fetch(_WHOSE, tenant_id, ids) if row["member_id"]}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
