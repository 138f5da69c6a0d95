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
CHECKS: Final = (
    *(Check(f"wallet-{account}", "member", _BALANCE.format(account=account)) for account in ("principal", "bonus")),
    *(Check(f"wallet-{account}-lots", "member", _LOTS.format(account=account)) for account in ("principal", "bonus")),
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
        """
SELECT coalesce(e.source_id, t.source_id) AS id, t.amount AS expected, e.amount AS stored
  FROM (SELECT source_id, sum(amount) AS amount FROM wallet_entry
         WHERE tenant_id = $1 AND kind IN ('spend', 'spend_bonus') GROUP BY source_id) e
  FULL JOIN (SELECT source_id, sum(principal + bonus) AS amount FROM wallet_take
              WHERE tenant_id = $1 AND kind = 'spend' GROUP BY source_id) t ON t.source_id = e.source_id
 WHERE coalesce(e.amount, 0) <> coalesce(t.amount, 0)
 ORDER BY 1""",
    ),
)
