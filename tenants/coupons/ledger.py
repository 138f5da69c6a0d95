"""The ledger of coupons: the only module that writes coupons given out and the entries about them.

Postings come as data (`postings`); one set of CTEs writes them, alone (`post`) or within a larger statement (`writes`).
Each change of state is guarded: a coupon that somebody else used meanwhile, or whose days are over, writes no entry,
and what was written tells. A stored state is what the entries leave; that an open coupon's last day is over shows by
the day, until the nightly job has written it. Many are given at once by `grant`, each of them once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, Word
from saas.scope import connection, current
from tenants.coupons.coupon import definitions
from tenants.coupons.postings import Occasion, Posting, state_on
from tenants.numbers import take


def writes(parameter: str) -> str:
    """CTEs that write the postings of `parameter` (SQL of a jsonb array of `Posting.dump()`s; may be `[]`), `$1` the
    tenant. `coupons_written` (n from 1, id, grant_id) has the entries written; `check` wants to know which (`WRITTEN`).

    A member's coupons are guarded by the member's lock, which the caller holds; printed ones are locked here, by id.
    """
    return f"""
coupons_in AS MATERIALIZED (
    SELECT uuidv7() AS id, coalesce(r.grant_id, uuidv7()) AS grant_id, r.kind, r.member_id, r.seq, r.day, r.recorded_at,
           r.actor, r.source_id, r.purchase_id, r.branch_id, r.amount, r.reason, r.external_id, r.fingerprint,
           r.coupon_id, r.code, r.terms, r.valid_from, r.valid_until, r.occasion, r.number, r.n
      FROM ROWS FROM (jsonb_to_recordset({parameter}) AS (
          kind text, grant_id uuid, member_id uuid, seq bigint, day date, recorded_at timestamptz, actor text,
          source_id uuid, purchase_id uuid, branch_id uuid, amount bigint, reason text, external_id text,
          fingerprint text, coupon_id uuid, code text, terms jsonb, valid_from date, valid_until date, occasion text,
          number text)) WITH ORDINALITY AS r (kind, grant_id, member_id, seq, day, recorded_at, actor, source_id,
          purchase_id, branch_id, amount, reason, external_id, fingerprint, coupon_id, code, terms, valid_from,
          valid_until, occasion, number, n)),
coupons_locked AS MATERIALIZED (
    SELECT g.id FROM coupon_grant AS g
     WHERE g.tenant_id = $1 AND g.id = ANY (ARRAY(SELECT i.grant_id FROM coupons_in i WHERE i.kind <> 'grant'))
     ORDER BY g.id FOR NO KEY UPDATE),
coupons_moved AS (
    UPDATE coupon_grant AS g
       SET state = CASE i.kind WHEN 'use' THEN 'used' WHEN 'void' THEN 'void' WHEN 'expire' THEN 'expired'
                               ELSE 'open' END,
           used_for = CASE i.kind WHEN 'use' THEN i.purchase_id END
      FROM coupons_in i JOIN coupons_locked l ON l.id = i.grant_id
     WHERE g.tenant_id = $1 AND g.id = l.id AND i.kind <> 'grant' AND CASE i.kind
           WHEN 'use' THEN g.state = 'open' AND i.day BETWEEN g.valid_from AND g.valid_until
                           AND (g.member_id IS NULL OR g.member_id = i.member_id)
           WHEN 'void' THEN g.state = 'open'
           WHEN 'expire' THEN g.state = 'open' AND g.valid_until < i.day
           ELSE g.state = 'used' AND g.used_for IS NOT DISTINCT FROM i.purchase_id END
    RETURNING g.id, g.coupon_id, g.code),
coupons_granted AS (
    INSERT INTO coupon_grant AS g (tenant_id, id, coupon_id, code, member_id, granted_to, number, terms, valid_from,
                                   valid_until, state, occasion, source_id, granted_at)
    SELECT $1, i.grant_id, i.coupon_id, i.code, i.member_id, i.member_id, i.number, i.terms, i.valid_from,
           i.valid_until, 'open', i.occasion, coalesce(i.source_id, i.id), i.recorded_at
      FROM coupons_in i WHERE i.kind = 'grant' ORDER BY i.n
    ON CONFLICT DO NOTHING RETURNING g.id, g.coupon_id, g.code),
