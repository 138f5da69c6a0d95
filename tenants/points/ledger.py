"""The ledger of points: the only module that writes accounts, entries, lots and takes.

Postings come as data (`book`), made from what was read behind the members' locks; one set of CTEs writes them, alone
(`post`) or within a larger statement (`writes`). What was read is guarded: where account or lot differ from what the
postings were made of, nothing lasts.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.measures.add import UPSERTS
from tenants.measures.codes import POINTS
from tenants.nightly import this_night
from tenants.numbers import take
from tenants.points.book import MEASURED, Book, Fact, Kind, Posting
from tenants.points.lots import Account, Lot, NewLot, Take, lot_of
from tenants.programme.rules import Points

ACCOUNT: Final = """(SELECT jsonb_build_array(a.open, a.debt) FROM points_account a
  WHERE a.tenant_id = $1 AND a.member_id = {member})"""
"""SQL of a member's account as JSON for `account_of`; `{member}` is SQL of the id."""
_LOT: Final = """jsonb_build_array(l.id, l."left", l.points, l.day, l.spendable_from, l.expires_on)"""
LOTS: Final = f"""(SELECT jsonb_agg({_LOT}) FROM points_lot l
  WHERE l.tenant_id = $1 AND l.member_id = {{member}} AND l."left" > 0)"""
"""SQL of a member's open lots as JSON for `lots_of`: for who spends or takes back; an accrual needs none."""
SPENDABLE: Final = f"""(SELECT jsonb_agg({_LOT}) FROM (
    SELECT o.*, sum(o."left") OVER (ORDER BY o.expires_on NULLS LAST, o.id) - o."left" AS before FROM points_lot o
     WHERE o.tenant_id = $1 AND o.member_id = {{member}} AND o."left" > 0
       AND o.spendable_from <= {{today}} AND (o.expires_on IS NULL OR o.expires_on >= {{today}})) l
 WHERE l.before < {{points}})"""
"""SQL of the lots out of which so many points are spent on a local day, or, where they aren't enough, of all that may
be spent: for who has hundreds of lots and spends a few points.
"""


class StaleError(RuntimeError):
    """An account or a lot isn't as it was read: somebody wrote without the member's lock, or the reading was early."""


def account_of(value: Sequence[int] | None) -> Account:
    """What `ACCOUNT` read; a member without a row has nothing."""
    return Account(*value) if value else Account()


def lots_of(value: Sequence[Sequence[Any]] | None) -> list[Lot]:
    """What `LOTS` read."""
    return [
        Lot(UUID(lot_id), left, points, _day(day), _day(spendable_from), _day(expires_on) if expires_on else None)
        for lot_id, left, points, day, spendable_from, expires_on in value or ()
    ]


def _day(text: str) -> date:
    return date.fromisoformat(text)


