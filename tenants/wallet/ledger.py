"""The only writer of the wallet's tables: postings as data, and one statement that writes them.

Double entry: each entry debits one account and credits another. `principal` and `bonus` are the member's, what the
chain owes it; the others are the chain's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.measures.add import UPSERTS, Measured

ACCOUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "top_up": ("cash", "principal"),
    "top_up_bonus": ("bonus_cost", "bonus"),
    "spend": ("principal", "sales"),
    "spend_bonus": ("bonus", "sales"),
    "return": ("sales", "principal"),
    "return_bonus": ("sales", "bonus"),
    "undo_spend": ("sales", "principal"),
    "undo_spend_bonus": ("sales", "bonus"),
    "refund": ("principal", "cash"),
    "refund_deduction": ("principal", "bonus_cost"),
    "refund_bonus": ("bonus", "bonus_cost"),
    "undo_top_up": ("principal", "cash"),
    "undo_top_up_bonus": ("bonus", "bonus_cost"),
    "void_bonus": ("bonus", "bonus_cost"),
    "opening": ("opening", "principal"),
    "opening_bonus": ("opening", "bonus"),
    "merge_out": ("principal", "merge"),
    "merge_out_bonus": ("bonus", "merge"),
    "merge_in": ("merge", "principal"),
    "merge_in_bonus": ("merge", "bonus"),
}
"""By kind of entry, the account debited and the one credited."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of `amount` > 0; the member's balances behind it."""

    kind: str
    amount: int
    principal_after: int
    bonus_after: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A new lot, full."""

    id: UUID
    principal: int
    bonus: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a movement takes out of a lot, or (negative) gives back to it. `refunded` and `bonus_voided` add to the
    lot's; `paid_out` left the till.
    """

    kind: str
    lot_id: UUID
    principal: int
    bonus: int
    paid_out: int = 0
    refunded: int = 0
    bonus_voided: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """Everything that one fact moves in one member's wallet. `source_id`: the top-up, purchase, refund, … itself.

    `recorded_at` and `seq` come with the member's lock. Postings are made by `tenants.wallet.postings`.
    """

    member_id: UUID
    seq: int
    source_id: UUID
    branch_id: UUID | None
    recorded_at: datetime
    actor: str
    reason: str | None = None
    entries: tuple[Entry, ...] = ()
    opened: tuple[Opened, ...] = ()
    takes: tuple[Taken, ...] = ()
    measured: tuple[Measured, ...] = ()


_POSTINGS: Final = """
wallet_postings AS MATERIALIZED (
    SELECT p.n, (p.j ->> 'member_id')::uuid AS member_id, (p.j ->> 'seq')::bigint AS seq,
           (p.j ->> 'source_id')::uuid AS source_id, (p.j ->> 'branch_id')::uuid AS branch_id,
           (p.j ->> 'recorded_at')::timestamptz AS recorded_at, p.j ->> 'actor' AS actor, p.j ->> 'reason' AS reason,
           p.j -> 'entries' AS entries, p.j -> 'opened' AS opened, p.j -> 'takes' AS takes,
           p.j -> 'measured' AS measured
      FROM jsonb_array_elements({parameter}) WITH ORDINALITY AS p (j, n))"""
# In their order, so that the ids grow with it: a member's balances run along them.
_ENTRIES: Final = """
wallet_moves AS MATERIALIZED (
    SELECT x.*, row_number() OVER (ORDER BY x.posting, x.k) AS n, uuidv7() AS id
      FROM (SELECT p.n AS posting, e.n AS k, p.member_id, p.seq, p.source_id, p.branch_id, p.recorded_at, p.actor,
                   p.reason, e.j ->> 0 AS kind, e.j ->> 1 AS debit, e.j ->> 2 AS credit, (e.j ->> 3)::bigint AS amount,
                   (e.j ->> 4)::bigint AS principal_after, (e.j ->> 5)::bigint AS bonus_after
              FROM wallet_postings p CROSS JOIN LATERAL jsonb_array_elements(p.entries) WITH ORDINALITY AS e (j, n)
             ORDER BY p.n, e.n) x),
wallet_written AS (
    INSERT INTO wallet_entry AS e (tenant_id, id, member_id, seq, kind, source_id, debit, credit, amount,
                                   principal_after, bonus_after, branch_id, recorded_at, reason, actor)
    SELECT $1, n.id, n.member_id, n.seq, n.kind, n.source_id, n.debit, n.credit, n.amount, n.principal_after,
           n.bonus_after, n.branch_id, n.recorded_at, n.reason, n.actor
      FROM wallet_moves n ORDER BY n.n
    RETURNING e.id)"""