coupons_entered AS (
    INSERT INTO coupon_entry AS e (tenant_id, id, grant_id, member_id, seq, kind, source_id, branch_id, amount,
                                   external_id, fingerprint, reason, recorded_at, actor)
    SELECT $1, i.id, i.grant_id, i.member_id, i.seq, i.kind, coalesce(i.source_id, i.id), i.branch_id, i.amount,
           i.external_id, decode(i.fingerprint, 'hex'), i.reason, i.recorded_at, i.actor
      FROM coupons_in i
     WHERE i.grant_id IN (SELECT m.id FROM coupons_moved m UNION ALL SELECT g.id FROM coupons_granted g)
     ORDER BY i.n
    ON CONFLICT DO NOTHING RETURNING e.id), -- a till's own number that it has given before: `check` finds it missing
coupons_told AS ( -- what is printed is nobody's until it is used
    INSERT INTO event_new AS n (tenant_id, type, member_id, at, data)
    SELECT $1, CASE i.kind WHEN 'grant' THEN 'coupon.granted' WHEN 'use' THEN 'coupon.redeemed'
                           WHEN 'void' THEN 'coupon.voided' WHEN 'expire' THEN 'coupon.expired'
                           ELSE 'coupon.returned' END,
           i.member_id, i.recorded_at, jsonb_build_object('id', g.id, 'coupon_id', g.coupon_id, 'code', g.code)
             || CASE i.kind WHEN 'grant' THEN jsonb_build_object('occasion', i.occasion, 'valid_from', i.valid_from,
                                                                 'valid_until', i.valid_until)
                            WHEN 'use' THEN jsonb_build_object('purchase_id', i.purchase_id, 'branch_id', i.branch_id,
                                                               'amount', i.amount)
                            WHEN 'void' THEN '{{}}'
                            WHEN 'expire' THEN '{{}}'
                            ELSE jsonb_build_object('purchase_id', i.purchase_id) END
      FROM coupons_in i JOIN coupons_entered e ON e.id = i.id
      JOIN (SELECT * FROM coupons_moved UNION ALL SELECT * FROM coupons_granted) g ON g.id = i.grant_id
     WHERE i.member_id IS NOT NULL OR i.kind NOT IN ('grant', 'void', 'expire') ORDER BY i.n),
coupons_written AS (SELECT i.n, i.id, i.grant_id FROM coupons_in i JOIN coupons_entered e ON e.id = i.id)"""


WRITTEN: Final = "ARRAY(SELECT w.n FROM coupons_written w)"
"""SQL, in a statement that has `writes`, of what `check` wants."""
_POST: Final = f"WITH {writes('$2::jsonb')} SELECT w.n, w.id, w.grant_id FROM coupons_written w ORDER BY w.n"
_STATES: Final = """
SELECT g.id, g.code, g.state, g.valid_from, g.valid_until FROM coupon_grant g
 WHERE g.tenant_id = $1 AND g.id = ANY ($2)"""


@dataclass(frozen=True, slots=True)
class Written:
    """An entry and the coupon that it is about."""

    id: UUID
    grant_id: UUID


async def post(postings: Sequence[Posting]) -> list[Written]:
    """Writes the postings; what was written, in the same order. The caller holds the locks of the members whose coupons
    they are. Raises DomainError as `check`: then nothing that the caller wrote may last.
    """
    if not postings:
        return []
    rows = await connection().fetch(_POST, current().tenant_id, [posting.dump() for posting in postings])
    await check(postings, [row["n"] for row in rows])
    return [Written(row["id"], row["grant_id"]) for row in rows]


async def check(postings: Sequence[Posting], written: Collection[int]) -> None:
    """`written` is what a statement with `writes` answered for WRITTEN.

    Raises DomainError `coupon-not-usable` {code, state} for the first that wasn't: `state` is used, void, expired,
    not-yet-valid, not-theirs, unknown, or open (asked back, but never used); `conflict` for a number that was taken.
    """
    missing = [posting for n, posting in enumerate(postings, 1) if n not in written]
    if not missing:
        return
    posting = missing[0]
    if posting.kind == "grant":
        raise DomainError("conflict")
    row = await connection().fetchrow(_STATES, current().tenant_id, [posting.grant_id])
    if row is None:
        raise not_usable(str(posting.grant_id), "unknown")
    why = state_on(row["state"], row["valid_from"], row["valid_until"], posting.day)
    raise not_usable(row["code"], "not-theirs" if why == "open" and posting.kind == "use" else why)


_LOCK_PRINTED: Final = """
SELECT FROM coupon_grant AS g
 WHERE g.tenant_id = $1 AND g.member_id IS NULL AND g.id IN (
       SELECT n.id FROM coupon_grant n WHERE n.tenant_id = $1 AND n.id = ANY ($2)
       UNION ALL SELECT n.id FROM coupon_grant n WHERE n.tenant_id = $1 AND n.number = ANY ($3))
 ORDER BY g.id FOR NO KEY UPDATE"""


async def lock_printed(ids: Collection[UUID], numbers: Collection[str]) -> None:
    """Locks those of these coupons that no member's lock guards, for whoever is going to use several in any order."""
    if ids or numbers:
        await connection().execute(_LOCK_PRINTED, current().tenant_id, list(ids), list(numbers))