def writes(parameter: str) -> str:
    """CTEs that write the postings of `parameter` (SQL of a jsonb array of `Posting.dump()`s; may be `[]`), `$1` the
    tenant. `points_written` (n from 1, id) has the entries, `points_measured` what to add to the measures
    (`tenants.measures.add.UPSERTS`), `points_checks` one row of counts for `check`.

    Accounts and lots are named by arrays: of JSON the planner expects thousands of rows, and read whole tables instead.
    """
    return f"""
points_in AS MATERIALIZED (
    SELECT p.*, coalesce(p.source, lag(p.id) OVER (ORDER BY p.n)) AS source_id,
           p.source IS NULL AS ends_lot, lead(p.source IS NULL, 1, false) OVER (ORDER BY p.n) AS ends_at_once
      FROM (SELECT uuidv7() AS id, r.n, r.member_id, r.seq, r.kind, r.source_id AS source, r.points, r.balance, r.day,
                   r.recorded_at, r.branch_id, r.reason, r.actor, r.open, r.debt, r.takes, r.lot_points, r.lot_left,
                   r.lot_day, r.spendable_from, r.expires_on, r.version
              FROM ROWS FROM (jsonb_to_recordset({parameter}) AS (
                  member_id uuid, seq bigint, kind text, source_id uuid, points bigint, balance bigint, day date,
                  recorded_at timestamptz, branch_id uuid, reason text, actor text, open bigint, debt bigint,
                  takes jsonb, lot_points bigint, lot_left bigint, lot_day date, spendable_from date, expires_on date,
                  version integer
              )) WITH ORDINALITY AS r (member_id, seq, kind, source_id, points, balance, day, recorded_at, branch_id,
                  reason, actor, open, debt, takes, lot_points, lot_left, lot_day, spendable_from, expires_on, version,
                  n)
           ) AS p),
points_entries AS (
    INSERT INTO points_entry AS e (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at,
                                   branch_id, reason, actor, programme_version)
    SELECT $1, i.id, i.member_id, i.seq, i.kind, i.source_id, i.points, i.balance, i.day, i.recorded_at, i.branch_id,
           i.reason, i.actor, i.version FROM points_in i ORDER BY i.n),
points_sums AS (
    SELECT i.member_id, sum(i.open)::bigint AS open, sum(i.debt)::bigint AS debt, sum(i.points)::bigint AS points,
           (array_agg(i.balance ORDER BY i.n DESC))[1] AS balance
      FROM points_in i GROUP BY i.member_id),
points_moved AS (
    UPDATE points_account AS a SET open = a.open + s.open, debt = a.debt + s.debt FROM points_sums s
     WHERE a.tenant_id = $1 AND a.member_id = ANY (ARRAY(SELECT o.member_id FROM points_sums o))
       AND a.member_id = s.member_id AND a.open - a.debt + s.points = s.balance
    RETURNING a.member_id),
points_opened AS (
    INSERT INTO points_account AS a (tenant_id, member_id, open, debt)
    SELECT $1, s.member_id, s.open, s.debt FROM points_sums s
     WHERE s.points = s.balance
       AND NOT EXISTS (SELECT FROM points_account o WHERE o.tenant_id = $1 AND o.member_id = s.member_id)
     ORDER BY s.member_id RETURNING a.member_id),
points_lots AS (
    INSERT INTO points_lot AS l (tenant_id, id, member_id, points, "left", day, spendable_from, expires_on)
    SELECT $1, i.id, i.member_id, i.lot_points, CASE WHEN i.ends_at_once THEN 0 ELSE i.lot_left END, i.lot_day,
           i.spendable_from, i.expires_on FROM points_in i WHERE i.lot_points IS NOT NULL ORDER BY i.n),
points_takes AS (
    SELECT i.id AS entry_id, i.member_id, i.kind, (t.take ->> 0)::uuid AS lot_id, (t.take ->> 1)::bigint AS points
      FROM points_in i CROSS JOIN LATERAL jsonb_array_elements(i.takes) AS t (take)),
points_lots_taken AS (
    SELECT t.lot_id, t.member_id, sum(t.points)::bigint AS points FROM points_takes t GROUP BY t.lot_id, t.member_id),
points_taken AS ( -- a lot that a merged record has spent belongs to the survivor once something comes back to it
    UPDATE points_lot AS l SET "left" = l."left" - t.points, member_id = t.member_id FROM points_lots_taken t
     WHERE l.tenant_id = $1 AND l.id = ANY (ARRAY(SELECT o.lot_id FROM points_lots_taken o)) AND l.id = t.lot_id
       AND l."left" - t.points BETWEEN 0 AND l.points RETURNING l.id),
points_take_rows AS ( -- an expiry takes all that its lot has: no row
    INSERT INTO points_take AS t (tenant_id, entry_id, lot_id, points)
    SELECT $1, t.entry_id, t.lot_id, t.points FROM points_takes t WHERE t.kind <> 'expire'
     ORDER BY t.entry_id, t.lot_id),
points_measured AS (
    SELECT i.member_id, '{POINTS}'::text AS measure, i.day, i.points::numeric AS total, 0::bigint AS facts,
           0::bigint AS valued, 0::bigint AS most
      FROM points_in i WHERE i.kind IN ({_MEASURED})),
points_checks AS (
    SELECT (SELECT count(*) FROM points_sums) = (SELECT count(*) FROM points_moved)
                                              + (SELECT count(*) FROM points_opened) AS accounts,
           (SELECT count(*) FROM points_lots_taken) = (SELECT count(*) FROM points_taken) AS lots),
points_written AS (SELECT i.n, i.id FROM points_in i)"""


