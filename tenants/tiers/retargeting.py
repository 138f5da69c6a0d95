"""The tier that new rules give a member, both ways: what a publish moves its holders to.

Under a lock members only rise, and those whom staff lowered not even that.
"""

from typing import Final

from tenants.programme.compiler import Values

# The last standing purchase before it tells: versions only grow. Who joined under the rules has nothing to pass over.
FIRST_UNDER: Final = """(
    SELECT CASE WHEN v.transition = 'next_purchase' THEN (
      SELECT m.created_at < v.published_at AND coalesce((
               SELECT b.programme_version < v.version FROM purchase b
                WHERE b.tenant_id = $1 AND b.member_id = {member} AND b.id < {purchase} AND b.source = 'api'
                  AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = b.id)
                ORDER BY b.id DESC LIMIT 1), true)
        FROM member m WHERE m.tenant_id = $1 AND m.id = {member}) ELSE false END
      FROM programme_version v WHERE v.tenant_id = $1 AND v.version = {version})"""
"""SQL: whether new rules that move members at their next purchase have still to move this one, with this purchase."""


def target(values: Values, j: int) -> str:
    """SQL over `v`: the highest rank of ladder j whose `qualify` holds; rank 0 always does."""
    whens = [
        f" WHEN {values.holds(tier.qualify, j, in_retain=False)} THEN {tier.rank}"
        for tier in reversed(values.programme.ladders[j].tiers)
        if tier.qualify is not None
    ]
    return f"CASE{''.join(whens)} ELSE 0 END" if whens else "0"


def unlocked(values: Values, j: int) -> str:
    """SQL over `v`: whether no lock of ladder j is in force on T."""
    today = values.binder.moment("today", lambda m: m.today, "date")
    return f"coalesce(v.s{j}_locked_until < {today}, true)"


def may_rise(values: Values, j: int) -> str:
    """SQL over `v`: whether staff didn't lower the member's tier on ladder j until a day to come."""
    return f"(v.s{j}_may_rise OR {unlocked(values, j)})"


def target_rank(values: Values, j: int, *, upward: bool = False) -> str:
    """SQL over `v`: the rank that a publish with the transition `now` (`upward`: `up_only`) gives on ladder j; the
    present one where it moves nobody. Never NULL.
    """
    held = f"v.s{j}_rank"
    fall = "" if upward else f" WHEN x.target < {held} AND {unlocked(values, j)} THEN x.target"
    return (
        f"(SELECT CASE WHEN x.target > {held} AND {may_rise(values, j)} THEN x.target{fall} ELSE {held} END"
        f" FROM (SELECT {target(values, j)} AS target OFFSET 0) x)"
    )
