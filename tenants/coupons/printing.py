"""Coupons on paper: whoever brings one may use it, once."""

from typing import Any
from uuid import UUID

from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch, require_named
from tenants.coupons.coupon import definition
from tenants.coupons.ledger import post
from tenants.coupons.numbers import new_number
from tenants.coupons.postings import Posting
from tenants.nightly import this_night
from tenants.trading import require_trading


async def print_coupons(coupon_id: UUID, count: int, branch_id: UUID | None) -> dict[str, Any]:
    """So many new numbers with their days. Raises DomainError `tenant-closed`, `not-found`, `coupon-ended`, what
    `require_branch` raises, and `validation-failed` for a key of some branches that names none.
    """
    await require_trading()
    require_named(branch_id)
    if branch_id is not None:
        await require_branch(branch_id)
    given = await definition(coupon_id)
    night = await this_night()
    act: UUID = await connection().fetchval("SELECT uuidv7()")
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
    return {
        "coupon": {"id": given.id, "code": given.code},
        "valid_from": issues[0].valid_from,
        "valid_until": issues[0].valid_until,
        "coupons": [{"id": one.grant_id, "number": issue.number} for one, issue in zip(written, issues, strict=True)],
    }