# Accounts and lots are named by arrays: of JSON the planner expects thousands of rows, and read whole tables instead.
# A row to be inserted is checked before it is found to be there already: what goes down is an update from the start.
_ACCOUNTS: Final = """
wallet_sums AS MATERIALIZED (
    SELECT n.member_id,
           sum(CASE 'principal' WHEN n.credit THEN n.amount WHEN n.debit THEN -n.amount ELSE 0 END)::bigint
               AS principal,
           sum(CASE 'bonus' WHEN n.credit THEN n.amount WHEN n.debit THEN -n.amount ELSE 0 END)::bigint
               AS bonus
      FROM wallet_moves n GROUP BY n.member_id),
wallet_risen AS (
    INSERT INTO wallet_account AS a (tenant_id, member_id, principal, bonus)
    SELECT $1, s.member_id, s.principal, s.bonus FROM wallet_sums s WHERE s.principal >= 0 AND s.bonus >= 0
     ORDER BY s.member_id
    ON CONFLICT (tenant_id, member_id) DO UPDATE SET principal = a.principal + excluded.principal,
       bonus = a.bonus + excluded.bonus
    RETURNING a.member_id),
wallet_sunk AS (
    UPDATE wallet_account AS a SET principal = a.principal + s.principal, bonus = a.bonus + s.bonus
      FROM wallet_sums s
     WHERE a.tenant_id = $1 AND a.member_id = ANY (ARRAY(SELECT o.member_id FROM wallet_sums o))
       AND a.member_id = s.member_id AND (s.principal < 0 OR s.bonus < 0)
       AND a.principal + s.principal >= 0 AND a.bonus + s.bonus >= 0
    RETURNING a.member_id)"""
_LOTS: Final = """
wallet_opened AS (
    INSERT INTO wallet_lot AS l (tenant_id, id, member_id, branch_id, principal, bonus, principal_left, bonus_left,
                                 recorded_at)
    SELECT $1, (o.j ->> 0)::uuid, p.member_id, p.branch_id, (o.j ->> 1)::bigint, (o.j ->> 2)::bigint,
           (o.j ->> 1)::bigint, (o.j ->> 2)::bigint, p.recorded_at
      FROM wallet_postings p CROSS JOIN LATERAL jsonb_array_elements(p.opened) AS o (j)
    RETURNING l.id),
wallet_takes AS MATERIALIZED (
    SELECT p.source_id, p.member_id, p.branch_id, p.recorded_at, t.j ->> 0 AS kind, (t.j ->> 1)::uuid AS lot_id,
           (t.j ->> 2)::bigint AS principal, (t.j ->> 3)::bigint AS bonus, (t.j ->> 4)::bigint AS paid_out,
           (t.j ->> 5)::bigint AS refunded, (t.j ->> 6)::bigint AS bonus_voided
      FROM wallet_postings p CROSS JOIN LATERAL jsonb_array_elements(p.takes) AS t (j)),
wallet_taken AS (
    INSERT INTO wallet_take AS t (tenant_id, kind, source_id, lot_id, branch_id, recorded_at, principal, bonus,
                                  paid_out)
    SELECT $1, n.kind, n.source_id, n.lot_id, n.branch_id, n.recorded_at, n.principal, n.bonus, n.paid_out
      FROM wallet_takes n WHERE n.principal <> 0 OR n.bonus <> 0),
wallet_changes AS MATERIALIZED (
    SELECT n.lot_id, n.member_id, sum(n.principal)::bigint AS principal, sum(n.bonus)::bigint AS bonus,
           sum(n.refunded)::bigint AS refunded, sum(n.bonus_voided)::bigint AS bonus_voided
      FROM wallet_takes n GROUP BY n.lot_id, n.member_id),
wallet_changed AS (
    UPDATE wallet_lot AS l SET principal_left = l.principal_left - c.principal, bonus_left = l.bonus_left - c.bonus,
           refunded = l.refunded + c.refunded, bonus_voided = l.bonus_voided + c.bonus_voided
      FROM wallet_changes c
     WHERE l.tenant_id = $1 AND l.id = ANY (ARRAY(SELECT o.lot_id FROM wallet_changes o)) AND l.id = c.lot_id
       AND l.member_id = c.member_id
       AND l.principal_left - c.principal BETWEEN 0 AND l.principal - l.refunded - c.refunded
       AND l.bonus_left - c.bonus BETWEEN 0 AND l.bonus
    RETURNING l.id)"""