_MEASURED: Final = ", ".join(f"'{kind}'" for kind in MEASURED)
CHECKED: Final = "(SELECT c.accounts AND c.lots FROM points_checks c)"
"""SQL, in a statement that has `writes`, of what `check` wants."""
# A purchase tells of its points itself.
_POST: Final = f"""WITH {writes("$2::jsonb")},
told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'points.changed', i.member_id, max(i.recorded_at), jsonb_build_object(
           'points', sum(i.points)::bigint, 'balance', (array_agg(i.balance ORDER BY i.n DESC))[1],
           'entries', jsonb_agg(jsonb_build_object('kind', i.kind, 'points', i.points, 'source_id', i.source_id)
                                ORDER BY i.n))
      FROM points_in i GROUP BY i.member_id ORDER BY i.member_id),
measured AS (SELECT * FROM points_measured),{UPSERTS}
SELECT {CHECKED} AS checked, ARRAY(SELECT w.id FROM points_written w ORDER BY w.n) AS ids"""
_LOCK: Final = "SELECT 1 FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
# Every join is by a table's key: a plan made for any batch, or for a chain without statistics, takes ten thousand for
# ten, and would else compare each with each (0.2 s → 14 s).
_EXPIRE: Final = f"""
WITH gone AS (
    UPDATE points_lot AS l SET "left" = 0 FROM unnest($2::uuid[], $3::uuid[]) AS n (id, member_id)
     WHERE l.tenant_id = $1 AND l.id = n.id AND l.member_id = n.member_id AND l."left" > 0 AND l.expires_on < $4
    RETURNING l.id, l.member_id, old."left" AS points, l.expires_on),
accounts AS (
    UPDATE points_account AS a SET open = a.open - g.points
      FROM (SELECT g.member_id, sum(g.points)::bigint AS points FROM gone g GROUP BY g.member_id) AS g
     WHERE a.tenant_id = $1 AND a.member_id = g.member_id),
numbered AS ({take("(SELECT DISTINCT g.member_id AS id FROM gone g)")}),
entries AS (
    INSERT INTO points_entry AS e (tenant_id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
    SELECT $1, g.member_id, coalesce(q.seq, 0) + 1, 'expire', g.id, -g.points,
           a.open - sum(g.points) OVER (PARTITION BY g.member_id ORDER BY g.expires_on, g.id), $4, $5, $6
      FROM gone g JOIN points_account a ON a.tenant_id = $1 AND a.member_id = g.member_id
      LEFT JOIN member_number q ON q.tenant_id = $1 AND q.member_id = g.member_id
    RETURNING e.member_id, e.source_id, e.points, e.balance)
INSERT INTO event_new AS n (tenant_id, type, member_id, at, data)
SELECT $1, 'points.changed', e.member_id, $5, jsonb_build_object(
       'points', sum(e.points)::bigint, 'balance', min(e.balance),
       'entries', jsonb_agg(jsonb_build_object('kind', 'expire', 'points', e.points, 'source_id', e.source_id)))
  FROM entries e GROUP BY e.member_id"""
_TAKE_OVER: Final = (
    'UPDATE points_lot AS l SET member_id = $3 WHERE l.tenant_id = $1 AND l.member_id = $2 AND l."left" > 0'
)
_READ: Final = f"SELECT {ACCOUNT.format(member='$2')} AS account, {LOTS.format(member='$2')} AS lots"
_READ_ACCOUNT: Final = f"""SELECT {ACCOUNT.format(member="$2")} AS account,
    EXISTS (SELECT FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = $3 AND e.source_id = $4) AS posted"""
_TAKEN: Final = f"""
SELECT t.lot_id, sum(t.points)::bigint AS points, {_LOT} AS lot
  FROM points_entry e JOIN points_take t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
  JOIN points_lot l ON l.tenant_id = t.tenant_id AND l.id = t.lot_id
 WHERE e.tenant_id = $1 AND (e.kind, e.source_id) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))
 GROUP BY t.lot_id, l.id, l."left", l.points, l.day, l.spendable_from, l.expires_on HAVING sum(t.points) > 0
 ORDER BY l.expires_on NULLS LAST, l.id"""