def not_usable(code: str, state: str) -> DomainError:
    """The refusal of a coupon in this state."""
    return DomainError("coupon-not-usable", params={"code": code, "state": Word(state)})


@dataclass(frozen=True, slots=True)
class Grant:
    """A coupon for a member. `source_id` says what for: the same again gives nothing. `seq`: the member's number of the
    fact that it belongs to; None: the member's next one is taken, if something is given.
    """

    coupon_code: str
    member_id: UUID
    occasion: Occasion
    source_id: UUID
    seq: int | None = None


# One number a member and call; who gets nothing new takes none. Nothing filters what was asked before it is joined:
# PostgreSQL takes it for a hundred rows then, and compares by hashes.
_GRANT: Final = f"""
WITH asked AS MATERIALIZED (
    SELECT uuidv7() AS id, o.* FROM (
        SELECT x.* FROM ROWS FROM (jsonb_to_recordset($2) AS (
            coupon_id uuid, code text, valid_from date, valid_until date, member_id uuid, occasion text, source_id uuid,
            seq bigint)) WITH ORDINALITY
            AS x (coupon_id, code, valid_from, valid_until, member_id, occasion, source_id, seq, n)
         ORDER BY x.member_id, x.n) o),
granted AS (
    INSERT INTO coupon_grant AS g (tenant_id, id, coupon_id, code, member_id, granted_to, terms, valid_from,
                                   valid_until, state, occasion, source_id, granted_at)
    SELECT $1, a.id, a.coupon_id, a.code, a.member_id, a.member_id,
           (SELECT c.terms FROM coupon c WHERE c.tenant_id = $1 AND c.id = a.coupon_id), a.valid_from, a.valid_until,
           'open', a.occasion, a.source_id, $4 FROM asked a
    ON CONFLICT DO NOTHING RETURNING g.id, g.granted_to),
told AS (
    INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
    SELECT $1, 'coupon.granted', g.granted_to, $4, jsonb_build_object(
           'id', g.id, 'coupon_id', a.coupon_id, 'code', a.code, 'occasion', a.occasion, 'valid_from', a.valid_from,
           'valid_until', a.valid_until)
      FROM granted g JOIN asked a ON a.id = g.id),
numbered AS (
    {take("(SELECT DISTINCT g.granted_to AS id FROM granted g WHERE g.granted_to <> ALL ($3))")}),
entered AS (
    INSERT INTO coupon_entry AS e (tenant_id, grant_id, member_id, seq, kind, source_id, branch_id, reason,
                                   recorded_at, actor)
    SELECT $1, g.id, g.granted_to, coalesce(a.seq, n.seq), 'grant', a.source_id, $5, $6, $4, $7
      FROM granted g JOIN asked a ON a.id = g.id LEFT JOIN numbered n ON n.id = g.granted_to)
SELECT a.n, g.id FROM granted g JOIN asked a ON a.id = g.id"""
# By the member's own coupons alone, which are few: the other columns are kept from the indexes.
_GIVEN: Final = """
SELECT x.n, g.id FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[])
                   AS x (n, member_id, coupon_id, occasion, source_id)
  JOIN coupon_grant g ON g.tenant_id = $1 AND g.granted_to = x.member_id
   AND (g.coupon_id, g.occasion, g.source_id) IS NOT DISTINCT FROM (x.coupon_id, x.occasion, x.source_id)"""


