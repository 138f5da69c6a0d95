"""Stored value is the sum of its movements and what its lots have left; what merges move nets to zero, as all does."""

from typing import Final

from tenants.verifying.check import Check

_BALANCE: Final = """
SELECT coalesce(a.member_id, s.member_id) AS id, coalesce(s.amount, 0) AS expected, a.{account} AS stored
  FROM (SELECT * FROM wallet_account WHERE tenant_id = $1) a
  FULL JOIN (SELECT member_id, sum(CASE WHEN credit = '{account}' THEN amount ELSE -amount END) AS amount
               FROM wallet_entry WHERE tenant_id = $1 AND '{account}' IN (debit, credit) GROUP BY member_id) s
    ON s.member_id = a.member_id
 WHERE coalesce(s.amount, 0) <> coalesce(a.{account}, 0)
 ORDER BY 1"""
_LOTS: Final = """
SELECT coalesce(a.member_id, s.member_id) AS id, coalesce(s.amount, 0) AS expected, a.{account} AS stored
  FROM (SELECT * FROM wallet_account WHERE tenant_id = $1) a
  FULL JOIN (SELECT member_id, sum({account}_left) AS amount FROM wallet_lot WHERE tenant_id = $1 GROUP BY member_id) s
    ON s.member_id = a.member_id
 WHERE coalesce(s.amount, 0) <> coalesce(a.{account}, 0)
 ORDER BY 1"""
_LEFT: Final = """
SELECT l.id, l.{account} - coalesce(sum(t.{account}), 0) AS expected, l.{account}_left AS stored
  FROM wallet_lot l LEFT JOIN wallet_take t ON t.tenant_id = l.tenant_id AND t.lot_id = l.id
 WHERE l.tenant_id = $1
 GROUP BY l.tenant_id, l.id
HAVING l.{account} - coalesce(sum(t.{account}), 0) <> l.{account}_left
 ORDER BY l.id"""
_RUNNING: Final = """
SELECT x.id, x.expected, x.stored
  FROM (SELECT e.id, e.{account}_after AS stored,
               sum(CASE '{account}' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
                   OVER (PARTITION BY e.member_id ORDER BY e.id) AS expected
          FROM wallet_entry e WHERE e.tenant_id = $1) x
 WHERE x.expected <> x.stored
 ORDER BY x.id"""
# The kind of takes that belongs to an entry's; what opens a lot or moves with a merge takes nothing out of any.
_TAKEN_AS: Final = """CASE
       WHEN kind IN ('spend', 'spend_bonus') THEN 'spend' WHEN kind IN ('return', 'return_bonus') THEN 'return'
       WHEN kind IN ('undo_spend', 'undo_spend_bonus') THEN 'undo_spend' WHEN kind = 'void_bonus' THEN 'void'
       WHEN kind IN ('refund', 'refund_deduction', 'refund_bonus') THEN 'refund'
       WHEN kind IN ('undo_top_up', 'undo_top_up_bonus') THEN 'undo_top_up' END"""
_OPENED: Final = """
SELECT coalesce(l.id, e.source_id) AS id, coalesce(e.amount, 0) AS expected, coalesce(l.{account}, 0) AS stored
  FROM (SELECT * FROM wallet_lot WHERE tenant_id = $1) l
  FULL JOIN (SELECT source_id, sum(amount) AS amount FROM wallet_entry
              WHERE tenant_id = $1 AND kind IN ({kinds}) GROUP BY source_id) e ON e.source_id = l.id
 WHERE coalesce(e.amount, 0) <> coalesce(l.{account}, 0)
 ORDER BY 1"""
_GIVEN_BACK: Final = """
SELECT l.id, coalesce(sum({amount}), 0) AS expected, l.{column} AS stored
  FROM wallet_lot l LEFT JOIN wallet_take t ON t.tenant_id = l.tenant_id AND t.lot_id = l.id AND t.kind IN ({kinds})
 WHERE l.tenant_id = $1
 GROUP BY l.tenant_id, l.id
HAVING coalesce(sum({amount}), 0) <> l.{column}
 ORDER BY l.id"""
