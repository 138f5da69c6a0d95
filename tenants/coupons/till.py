"""What a purchase with one coupon writes, in the ledger's short form: plain parameters instead of JSON. The same rows
as `ledger.writes` would make of the posting, the same guards; several coupons, and those that are printed at the till,
are left to it.

The statement has a CTE `sale` of one row (`source_id`, `member_id`, `seq`, `branch_id`, `recorded_at`, `actor`), or of
none where nothing is to be written; `$1` is the tenant.
"""

from collections.abc import Sequence
from typing import Any, Final

from tenants.coupons.postings import Posting

WRITTEN: Final = "ARRAY(SELECT 1 FROM coupons_moved)"
"""SQL, in a statement that has `writes`, of what `ledger.check` wants."""


def fits(postings: Sequence[Posting]) -> bool:
    """Whether this is one coupon used."""
    return len(postings) == 1 and postings[0].kind == "use"


def arguments(postings: Sequence[Posting]) -> list[Any]:
    """Of postings that fit, the parameters of `writes`."""
    (posting,) = postings
    return [posting.grant_id, posting.day, posting.amount]


def writes(first: int) -> tuple[str, int]:
    """CTEs whose parameters begin with `$first`, and the number after the last one."""
    return _WRITES.format(grant=f"${first}", day=f"${first + 1}", amount=f"${first + 2}"), first + 3


_WRITES: Final = """
coupons_moved AS (
    UPDATE coupon_grant AS g SET state = 'used', used_for = s.source_id FROM sale s
     WHERE g.tenant_id = $1 AND g.id = {grant}::uuid AND g.state = 'open'
       AND {day}::date BETWEEN g.valid_from AND g.valid_until AND (g.member_id IS NULL OR g.member_id = s.member_id)
    RETURNING g.id, g.coupon_id, g.code),
coupons_told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'coupon.redeemed', s.member_id, s.recorded_at, jsonb_build_object(
           'id', m.id, 'coupon_id', m.coupon_id, 'code', m.code, 'purchase_id', s.source_id, 'branch_id', s.branch_id,
           'amount', {amount}::bigint)
      FROM coupons_moved m CROSS JOIN sale s),
coupons_entered AS (
    INSERT INTO coupon_entry AS e (tenant_id, grant_id, member_id, seq, kind, source_id, branch_id, amount, recorded_at,
                                   actor)
    SELECT $1, m.id, s.member_id, s.seq, 'use', s.source_id, s.branch_id, {amount}::bigint, s.recorded_at, s.actor
      FROM coupons_moved m CROSS JOIN sale s)"""
