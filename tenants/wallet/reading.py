"""A member's wallet as it stands. Read behind the member's lock by whoever is going to write."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from saas.scope import connection, current
from tenants.wallet.lots import Lot

_LOT: Final = (
    "jsonb_build_array(l.id, l.branch_id, l.principal, l.bonus, l.principal_left, l.bonus_left, l.refunded,"
    " l.bonus_voided, l.recorded_at)"
)
WALLET: Final = f"""(
SELECT jsonb_build_object('principal', a.principal, 'bonus', a.bonus, 'lots', coalesce((
           SELECT jsonb_agg({_LOT} ORDER BY l.recorded_at, l.id) FROM wallet_lot AS l
            WHERE l.tenant_id = $1 AND l.member_id = {{member}} AND l.principal_left + l.bonus_left > 0), '[]'::jsonb))
  FROM wallet_account AS a WHERE a.tenant_id = $1 AND a.member_id = {{member}})"""
"""A scalar subquery: `WALLET.format(member="l.id")` is jsonb for `wallet_of`, or NULL; `$1` is the tenant. Only lots
that have something left, oldest first.
"""
_LOTS: Final = f"""
SELECT {_LOT} AS lot FROM wallet_lot AS l WHERE l.tenant_id = $1 AND l.member_id = $2 AND l.id = ANY ($3::uuid[])
 ORDER BY l.recorded_at, l.id"""


@dataclass(frozen=True, slots=True)
class Wallet:
    """Balances in minor units, and the lots with something left, oldest first."""

    principal: int
    bonus: int
    lots: tuple[Lot, ...]

    @property
    def balance(self) -> int:
        return self.principal + self.bonus


EMPTY: Final = Wallet(0, 0, ())


def wallet_of(value: dict[str, Any] | None) -> Wallet:
    """What `WALLET` answered."""
    if value is None:
        return EMPTY
    return Wallet(value["principal"], value["bonus"], tuple(_lot(each) for each in value["lots"]))


def _lot(value: list[Any]) -> Lot:
    lot_id, branch_id, principal, bonus, principal_left, bonus_left, refunded, bonus_voided, recorded_at = value
    return Lot(
        UUID(lot_id),
        None if branch_id is None else UUID(branch_id),
        principal,
        bonus,
        principal_left,
        bonus_left,
        refunded,
        bonus_voided,
        datetime.fromisoformat(recorded_at),
    )


async def read_wallet(member_id: UUID) -> Wallet:
    """The wallet of the member whose lock the caller holds (or who wants to show it)."""
    value = await connection().fetchval(f"SELECT {WALLET.format(member='$2')}", current().tenant_id, member_id)
    return wallet_of(cast("dict[str, Any] | None", value))


async def read_lots(member_id: UUID, lot_ids: list[UUID]) -> list[Lot]:
    """Those lots of the member's, oldest first, whether anything is left of them or not."""
    rows = await connection().fetch(_LOTS, current().tenant_id, member_id, lot_ids)
    return [_lot(row["lot"]) for row in rows]
