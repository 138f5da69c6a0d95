"""Coupons on paper: whoever brings one may use it, once."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch, require_named
from tenants.coupons.bodies import MOST
from tenants.coupons.coupon import Definition, definition, lock_coupon
from tenants.coupons.given import sheet
from tenants.coupons.granting import refuse_clerks
from tenants.coupons.ledger import post
from tenants.coupons.numbers import new_number
from tenants.coupons.postings import Posting
from tenants.nightly import this_night
from tenants.trading import require_trading


async def print_coupons(coupon_id: UUID, count: int, branch_id: UUID | None, act: UUID | None = None) -> dict[str, Any]:
    """So many new numbers with their days. `act`: the asker's own id of the sheet; the same again prints nothing more
    and is answered with the first numbers. Raises DomainError `tenant-closed`, `not-found`, `coupon-ended`, what
    `require_branch` raises, `not-permitted` for a clerk, and `validation-failed` for a key of some branches that names
    none.
    """
    refuse_clerks()
    await require_trading()
    require_named(branch_id)
    if branch_id is not None:
        await require_branch(branch_id)
    given = await definition(coupon_id)
    night = await this_night()
    if act is None:
        act = await connection().fetchval("SELECT uuidv7()")
    else:
        await lock_coupon(coupon_id)
        if before := await sheet(coupon_id, act, MOST, None):
            return _shown(given, act, [dict(row) for row in before])
    issues = [given.issue("printed", night.today, new_number()) for _ in range(count)]
    written = await post(
        [
            Posting(
                kind="grant",
                grant_id=None,
                member_id=None,
                seq=None,
                day=night.today,
                recorded_at=night.now,
                actor=current().principal.actor,
                source_id=act,
                branch_id=branch_id,
                issue=issue,
            )
            for issue in issues
        ]
    )
    await record("coupon.print", f"coupon:{coupon_id}", {"code": given.code, "act": str(act), "count": count})
    rows = [
        {"id": one.grant_id, "number": issue.number, "valid_from": issue.valid_from, "valid_until": issue.valid_until}
        for one, issue in zip(written, issues, strict=True)
    ]
    return _shown(given, act, rows)


def _shown(given: Definition, act: UUID, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "sheet": act,
        "coupon": {"id": given.id, "code": given.code},
        "valid_from": rows[0]["valid_from"],
        "valid_until": rows[0]["valid_until"],
        "coupons": [{"id": row["id"], "number": row["number"]} for row in rows],
    }
