"""Coupons on paper: whoever brings one may use it, once."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch
from tenants.coupons.coupon import Definition, definition, definition_named
from tenants.coupons.ledger import post
from tenants.coupons.numbers import new_number
from tenants.coupons.postings import Occasion, Posting
from tenants.nightly import this_night


async def print_coupons(coupon_id: UUID, count: int, branch_id: UUID | None) -> dict[str, Any]:
    """So many new numbers with their days. Raises DomainError `not-found`, `coupon-ended`, what `require_branch`
    raises, and `not-permitted` for a key of some branches that names none.
    """
    if branch_id is not None:
        await require_branch(branch_id)
    elif current().principal.branch_ids is not None:
        raise DomainError("not-permitted")
    given = await definition(coupon_id)
    night = await this_night()
    act: UUID = await connection().fetchval("SELECT uuidv7()")
    actor = current().principal.actor
    postings = [_posting(given, "printed", act, night.today, night.now, actor, branch_id) for _ in range(count)]
    written = await post(postings)
    numbers = [posting.issue.number for posting in postings if posting.issue is not None]
    detail = {"code": given.code, "act": str(act), "count": count}
    await record("coupon.print", f"coupon:{coupon_id}", detail)
    issue = given.issue("printed", night.today)
    return {
        "coupon": {"id": given.id, "code": given.code},
        "valid_from": issue.valid_from,
        "valid_until": issue.valid_until,
        "coupons": [{"id": one.grant_id, "number": number} for one, number in zip(written, numbers, strict=True)],
    }


async def to_print(
    code: str,
    *,
    occasion: Occasion,
    source_id: UUID,
    today: date,
    recorded_at: datetime,
    branch_id: UUID | None = None,
) -> Posting | None:
    """A new coupon for who isn't a member, as a posting for the caller's own statement (`ledger.writes`): its number is
    `issue.number`. None where the tenant has no such coupon, or it has ended.
    """
    given = await definition_named(code)
    if given is None:
        return None
    try:
        return _posting(given, occasion, source_id, today, recorded_at, current().principal.actor, branch_id)
    except DomainError:
        return None


def _posting(
    given: Definition,
    occasion: Occasion,
    source_id: UUID,
    today: date,
    recorded_at: datetime,
    actor: str,
    branch_id: UUID | None,
) -> Posting:
    return Posting(
        kind="grant",
        grant_id=None,
        member_id=None,
        seq=None,
        day=today,
        recorded_at=recorded_at,
        actor=actor,
        source_id=source_id,
        branch_id=branch_id,
        issue=given.issue(occasion, today, new_number()),
    )
