"""A member's wallet as it is shown: balances, the lots with something left, and its movements page by page."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.wallet.reading import Wallet, read_wallet

# Under each id by its index: of a member with ten thousand movements the first page costs what it costs of ten.
_ENTRIES: Final = """
SELECT e.id, e.kind, e.source_id, e.debit, e.credit, e.amount, e.principal_after, e.bonus_after, e.branch_id,
       e.recorded_at, e.reason
  FROM unnest($2::uuid[]) AS u (id) CROSS JOIN LATERAL (
       SELECT * FROM wallet_entry f WHERE f.tenant_id = $1 AND f.member_id = u.id AND ($3::uuid IS NULL OR f.id < $3)
        ORDER BY f.id DESC LIMIT $4) AS e
 ORDER BY e.id DESC LIMIT $4"""


async def entries_of(member_ids: Sequence[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """The movements under these ids (a member's and those merged into it), the newest first, one more than `limit`
    where there are more.
    """
    return await connection().fetch(_ENTRIES, current().tenant_id, member_ids, before, limit + 1)


def entry_out(row: asyncpg.Record) -> dict[str, Any]:
    """A movement as the member sees it: `account` is the principal or the bonus, `amount` what it gained (below 0:
    lost); `principal` and `bonus` are the balances behind it. `from` and `to` are the accounts debited and credited.
    """
    gains = row["credit"] in {"principal", "bonus"}
    return {
        "id": row["id"],
        "kind": row["kind"],
        "source_id": row["source_id"],
        "account": row["credit"] if gains else row["debit"],
        "amount": row["amount"] if gains else -row["amount"],
        "from": row["debit"],
        "to": row["credit"],
        "principal": row["principal_after"],
        "bonus": row["bonus_after"],
        "branch_id": row["branch_id"],
        "recorded_at": row["recorded_at"],
        "reason": row["reason"],
    }


async def wallet_out(member_id: UUID) -> dict[str, Any]:
    """Balances and open lots, oldest first, in minor units."""
    wallet: Wallet = await read_wallet(member_id)
    return {
        "principal": wallet.principal,
        "bonus": wallet.bonus,
        "lots": [
            {
                "id": lot.id,
                "branch_id": lot.branch_id,
                "principal": lot.principal,
                "bonus": lot.bonus,
                "principal_left": lot.principal_left,
                "bonus_left": lot.bonus_left,
                "refunded": lot.refunded,
                "recorded_at": lot.recorded_at,
            }
            for lot in wallet.lots
        ],
    }
