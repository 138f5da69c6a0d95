"""What a purchase paid from the wallet writes, in the ledger's short form: plain parameters instead of JSON, nothing to
sum. The same rows as `ledger.writes` would make of the posting, the same guards.

The statement has a CTE `sale` of one row (`source_id`, `member_id`, `seq`, `branch_id`, `recorded_at`, `actor`), or of
none where nothing is to be written; `$1` is the tenant.
"""

from typing import Any, Final

from tenants.wallet.ledger import ACCOUNTS, Posting

_KINDS: Final = ("spend", "spend_bonus")


def arguments(posting: Posting) -> list[Any]:
    """Of a posting as `postings.spend` makes it, the parameters of `writes`. ValueError for any other."""
    entries = {entry.kind: entry for entry in posting.entries}
    if not entries or entries.keys() - set(_KINDS) or posting.opened or posting.measured:
        raise ValueError("a purchase only spends")
    found: list[Any] = []
    for kind in _KINDS:
        entry = entries.get(kind)
        found += [0, 0, 0] if entry is None else [entry.amount, entry.principal_after, entry.bonus_after]
    last = posting.entries[-1]
    takes = posting.takes
    found += [last.principal_after, last.bonus_after, [take.lot_id for take in takes]]
    return [*found, [take.principal for take in takes], [take.bonus for take in takes]]


def writes(first: int) -> tuple[str, int]:
    """CTEs as `ledger.writes` makes them, whose parameters begin with `$first`, and the number after the last one.
    `wallet_missed` is there for `ledger.MISSED`.
    """
    names = ("p", "p_principal", "p_bonus", "b", "b_principal", "b_bonus", "principal", "bonus", "ids", "ps", "bs")
    return _WRITES.format(**{name: f"${first + n}" for n, name in enumerate(names)}), first + len(names)


def _entry(kind: str, amount: str, principal_after: str, bonus_after: str) -> str:
    debit, credit = ACCOUNTS[kind]
    return f"('{kind}'::text, '{debit}'::text, '{credit}'::text, {amount}, {principal_after}, {bonus_after})"


_WRITES: Final = f"""
wallet_written AS (
    INSERT INTO wallet_entry AS e (tenant_id, member_id, seq, kind, source_id, debit, credit, amount, principal_after,
                                   bonus_after, branch_id, recorded_at, actor)
    SELECT $1, s.member_id, s.seq, v.kind, s.source_id, v.debit, v.credit, v.amount, v.principal_after, v.bonus_after,
           s.branch_id, s.recorded_at, s.actor
      FROM sale s CROSS JOIN (VALUES
               {_entry("spend", "{p}::bigint", "{p_principal}::bigint", "{p_bonus}::bigint")},
               {_entry("spend_bonus", "{b}::bigint", "{b_principal}::bigint", "{b_bonus}::bigint")}
           ) AS v (kind, debit, credit, amount, principal_after, bonus_after)
     WHERE v.amount > 0),
wallet_sunk AS (
    UPDATE wallet_account AS a SET principal = {{principal}}::bigint, bonus = {{bonus}}::bigint FROM sale s
     WHERE a.tenant_id = $1 AND a.member_id = s.member_id
       AND a.principal = {{principal}} + {{p}} AND a.bonus = {{bonus}} + {{b}}
    RETURNING a.member_id),
wallet_changed AS (
    UPDATE wallet_lot AS l SET principal_left = l.principal_left - t.principal, bonus_left = l.bonus_left - t.bonus
      FROM sale s CROSS JOIN unnest({{ids}}::uuid[], {{ps}}::bigint[], {{bs}}::bigint[]) AS t (lot_id, principal, bonus)
     WHERE l.tenant_id = $1 AND l.id = t.lot_id AND l.member_id = s.member_id
       AND l.principal_left >= t.principal AND l.bonus_left >= t.bonus
    RETURNING l.id, t.principal, t.bonus),
wallet_taken AS (
    INSERT INTO wallet_take AS t (tenant_id, kind, source_id, lot_id, branch_id, recorded_at, principal, bonus)
    SELECT $1, 'spend', s.source_id, c.id, s.branch_id, s.recorded_at, c.principal, c.bonus
      FROM wallet_changed c CROSS JOIN sale s),
wallet_missed AS (
    SELECT 1 - (SELECT count(*) FROM wallet_sunk)
         + cardinality({{ids}}) - (SELECT count(*) FROM wallet_changed) AS missed)"""
