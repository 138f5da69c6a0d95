"""What purchases, refunds, top-ups and acts of staff say of value is what the ledgers moved for them."""

from typing import Final

from tenants.merged import leads_to
from tenants.verifying.check import Check

# Each fact that says something, and each entry of the kind, by its source: one without the other differs, too.
_TOLD: Final = """
SELECT coalesce(f.id, e.source_id) AS id, coalesce(e.moved, 0) AS expected, coalesce(f.told, 0) AS stored
  FROM ({facts}) f
  FULL JOIN (SELECT source_id, {moved} AS moved FROM {ledger} WHERE tenant_id = $1 AND kind = '{kind}') e
    ON e.source_id = f.id
 WHERE coalesce(e.moved, 0) <> coalesce(f.told, 0){but}
 ORDER BY 1"""
_COLUMN: Final = "SELECT x.id, {told} AS told FROM {table} x WHERE x.tenant_id = $1{only}"
_TENDER: Final = (
    "(SELECT sum(t.v::text::bigint)::bigint"
    " FROM jsonb_path_query(x.tenders, '$[*] ? (@.type == \"{type}\").{part}') AS t (v))"
)
_EARNED: Final = """
SELECT x.id, coalesce((x.pricing ->> 'points')::bigint, c.points) AS told
  FROM purchase x LEFT JOIN purchase_credit c ON c.tenant_id = x.tenant_id AND c.purchase_id = x.id
 WHERE x.tenant_id = $1"""
_HAS_LEFT: Final = f"""EXISTS (
       SELECT FROM member m JOIN member h ON h.tenant_id = $1 AND h.id = {leads_to("m")}
        WHERE m.tenant_id = $1 AND m.id = {{member}} AND h.status <> 'active')"""
_OF_A_REFUND: Final = "(SELECT r.member_id FROM refund r WHERE r.tenant_id = $1 AND r.id = f.id)"


def _points(code: str, noun: str, facts: str, kind: str, but: str = "") -> Check:
    sql = _TOLD.format(facts=facts, ledger="points_entry", moved="abs(points)", kind=kind, but=but)
    return Check(code, noun, sql)


def _money(code: str, noun: str, told: str, kind: str) -> Check:
    facts = _COLUMN.format(told=told, table=noun, only="")
    return Check(code, noun, _TOLD.format(facts=facts, ledger="wallet_entry", moved="amount", kind=kind, but=""))


def _tendered(table: str, type_: str, part: str) -> str:
    return _COLUMN.format(told=_TENDER.format(type=type_, part=part), table=table, only="")


def _acted(act: str) -> str:
    return _COLUMN.format(told="abs(x.points)", table="points_act", only=f" AND x.act = '{act}'")


CHECKS: Final = (
    _points("purchase-points-earned", "purchase", _EARNED, "earn"),
    _points("purchase-points-paid", "purchase", _tendered("purchase", "points", "points"), "redeem"),
    _points(
        "refund-points",
        "refund",
        _tendered("refund", "points", "points"),
        "return",
        f"\n   AND NOT (e.moved IS NULL AND {_HAS_LEFT.format(member=_OF_A_REFUND)})",  # who had none to get back
    ),
    _points("points-adjusted", "points_act", _acted("adjust"), "adjust"),
    _points("points-used", "points_act", _acted("redeem"), "use"),
    _money("purchase-principal", "purchase", _TENDER.format(type="wallet", part="principal"), "spend"),
    _money("purchase-bonus", "purchase", _TENDER.format(type="wallet", part="bonus"), "spend_bonus"),
    _money("refund-principal", "refund", _TENDER.format(type="wallet", part="principal"), "return"),
    _money("refund-bonus", "refund", _TENDER.format(type="wallet", part="bonus"), "return_bonus"),
    _money("top-up-principal", "top_up", "x.amount", "top_up"),
    _money("top-up-bonus", "top_up", "x.bonus", "top_up_bonus"),
    _money("wallet-refund-paid-out", "wallet_refund", "x.paid_out", "refund"),
    _money("wallet-refund-deducted", "wallet_refund", "x.deducted", "refund_deduction"),
    _money("wallet-refund-bonus", "wallet_refund", "x.bonus_voided", "refund_bonus"),
    # Never more points are taken back than a purchase gave, and all of them once all of it is given back.
    Check(
        "purchase-points-reversed",
        "purchase",
        f"""
SELECT x.id, 0 AS expected, x.points AS stored
  FROM (SELECT p.id, p.member_id, p.amount = r.refunded AS gone,
               (SELECT coalesce(sum(e.points), 0) FROM points_entry e
                 WHERE e.tenant_id = $1 AND e.kind = 'earn' AND e.source_id = p.id)
             + (SELECT coalesce(sum(e.points), 0) FROM refund f JOIN points_entry e
                    ON e.tenant_id = $1 AND e.kind = 'reverse' AND e.source_id = f.id
                 WHERE f.tenant_id = $1 AND f.purchase_id = p.id) AS points
          FROM purchase_refunded r JOIN purchase p ON p.tenant_id = $1 AND p.id = r.purchase_id
         WHERE r.tenant_id = $1) x
 WHERE x.points < 0 OR (x.points > 0 AND x.gone AND NOT {_HAS_LEFT.format(member="x.member_id")})
 ORDER BY x.id""",
    ),
    Check(
        "purchase-coupons",
        "purchase",
        """
SELECT coalesce(p.id, e.source_id) AS id, e.used AS expected, p.told AS stored
  FROM (SELECT x.id, ARRAY(SELECT c.v::uuid FROM jsonb_array_elements_text(x.pricing -> 'coupons') AS c (v)
                            ORDER BY 1) AS told
          FROM purchase x WHERE x.tenant_id = $1 AND x.pricing ? 'coupons') p
  FULL JOIN (SELECT source_id, array_agg(grant_id ORDER BY grant_id) AS used
               FROM coupon_entry WHERE tenant_id = $1 AND kind = 'use' AND source_id <> id GROUP BY source_id) e
    ON e.source_id = p.id
 WHERE e.used IS DISTINCT FROM p.told
 ORDER BY 1""",
    ),
    # What was undone moved nothing in the end, by each kind of entry.
    Check(
        "undone",
        "entry",
        """
SELECT u.id, 0 AS expected, sum(x.moved) AS stored
  FROM (SELECT u.purchase_id AS id FROM purchase_undone u WHERE u.tenant_id = $1
         UNION ALL SELECT u.top_up_id FROM top_up_undone u WHERE u.tenant_id = $1) u
  JOIN (SELECT source_id, 'points' AS ledger, replace(kind, 'undo_', '') AS kind, points AS moved
          FROM points_entry WHERE tenant_id = $1
         UNION ALL
        SELECT source_id, 'wallet', replace(kind, 'undo_', ''), CASE WHEN kind ^@ 'undo_' THEN -amount ELSE amount END
          FROM wallet_entry WHERE tenant_id = $1) x ON x.source_id = u.id
 GROUP BY u.id, x.ledger, x.kind HAVING sum(x.moved) <> 0
 ORDER BY 1""",
    ),
)