_REST: Final = """
wallet_measured AS (
    SELECT p.member_id, m.j ->> 0 AS measure, (m.j ->> 1)::date AS day, (m.j ->> 2)::numeric AS total,
           (m.j ->> 3)::bigint AS facts, 0::bigint AS valued, (m.j ->> 4)::bigint AS most
      FROM wallet_postings p CROSS JOIN LATERAL jsonb_array_elements(p.measured) AS m (j)),
wallet_missed AS (
    SELECT (SELECT count(*) FROM wallet_sums) - (SELECT count(*) FROM wallet_risen)
         - (SELECT count(*) FROM wallet_sunk) + (SELECT count(*) FROM wallet_changes)
         - (SELECT count(*) FROM wallet_changed) AS missed)"""
MISSED: Final = "(SELECT x.missed FROM wallet_missed AS x) AS wallet_missed"
"""A column of the statement that `writes` is part of, for `check`."""


def writes(parameter: str) -> str:
    """CTEs (no WITH before, no comma behind) that write the postings in `parameter`, a jsonb array as `encoded` makes
    it, `[]` for none; `$1` is the tenant. Their names begin with `wallet_`.

    `wallet_measured` has the columns of `measured` (tenants.measures), for `UPSERTS`; it has rows of top-ups only. The
    statement has to read `MISSED` and give its row to `check`.
    """
    return ",".join((_POSTINGS.format(parameter=parameter), _ENTRIES, _ACCOUNTS, _LOTS, _REST))


def encoded(postings: Sequence[Posting]) -> list[dict[str, Any]]:
    """The postings as JSON data, for the parameter of `writes`."""
    return [
        {
            "member_id": str(p.member_id),
            "seq": p.seq,
            "source_id": str(p.source_id),
            "branch_id": None if p.branch_id is None else str(p.branch_id),
            "recorded_at": p.recorded_at.isoformat(),
            "actor": p.actor,
            "reason": p.reason,
            "entries": [[e.kind, *ACCOUNTS[e.kind], e.amount, e.principal_after, e.bonus_after] for e in p.entries],
            "opened": [[str(o.id), o.principal, o.bonus] for o in p.opened],
            "takes": [
                [t.kind, str(t.lot_id), t.principal, t.bonus, t.paid_out, t.refunded, t.bonus_voided] for t in p.takes
            ],
            "measured": [[m.measure, m.day.isoformat(), int(m.total), m.facts, m.most] for m in p.measured],
        }
        for p in postings
    ]


def check(row: asyncpg.Record) -> None:
    """Looks at a row with `MISSED`. Raises DomainError `busy` where a balance or a lot wasn't as it was read: then the
    caller's work must not last.
    """
    if row["wallet_missed"]:
        raise DomainError("busy")


_POST: Final = f"WITH {writes('$2::jsonb')},\nmeasured AS (SELECT * FROM wallet_measured),{UPSERTS}\nSELECT {MISSED}"


async def post(postings: Sequence[Posting]) -> None:
    """Writes the postings in one statement. The caller holds the members' locks and read their wallets behind them.

    Raises DomainError `busy` as `check`.
    """
    if not postings:
        return
    row = await connection().fetchrow(_POST, current().tenant_id, encoded(postings))
    if row is None:
        raise DomainError("internal")
    check(row)


_TAKE_OVER: Final = "UPDATE wallet_lot AS l SET member_id = $3 WHERE l.tenant_id = $1 AND l.member_id = $2"


async def hand_over(of: UUID, to: UUID) -> None:
    """Every lot of `of` belongs to `to`; the balances are posted. The caller holds both locks."""
    await connection().execute(_TAKE_OVER, current().tenant_id, of, to)
