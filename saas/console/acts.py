"""The record of what operators did: written with the act, kept for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.db import role_pool

_LONGEST_ADDRESS: Final = 60
_WRITE: Final = """
INSERT INTO platform.operator_act (operator_id, act, chain, details, address) VALUES ($1, $2, $3, $4, $5)"""
_READ: Final = """
SELECT a.id, a.at, o.name, o.email, a.act, a.chain, t.name AS chain_name, a.details, a.address
  FROM platform.operator_act a JOIN platform.operator o ON o.id = a.operator_id
  LEFT JOIN tenant t ON t.tenant_id = a.chain
 WHERE ($1::uuid IS NULL OR a.chain = $1) AND ($2::uuid IS NULL OR a.id < $2)
 ORDER BY a.id DESC LIMIT $3"""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `chain_name` is None where it was about no chain, or the chain is gone."""

    id: UUID
    at: datetime
    name: str
    email: str
    act: str
    chain: UUID | None
    chain_name: str | None
    details: dict[str, Any]
    address: str


async def write(operator_id: UUID, act: str, address: str, *, chain: UUID | None = None, **details: Any) -> None:
    """`address`: where the request came from."""
    pool = await role_pool("operator")
    await pool.execute(_WRITE, operator_id, act, chain, details, address[:_LONGEST_ADDRESS])


async def read(chain: UUID | None = None, *, before: UUID | None = None, limit: int = 50) -> list[Act]:
    """The newest first; those of one chain, or older than the act `before`."""
    rows = await (await role_pool("operator")).fetch(_READ, chain, before, limit)
    return [Act(**row) for row in rows]
