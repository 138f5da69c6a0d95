"""Using an allowance, and taking a use back. Uses of one member go one after the other, behind the member's lock."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.scope import connection, current
from tenants.allowances.allowance import Allowance, allowances_of
from tenants.allowances.bodies import UseBody
from tenants.audit.record import record
from tenants.branches.branch import require_branch, require_named
from tenants.members.row import lock_member
from tenants.members.whereabouts import survivor_of, united
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.purchases.first_fact import settle_settings

_TENANT: Final = (
    "SELECT status, timezone, has_facts, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
    " WHERE tenant_id = $1"
)
_USE: Final = """
INSERT INTO allowance_use AS u (tenant_id, member_id, seq, product, per, period, uses, external_id, fingerprint,
                                branch_id, recorded_at, actor)
VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING u.*, false AS undone"""
_UNDO: Final = """
INSERT INTO allowance_use AS u (tenant_id, member_id, seq, product, per, period, uses, undoes, branch_id, recorded_at,
                                actor)
VALUES ($1, $2, $3, $4, $5, $6, -1, $7, $8, $9, $10)"""
_FIND: Final = """
SELECT u.*, EXISTS (SELECT FROM allowance_use x WHERE x.tenant_id = $1 AND x.undoes = u.id) AS undone
  FROM allowance_use u WHERE u.tenant_id = $1 AND u.uses = 1 AND"""
_BY_NUMBER: Final = f"{_FIND} u.external_id = $2"
_BY_ID: Final = f"{_FIND} u.id = $2 AND u.member_id = ANY ($3::uuid[])"


@dataclass(frozen=True, slots=True)
class Used:
    """A use of a member's allowance, and the allowance as it is now; None where its tier is gone or the use was in a
    period that is over. `first`: it was recorded just now.
    """

    member_id: UUID
    row: asyncpg.Record
    allowance: Allowance | None
    first: bool

    def shown(self) -> dict[str, Any]:
        named = {key: self.row[key] for key in ("id", "product", "branch_id", "external_id", "recorded_at", "undone")}
        allowance = None if self.allowance is None else self.allowance.shown()
        return {**named, "member_id": self.member_id, "allowance": allowance}


async def allowances(member_id: UUID) -> list[Allowance]:
    """What the member may use today. Nobody who has left may use anything. Raises DomainError `not-found`."""
    records = await united(member_id)
    status = await connection().fetchval(
        "SELECT status FROM member WHERE tenant_id = $1 AND id = $2", current().tenant_id, records[0]
    )
    if status != "active":
        return []
    tenant = await _tenant()
    rules = await programme(tenant["programme_version"])
    return await allowances_of(records, rules, local_day(tenant["now"], ZoneInfo(tenant["timezone"])))


async def use(member_id: UUID, product: str, body: UseBody) -> Used:
    """Counts one use. Of several allowances of the product the one whose period ends first is used.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `unknown-branch`, `branch-closed`,
    `not-permitted`, `no-allowance` where the tiers give none of it, `allowance-used-up`, `external-id-conflict`, and
    `validation-failed` for a key of branches that names none.
    """
    require_named(body.branch_id)
    member = await lock_member(member_id)
    mark = _fingerprint(product, body.branch_id)
    if body.external_id is not None:
        known = await connection().fetchrow(_BY_NUMBER, current().tenant_id, body.external_id)
        if known is not None:
            return await _first_answer(known, member, mark)
    tenant = await _require_possible(member, body.branch_id)
    timezone = tenant["timezone"] if tenant["has_facts"] else await settle_settings()
    rules, today = await programme(tenant["programme_version"]), local_day(member["locked_at"], ZoneInfo(timezone))
    meant = _choose(await allowances_of(await united(member["id"]), rules, today), product)
    row = await connection().fetchrow(
        _USE,
        current().tenant_id,
        member["id"],
        member["seq"],
        product,
        meant.per,
        meant.period.first,
        body.external_id,
        None if body.external_id is None else mark,
        body.branch_id,
        member["locked_at"],
        current().principal.actor,
    )
    if row is None:  # another member's till took the number while we worked
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    return Used(member["id"], row, await _allowance_of(member["id"], row), first=True)


async def undo_use(member_id: UUID, product: str, use_id: UUID) -> Used:
    """Takes a use back, in the period in which it was; a second time nothing happens.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `not-permitted` for a use at others' branches.
    """
    member = await lock_member(member_id)
    records = await united(member["id"])
    row = await connection().fetchrow(_BY_ID, current().tenant_id, use_id, records)
    if row is None or row["product"] != product:
        raise DomainError("not-found")
    _require_own(row["branch_id"])
    if not row["undone"]:
        await _require_possible(member, None)
        await connection().execute(
            _UNDO,
            current().tenant_id,
            member["id"],
            member["seq"],
            product,
            row["per"],
            row["period"],
            use_id,
            row["branch_id"],
            member["locked_at"],
            current().principal.actor,
        )
        await record("allowance.undo", f"member:{member['id']}", {"product": product, "use_id": str(use_id)})
        row = await connection().fetchrow(_BY_ID, current().tenant_id, use_id, records)
    if row is None:
        raise DomainError("internal")
    return Used(member["id"], row, await _allowance_of(member["id"], row), first=False)


def _fingerprint(product: str, branch_id: UUID | None) -> bytes:
    return sha256(f"{product} {branch_id}".encode()).digest()


async def _first_answer(row: asyncpg.Record, member: asyncpg.Record, mark: bytes) -> Used:
    if row["fingerprint"] != mark or await survivor_of(row["member_id"]) != member["id"]:
        raise DomainError("external-id-conflict", params={"external_id": row["external_id"]})
    return Used(member["id"], row, await _allowance_of(member["id"], row), first=False)


async def _allowance_of(member_id: UUID, row: asyncpg.Record) -> Allowance | None:
    for one in await allowances(member_id):
        if (one.product, one.per, one.period.first) == (row["product"], row["per"], row["period"]):
            return one
    return None


def _choose(found: list[Allowance], product: str) -> Allowance:
    mine = [one for one in found if one.product == product]
    if not mine:
        raise DomainError("no-allowance", params={"product": product})
    for one in mine:  # sorted: the one that ends first
        if one.left:
            return one
    again = mine[0].period.last + ONE_DAY
    raise DomainError("allowance-used-up", params={"product": product, "count": mine[0].count, "again_on": again})


def _require_own(branch_id: UUID | None) -> None:
    principal = current().principal
    if principal.branch_ids is not None and (branch_id is None or not principal.may_at(branch_id)):
        raise DomainError("not-permitted")


async def _require_possible(member: asyncpg.Record, branch_id: UUID | None) -> asyncpg.Record:
    tenant = await _tenant()
    if tenant["status"] in CLOSED:
        raise DomainError("tenant-closed")
    if member["status"] != "active":
        raise DomainError("member-closed")
    if branch_id is not None:
        await require_branch(branch_id)
    return tenant


async def _tenant() -> asyncpg.Record:
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    return tenant