async def grant(
    grants: Sequence[Grant],
    *,
    recorded_at: datetime,
    today: date,
    branch_id: UUID | None = None,
    reason: str | None = None,
    actor: str | None = None,
) -> list[UUID | None]:
    """Gives coupons to members, in one statement; ids in the same order, of those that were given before too. None: the
    tenant has no such coupon, it has ended, or its fixed days are over.

    The caller holds the members' locks (`granting.lock_active` takes them), and knows that they are active. `today` is
    the local day of `recorded_at`, the first of the coupon's days. `actor`: the scope's, where none is named.
    """
    defined = await definitions({one.coupon_code for one in grants})
    asked, places = [], []
    for place, one in enumerate(grants):
        coupon = defined.get(one.coupon_code)
        days = None if coupon is None else coupon.days(today)
        if coupon is None or days is None:
            continue
        places.append(place)
        asked.append(
            {
                "coupon_id": str(coupon.id),
                "code": coupon.code,
                "valid_from": days[0].isoformat(),
                "valid_until": days[1].isoformat(),
                "member_id": str(one.member_id),
                "occasion": one.occasion,
                "source_id": str(one.source_id),
                "seq": one.seq,
            }
        )
    if not asked:
        return [None] * len(grants)
    numbered = list({one.member_id for one in grants if one.seq is not None})
    who = actor or current().principal.actor
    values = (numbered, recorded_at, branch_id, reason, who)
    rows = await connection().fetch(_GRANT, current().tenant_id, asked, *values)
    ids: dict[int, UUID] = {row["n"]: row["id"] for row in rows}
    if len(ids) < len(asked):
        ids |= await _given(asked, [n for n in range(1, len(asked) + 1) if n not in ids])
    found = {place: ids.get(n) for n, place in enumerate(places, 1)}
    return [found.get(place) for place in range(len(grants))]


async def _given(asked: Sequence[Mapping[str, Any]], missing: Sequence[int]) -> dict[int, UUID]:
    """The coupons that were given before, by their places in what is asked now."""
    columns = ([asked[n - 1][name] for n in missing] for name in ("member_id", "coupon_id", "occasion", "source_id"))
    rows = await connection().fetch(_GIVEN, current().tenant_id, list(missing), *columns)
    return {row["n"]: row["id"] for row in rows}


_EXPIRE: Final = """
WITH due AS MATERIALIZED (
    SELECT g.id FROM coupon_grant g WHERE g.tenant_id = $1 AND g.state = 'open' AND g.valid_until < $2
     ORDER BY g.valid_until LIMIT $3),
locked AS MATERIALIZED (
    SELECT g.id FROM coupon_grant g
     WHERE g.tenant_id = $1 AND g.id = ANY (ARRAY(SELECT d.id FROM due d)) ORDER BY g.id FOR NO KEY UPDATE),
moved AS (
    UPDATE coupon_grant AS g SET state = 'expired' FROM locked l
     WHERE g.tenant_id = $1 AND g.id = l.id AND g.state = 'open'
    RETURNING g.id, g.member_id, g.coupon_id, g.code, g.valid_until),
told AS (
    INSERT INTO event_new AS n (tenant_id, type, member_id, at, data)
    SELECT $1, 'coupon.expired', m.member_id, $4, jsonb_build_object('id', m.id, 'coupon_id', m.coupon_id,
           'code', m.code) FROM moved m WHERE m.member_id IS NOT NULL),
entered AS (
    INSERT INTO coupon_entry AS e (tenant_id, id, grant_id, member_id, kind, source_id, recorded_at, actor)
    SELECT $1, n.id, n.grant_id, n.member_id, 'expire', n.id, $4, $5
      FROM (SELECT uuidv7() AS id, m.id AS grant_id, m.member_id FROM moved m) n)
SELECT count(*) FROM due"""


async def expire(now: datetime, today: date, most: int) -> int:
    """Writes down that open coupons whose last day is over have expired, `most` of them; how many were found."""
    found: int = await connection().fetchval(_EXPIRE, current().tenant_id, today, most, now, current().principal.actor)
    return found


_TAKE_OVER: Final = "UPDATE coupon_grant AS g SET member_id = $3 WHERE g.tenant_id = $1 AND g.member_id = $2"


async def hand_over(of: UUID, to: UUID) -> None:
    """Every coupon of `of` belongs to `to`, used or not. The caller holds both locks."""
    await connection().execute(_TAKE_OVER, current().tenant_id, of, to)
