"""What a poster's address ends with: ten letters that lead to a branch's sign-up page, or to the whole chain's.

They are no secret, and can be ended: a new poster then has a new code.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from saas.db import role_pool
from saas.errors import DomainError
from saas.scope import connection, current
from saas.settings import get_settings
from tenants.audit.record import record
from tenants.branches.branch import branch, require_named

PATH: Final = "/join/"
_ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"  # none that look alike
_LENGTH: Final = 10
_CODE: Final = re.compile(rf"[0-9a-z]{{{_LENGTH}}}")
_FIND: Final = "SELECT j.tenant_id, j.branch_id FROM platform.join_code AS j WHERE j.code = $1 AND j.ended_at IS NULL"
_OURS: Final = """
SELECT j.code, j.branch_id, j.made_at FROM platform.join_code AS j
 WHERE j.tenant_id = $1 AND j.ended_at IS NULL ORDER BY j.branch_id NULLS FIRST"""
_OF: Final = """
SELECT j.code FROM platform.join_code AS j
 WHERE j.tenant_id = $1 AND j.branch_id IS NOT DISTINCT FROM $2 AND j.ended_at IS NULL"""
_THIS: Final = """
SELECT j.branch_id FROM platform.join_code AS j WHERE j.tenant_id = $1 AND j.code = $2 AND j.ended_at IS NULL"""
_MAKE: Final = """
INSERT INTO platform.join_code AS j (tenant_id, branch_id, code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"""
_END: Final = """
UPDATE platform.join_code AS j SET ended_at = clock_timestamp()
 WHERE j.tenant_id = $1 AND j.branch_id IS NOT DISTINCT FROM $2 AND j.ended_at IS NULL RETURNING j.code"""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a code leads; `branch_id` None: to the whole chain."""

    code: str
    tenant_id: UUID
    branch_id: UUID | None


async def find_code(code: str) -> Found:
    """By the gate, before any scope. Raises DomainError `not-found` for one that nobody has, or that was ended."""
    row = None
    if _CODE.fullmatch(code):
        row = await (await role_pool("gate")).fetchrow(_FIND, code)
    if row is None:
        raise DomainError("not-found")
    return Found(code, row["tenant_id"], row["branch_id"])


def join_address(code: str) -> str:
    """The whole address, for a QR code."""
    return f"{get_settings().public_url.rstrip('/')}{PATH}{code}"


async def codes_in_use() -> dict[UUID | None, dict[str, Any]]:
    """The chain's codes by branch."""
    rows = await connection().fetch(_OURS, current().tenant_id)
    return {row["branch_id"]: dict(row) for row in rows}


async def code_of(branch_id: UUID | None) -> str:
    """The branch's code, or the whole chain's; made where there is none.

    Raises DomainError `not-found` for an unknown branch, `not-permitted` and `validation-failed` for who is bound to
    other ones.
    """
    require_named(branch_id)
    if branch_id is not None:
        await branch(branch_id)
    found: str | None = await connection().fetchval(_OF, current().tenant_id, branch_id)
    while found is None:
        made = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        tag = await connection().execute(_MAKE, current().tenant_id, branch_id, made)
        if tag == "INSERT 0 1":
            await record("join_code.make", _target(branch_id), {"code": made})
        found = await connection().fetchval(_OF, current().tenant_id, branch_id)
    return found


async def renew_code(branch_id: UUID | None) -> str:
    """Another code in its place: posters with the one before it lead nowhere from here on. Raises as `code_of` does."""
    require_named(branch_id)
    ended = await connection().fetchval(_END, current().tenant_id, branch_id)
    if ended is not None:
        await record("join_code.end", _target(branch_id), {"code": ended})
    return await code_of(branch_id)


async def our_code(code: str) -> UUID | None:
    """The branch of one of the chain's own codes, None for the whole chain's.

    Raises DomainError `not-found`, `not-permitted` and `validation-failed` for who is bound to other branches.
    """
    row = await connection().fetchrow(_THIS, current().tenant_id, code)
    if row is None:
        raise DomainError("not-found")
    require_named(row["branch_id"])
    branch_id: UUID | None = row["branch_id"]
    return branch_id


async def end_this_code(code: str) -> None:
    """Posters with it lead nowhere any more. Raises as `our_code` does."""
    branch_id = await our_code(code)
    await connection().fetchval(_END, current().tenant_id, branch_id)
    await record("join_code.end", _target(branch_id), {"code": code})


def _target(branch_id: UUID | None) -> str:
    return f"branch:{branch_id}" if branch_id else f"tenant:{current().tenant_id}"