_EXPIRED: Final = f"""
SELECT {_LOT} AS lot, -e.points AS points
  FROM points_entry e JOIN points_lot l ON l.tenant_id = $1 AND l.id = e.source_id
 WHERE e.tenant_id = $1 AND e.kind = 'expire' AND e.source_id = $2"""


def check(checked: bool) -> None:
    """Raises StaleError unless `CHECKED` was true: then the caller's work must not last."""
    if not checked:
        raise StaleError("points were written that had been read before the lock")


async def post(postings: Sequence[Posting]) -> list[UUID]:
    """Writes the postings with their measures; the entries' ids in the same order. The caller holds the members'
    locks and has read behind them. Raises StaleError.
    """
    if not postings:
        return []
    row = await connection().fetchrow(_POST, current().tenant_id, [posting.dump() for posting in postings])
    if row is None:
        raise RuntimeError("a statement without its row")
    check(row["checked"])
    ids: list[UUID] = row["ids"]
    return ids


async def read(member_id: UUID) -> Book:
    """The member's account and open lots. To be called behind the member's lock."""
    row = await connection().fetchrow(_READ, current().tenant_id, member_id)
    if row is None:
        raise RuntimeError("a statement without its row")
    return Book(account_of(row["account"]), lots_of(row["lots"]))


async def taken(sources: Collection[tuple[Kind, UUID]]) -> tuple[list[Take], Mapping[UUID, Lot]]:
    """What the entries of these kinds and sources took out of lots and haven't given back, in the order of taking,
    and those lots: for `Book.give_back`. Name the spending and every return of it so far.
    """
    rows = await connection().fetch(
        _TAKEN, current().tenant_id, [kind for kind, _ in sources], [source for _, source in sources]
    )
    found = {lot.id: lot for lot in lots_of([row["lot"] for row in rows])}
    return [(row["lot_id"], row["points"]) for row in rows], found


async def expired(lot_id: UUID) -> tuple[Lot, int] | None:
    """A lot that has expired with something in it, and how much that was."""
    row = await connection().fetchrow(_EXPIRED, current().tenant_id, lot_id)
    return None if row is None else (lots_of([row["lot"]])[0], row["points"])


async def undo_accrual(book: Book, fact: Fact, kind: Kind, points: int, lot_id: UUID, day: date) -> None:
    """Takes back the accrual of a lot that nobody has spent from, on whose `day` it counts, as if it had never been:
    what has expired of it since is nobody's debt.
    """
    gone = await expired(lot_id)
    if gone is not None:
        book.revive(fact, *gone)
    book.take_back(fact, kind, points, lot_id, day)


async def accrue_beside(fact: Fact, kind: Kind, points: int, day: date, rules: Points) -> int:
    """Points for something else than a purchase (`points.beside`), with an expiry that counts from the local `day`;
    once for its source: the second time nothing happens. Answers what was accrued.
    """
    if points <= 0:
        return 0
    return await accrue_lot(fact, kind, lot_of(points, rules, day))


async def accrue_lot(fact: Fact, kind: Kind, lot: NewLot) -> int:
    """The same for a lot whose days the caller has chosen."""
    row = await connection().fetchrow(_READ_ACCOUNT, current().tenant_id, fact.member_id, kind, fact.source_id)
    if row is None or row["posted"]:
        return 0
    book = Book(account_of(row["account"]))
    book.accrue(fact, kind, lot)
    await post(book.postings)
    return lot.points


async def expire_lots(lots: Sequence[tuple[UUID, UUID]]) -> None:
    """What these lots (each with its member) have left is gone, if their last day is over. Locks the members and takes
    their next numbers; a lot that is somebody else's by then is left.
    """
    tenant_id = current().tenant_id
    members = sorted({member_id for _, member_id in lots})
    await connection().execute(_LOCK, tenant_id, members)
    night = await this_night()
    await connection().execute(
        _EXPIRE,
        tenant_id,
        [lot_id for lot_id, _ in lots],
        [member_id for _, member_id in lots],
        night.today,
        night.now,
        current().principal.actor,
    )


async def hand_over(of: UUID, to: UUID) -> None:
    """The open lots of `of` belong to `to`; before the postings are written that pay debt from them. The caller holds
    both locks. A lot that is spent follows when something comes back to it.
    """
    await connection().execute(_TAKE_OVER, current().tenant_id, of, to)