CHECKS: Final = (
    *(Check(f"wallet-{account}", "member", _BALANCE.format(account=account)) for account in ("principal", "bonus")),
    *(Check(f"wallet-{account}-lots", "member", _LOTS.format(account=account)) for account in ("principal", "bonus")),
    Check("wallet-principal-opened", "lot", _OPENED.format(account="principal", kinds="'top_up', 'opening'")),
    Check("wallet-bonus-opened", "lot", _OPENED.format(account="bonus", kinds="'top_up_bonus', 'opening_bonus'")),
    *(Check(f"wallet-{account}-left", "lot", _LEFT.format(account=account)) for account in ("principal", "bonus")),
    *(
        Check(f"wallet-{account}-running", "entry", _RUNNING.format(account=account))
        for account in ("principal", "bonus")
    ),
    # A movement debits what it credits: the whole is zero by its shape, and so is what only passes through.
    Check(
        "wallet-zero",
        "tenant",
        """
SELECT $1::uuid AS id, 0 AS expected, sum(x.amount) AS stored
  FROM (SELECT sum(CASE WHEN credit = 'merge' THEN amount ELSE -amount END) AS amount
          FROM wallet_entry WHERE tenant_id = $1 AND 'merge' IN (debit, credit)) x
HAVING sum(x.amount) <> 0""",
    ),
    Check(
        "wallet-taken",
        "movement",
        f"""
SELECT coalesce(e.source_id, t.source_id) AS id, coalesce(t.amount, 0) AS expected, coalesce(e.amount, 0) AS stored
  FROM (SELECT {_TAKEN_AS} AS kind, source_id, sum(amount) AS amount FROM wallet_entry
         WHERE tenant_id = $1 AND {_TAKEN_AS} IS NOT NULL GROUP BY 1, 2) e
  FULL JOIN (SELECT kind, source_id, sum(abs(principal + bonus)) AS amount FROM wallet_take
              WHERE tenant_id = $1 GROUP BY 1, 2) t USING (kind, source_id)
 WHERE coalesce(e.amount, 0) <> coalesce(t.amount, 0)
 ORDER BY 1""",
    ),
    # Branches settle by what lots gave: where, when, and how much money left the till.
    Check(
        "wallet-paid-out",
        "movement",
        """
SELECT coalesce(e.source_id, t.source_id) AS id, coalesce(e.amount, 0) AS expected, coalesce(t.paid_out, 0) AS stored
  FROM (SELECT source_id, amount FROM wallet_entry WHERE tenant_id = $1 AND credit = 'cash') e
  FULL JOIN (SELECT source_id, sum(paid_out) AS paid_out FROM wallet_take WHERE tenant_id = $1 GROUP BY source_id) t
    ON t.source_id = e.source_id
 WHERE coalesce(e.amount, 0) <> coalesce(t.paid_out, 0)
 ORDER BY 1""",
    ),
    Check(
        "wallet-taken-at",
        "movement",
        f"""
SELECT t.source_id AS id, concat_ws(' ', e.branch_id, e.recorded_at) AS expected,
       concat_ws(' ', t.branch_id, t.recorded_at) AS stored
  FROM (SELECT DISTINCT {_TAKEN_AS} AS kind, source_id, branch_id, recorded_at FROM wallet_entry
         WHERE tenant_id = $1) e
  JOIN (SELECT DISTINCT kind, source_id, branch_id, recorded_at FROM wallet_take WHERE tenant_id = $1) t
    ON t.kind = e.kind AND t.source_id = e.source_id
 WHERE (e.branch_id, e.recorded_at) IS DISTINCT FROM (t.branch_id, t.recorded_at)
 ORDER BY 1""",
    ),
    Check("wallet-refunded", "lot", _GIVEN_BACK.format(column="refunded", amount="t.principal", kinds="'refund'")),
    Check(
        "wallet-bonus-voided",
        "lot",
        _GIVEN_BACK.format(
            column="bonus_voided", amount="t.principal - t.paid_out + t.bonus", kinds="'refund', 'void'"
        ),
    ),
)
