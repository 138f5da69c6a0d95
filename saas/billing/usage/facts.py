"""What makes a member active: SQL of the facts that count, a row each of (member_id, kind, source_id, at).

Purchases and activities as they were recorded by tills and integrators, top-ups, and redemptions: points spent at the
counter, rewards claimed, coupons used by themselves, uses of passes and allowances. What is redeemed with a purchase
(its points, wallet, coupons) comes with the purchase. Imports, what was undone or cancelled, gifts, expiries, staff's
adjustments, refunds and sales of passes don't count. A member as the fact named it; a merge may have moved it since.
"""

from typing import Final

# `$1` the tenant, `$2` and `$3` the period: its first instant, and the first one behind it. {chosen}: which of the
# table `f`. {purchase_undone}, {top_up_undone}: the same for what was undone, which PostgreSQL doesn't find out itself.
_FACTS: Final = """
SELECT f.member_id, 'purchase' AS kind, f.id AS source_id, f.recorded_at AS at
  FROM purchase f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.source = 'api' AND {chosen}
   AND f.member_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM purchase_undone x WHERE x.tenant_id = $1 AND x.purchase_id = f.id{purchase_undone})
 UNION ALL
SELECT f.member_id, 'activity', f.id, f.recorded_at
  FROM activity f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.source = 'api' AND {chosen}
 UNION ALL
SELECT f.member_id, 'top_up', f.id, f.recorded_at
  FROM top_up f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND {chosen}
   AND NOT EXISTS (SELECT FROM top_up_undone x WHERE x.tenant_id = $1 AND x.top_up_id = f.id{top_up_undone})
 UNION ALL
SELECT f.member_id, 'redemption', f.id, f.recorded_at
  FROM points_act f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.act = 'redeem' AND {chosen}
 UNION ALL
SELECT f.member_id, 'redemption', f.id, f.recorded_at
  FROM reward_claim f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.state <> 'cancelled' AND {chosen}
 UNION ALL
SELECT f.member_id, 'redemption', f.id, f.recorded_at
  FROM coupon_entry f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.kind = 'use' AND f.source_id = f.id
   AND f.member_id IS NOT NULL AND {chosen}
 UNION ALL
SELECT f.member_id, 'redemption', f.id, f.recorded_at
  FROM pass_entry f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.kind = 'use' AND {chosen}
   AND NOT EXISTS (SELECT FROM pass_entry x WHERE x.tenant_id = $1 AND x.kind = 'undo_use' AND x.source_id = f.id)
 UNION ALL
SELECT f.member_id, 'redemption', f.id, f.recorded_at
  FROM allowance_use f
 WHERE f.tenant_id = $1 AND f.recorded_at >= $2 AND f.recorded_at < $3 AND f.uses = 1 AND {chosen}
   AND NOT EXISTS (SELECT FROM allowance_use x WHERE x.tenant_id = $1 AND x.undoes = f.id)"""

ALL: Final = _FACTS.format(chosen="true", purchase_undone="", top_up_undone="")
SINCE: Final = _FACTS.format(
    chosen="f.id >= $4", purchase_undone=" AND x.purchase_id >= $4", top_up_undone=" AND x.top_up_id >= $4"
)
"""Those whose ids aren't before `$4`."""
OF_MEMBERS: Final = _FACTS.format(chosen="f.member_id = ANY ($4)", purchase_undone="", top_up_undone="")

# What was taken back: by entries since `$3`; a claim is cancelled in its own row, so those since `$4`.
UNDONE: Final = """
SELECT x.member_id, x.purchase_id AS source_id FROM purchase_undone x
 WHERE x.tenant_id = $1 AND x.id >= $3 AND x.member_id IS NOT NULL
 UNION ALL
SELECT x.member_id, x.top_up_id FROM top_up_undone x WHERE x.tenant_id = $1 AND x.id >= $3
 UNION ALL
SELECT x.member_id, x.source_id FROM pass_entry x
 WHERE x.tenant_id = $1 AND x.id >= $3 AND x.kind = 'undo_use'
 UNION ALL
SELECT x.member_id, x.undoes FROM allowance_use x
 WHERE x.tenant_id = $1 AND x.id >= $3 AND x.undoes IS NOT NULL
 UNION ALL
SELECT x.member_id, x.id FROM reward_claim x WHERE x.tenant_id = $1 AND x.id >= $4 AND x.state = 'cancelled'"""
