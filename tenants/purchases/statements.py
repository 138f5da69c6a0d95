"""The statements that record a purchase. The benchmark's pgbench script sends the same ones."""

from functools import cache
from typing import Final, Literal

from tenants.campaigns.offers import RUNNING
from tenants.coupons import ledger as coupons_ledger
from tenants.coupons import till as coupons_till
from tenants.measures.add import UPSERTS
from tenants.numbers import locking, take
from tenants.points import ledger as points_ledger
from tenants.points import till as points_till
from tenants.tiers.retargeting import FIRST_UNDER
from tenants.wallet import ledger as wallet_ledger
from tenants.wallet import till as wallet_till
from tenants.wallet.reading import WALLET

_GRANT: Final = "jsonb_build_array(g.id, g.code, g.member_id, g.number, g.terms, g.state, g.valid_from, g.valid_until)"

# What a purchase is priced, paid and credited by, of the member and at the instant of `place` (a name of its own: the
# ledgers' fragments have aliases, too). Each statement reads what its ticket asks for and nothing else: then no plan
# made for one ticket is better than the one for all, and PostgreSQL doesn't plan anew for each. Lists of ids are arrays
# out of a subquery for the same reason.
_NOW: Final = """(SELECT jsonb_object_agg(s.ladder, s.tier) FROM member_tier s
        WHERE s.tenant_id = $1 AND s.member_id = place.member_id AND s.rank > 0)"""
_THEN: Final = """(SELECT jsonb_object_agg(d.ladder, d.to_tier) FILTER (WHERE d.to_rank > 0)
         FROM (SELECT DISTINCT ON (k.ladder) k.ladder, k.to_tier, k.to_rank FROM decision k
                WHERE k.tenant_id = $1 AND k.member_id = place.member_id AND k.effective_at < {n}
                ORDER BY k.ladder, k.seq DESC) d)"""
_TODAY: Final = "(place.recorded_at AT TIME ZONE place.timezone)::date"
_ALWAYS: Final = f"""
       {points_ledger.ACCOUNT.format(member="place.member_id")} AS points,
       {RUNNING} AS running"""
_AT_TIERS_NOW: Final = f",\n       {_NOW} AS held"

Asked = Literal["occurred_at", "points", "wallet", "grants", "numbers", "skus"]
_ASKED: Final[dict[Asked, str]] = {
    # the tiers in force then; within 15 minutes a purchase is of now
    "occurred_at": f"""
       CASE WHEN {{n}}::timestamptz >= place.recorded_at - interval '15 minutes' THEN {_NOW}
            ELSE {_THEN} END AS held""",
    "points": points_ledger.SPENDABLE.format(member="place.member_id", today=_TODAY, points="{n}::bigint")
    + " AS points_lots",
    # the till's number: a repeat mustn't ask for the member's consent again
    "wallet": f"""
       {WALLET.format(member="place.member_id")} AS wallet,
       EXISTS (SELECT FROM purchase_external x
                WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = {{n}}::text) AS taken""",
    "grants": f"""
       (SELECT jsonb_agg({_GRANT}) FROM coupon_grant g
         WHERE g.tenant_id = $1 AND g.id = ANY (ARRAY(SELECT unnest({{n}}::uuid[])))) AS grants""",
    "numbers": f"""
       (SELECT jsonb_agg({_GRANT}) FROM coupon_grant g
         WHERE g.tenant_id = $1 AND g.number = ANY (ARRAY(SELECT unnest({{n}}::text[])))) AS numbered""",
    "skus": """
       (SELECT jsonb_agg(jsonb_build_array(p.sku, p.list, p.price) ORDER BY p.list) FROM price p
         WHERE p.tenant_id = $1 AND p.sku = ANY (ARRAY(SELECT unnest({n}::text[])))) AS prices""",
}
"""What a ticket may ask for beside tiers held, points account and running campaigns; each with one parameter: the
instant, the points, the till's number, coupons by id and by number, skus to be priced.
"""


def _context(asked: tuple[Asked, ...], first: int) -> str:
    """Columns of the context; the parameters of what is asked for follow each other from `$first` on."""
    found = [_ASKED[each].format(n=f"${first + n}") for n, each in enumerate(asked)]
    return ",".join([_ALWAYS, *found]) + ("" if "occurred_at" in asked else _AT_TIERS_NOW)


# One statement locks and reads, which is right as long as nobody came between its snapshot and its lock: `seen_seq` is
# the member's number in the snapshot, `waited` says that the lock was somebody else's before.
_LOCK: Final = f"""
WITH {locking("m.referrer_id IS NOT NULL AS brought", "m.id = {member} AND m.status = 'active'")},
place AS MATERIALIZED (
    SELECT t.timezone, t.status, t.has_facts, t.currency, t.programme_version, l.id AS member_id, l.seq,
           (SELECT m.brought FROM m) AS brought,
           coalesce(l.locked_at, clock_timestamp()) + t.clock_offset AS recorded_at,
           b.id AS branch_id, b.code AS branch_code, b.closed_at,
           l.locked_at - statement_timestamp() > interval '50 ms' AS waited
      FROM tenant t LEFT JOIN l ON true LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2
     WHERE t.tenant_id = $1)
SELECT place.*, uuidv7() AS purchase_id,
       coalesce((SELECT q.seq FROM member_number q WHERE q.tenant_id = $1 AND q.member_id = place.member_id), 0)
           AS seen_seq,{{context}}
  FROM place"""
_IDENTIFIED: Final = (
    "(SELECT i.member_id FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = $3 AND i.value = $4)"
)


@cache
def lock_by_id(*asked: Asked) -> str:
    """The member's lock with tenant, branch and context: tenant, branch, member (NULL: nobody), what is asked for."""
    return _LOCK.format(member="$3::uuid", context=_context(asked, 4))


@cache
def lock_by_identity(*asked: Asked) -> str:
    """The same by kind and value of an identity."""
    return _LOCK.format(member=_IDENTIFIED, context=_context(asked, 5))


@cache
def read(*asked: Asked) -> str:
    """The same without a lock: for a quote, and behind a lock that was waited for (the instant in the fourth place)."""
    return f"""
WITH place AS MATERIALIZED (
    SELECT t.timezone, t.status, t.currency, t.programme_version, $3::uuid AS member_id,
           coalesce($4::timestamptz, clock_timestamp() + t.clock_offset) AS recorded_at,
           b.id AS branch_id, b.code AS branch_code, b.closed_at
      FROM tenant t LEFT JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = $2
     WHERE t.tenant_id = $1)
SELECT place.*,{_context(asked, 5)}
  FROM place"""


OPEN_GRANTS: Final = f"""
SELECT {_GRANT} AS grant, c.names FROM coupon_grant g JOIN coupon c ON c.tenant_id = g.tenant_id AND c.id = g.coupon_id
 WHERE g.tenant_id = $1 AND g.member_id = $2 AND g.state = 'open' AND $3::date BETWEEN g.valid_from AND g.valid_until
 ORDER BY g.valid_until, g.id LIMIT 200"""

# `counted`: what of the amount counts for the metrics. `version`: the rules that it was priced by. Others that came
# into force meanwhile write nothing: behind the lock a tier that they dropped must not come back.
_FACT: Final = """
k AS (INSERT INTO purchase_external AS x (tenant_id, branch_id, external_id, purchase_id, fingerprint)
      SELECT $1::uuid, {branch}, {external}, {purchase}, {mark} FROM {sales}tenant r
       WHERE r.tenant_id = $1 AND r.programme_version = {version}
      ON CONFLICT DO NOTHING RETURNING x.purchase_id AS id),
p AS (INSERT INTO purchase AS p (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,
                                 local_day, amount, uncounted, list_amount, lines, tenders, pricing, sold_by, source,
                                 programme_version, actor)
      SELECT $1, {id}, {member}, {branch}, {seq}, {external}, {occurred}, {recorded}, {day}, {net}, {net} - {counted},
             {list}, {lines}, {tenders}, {pricing}, {seller}, 'api', CASE WHEN {member} IS NOT NULL THEN {version} END,
             {actor}
        FROM {of}),
event AS (INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
      SELECT $1, 'purchase.recorded', {member}, {recorded}, jsonb_build_object(
             'id', {id}, 'branch_id', {branch}, 'external_id', {external}, 'occurred_at', {occurred},
             'amount', coalesce({list}, {net}), 'paid', {net}, 'points_earned', coalesce({pricing} -> 'points', '0'),
             'points_redeemed',
             CASE {tenders} -> 0 ->> 'type' WHEN 'points' THEN {tenders} -> 0 -> 'points' ELSE '0' END,
             'points_balance', {pricing} -> 'balance', 'source', 'api') FROM {of})"""
_SUMS: Final = """
t AS (INSERT INTO member_total AS a (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)
      SELECT $1, {member}, {counted}, 1, {counted}, {day}, {occurred} FROM {of}
      ON CONFLICT (tenant_id, member_id) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase),
         last_day = greatest(a.last_day, excluded.last_day), last_at = greatest(a.last_at, excluded.last_at)),
o AS (INSERT INTO member_month AS a (tenant_id, member_id, month, spend, purchases, max_purchase)
      SELECT $1, {member}, date_trunc('month', {day}::timestamp)::date, {counted}, 1, {counted} FROM {of}
      ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase)),
d AS (INSERT INTO member_day AS a (tenant_id, member_id, day, spend, purchases, max_purchase)
      SELECT $1, {member}, {day}, {counted}, 1, {counted} FROM {of}
      ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET spend = a.spend + excluded.spend,
         purchases = a.purchases + 1, max_purchase = greatest(a.max_purchase, excluded.max_purchase))"""
_SALE_OF: Final = {
    "sales": "",
    "of": "k",
    "id": "k.id",
    "branch": "$2::uuid",
    "external": "$3::text",
    "mark": "$4::bytea",
    "member": "$5::uuid",
    "seq": "$6::bigint",
    "occurred": "$7::timestamptz",
    "recorded": "$8::timestamptz",
    "day": "$9::date",
    "net": "$10::bigint",
    "lines": "$11::jsonb",
    "tenders": "$12::jsonb",
    "seller": "$13::text",
    "actor": "$14::text",
    "counted": "$15::bigint",
    "version": "$16::int",
    "purchase": "$17::uuid",
    "list": "$18::bigint",
    "pricing": "$19::jsonb",
}
"""One purchase, of parameters; written only where its number was free."""
_MEASURED: Final = """
      SELECT $5::uuid AS member_id, n.measure, $9::date AS day, n.total::numeric AS total, 1::bigint AS facts,
             0::bigint AS valued, 0::bigint AS most
        FROM k CROSS JOIN unnest($20::text[], $21::bigint[]) AS n (measure, total)"""
_FIRST: Final = """$22::boolean AND NOT EXISTS (
           SELECT FROM member_day f WHERE f.tenant_id = $1 AND f.member_id = $5 AND f.day <= $9 AND f.purchases > 0
       ) AS is_first"""
"""No purchase that stands was on an earlier day, or on this one; asked where the member was brought."""
_FIRST_UNDER: Final = FIRST_UNDER.format(member="$5", purchase="$17", version="$16") + " AS is_first_under"


# The short forms of the ledgers write for this row.
_SALE: Final = """
sale AS MATERIALIZED (
    SELECT k.id AS source_id, $5::uuid AS member_id, $6::bigint AS seq, $2::uuid AS branch_id,
           $8::timestamptz AS recorded_at, $14::text AS actor FROM k)"""

PointsForm = Literal["any"] | points_till.Shape
CouponsForm = Literal["any", "one"]


@cache
def record(
    *, member: bool, points: PointsForm | None = None, wallet: bool = False, coupons: CouponsForm | None = None
) -> str:
    """The statement that writes a purchase with its sums and, each where it is asked for, what it moves in points,
    wallet and coupons, all or nothing: no row where the till's number is taken, or other rules are in force.

    Points and coupons of the usual kinds have a short form, of any other the ledgers' own. Their parameters are the
    last ones, in this order. The row has `points_checked`, `wallet_missed` and `coupons_written`, for the ledgers'
    `check`.
    """
    following = 23 if member else 20
    parts, columns, measured = [_FACT.format(**_SALE_OF), _SALE], ["k.id"], [_MEASURED]
    if points is not None:
        if points == "any":
            sql, following = points_ledger.writes(_once(following)), following + 1
        else:
            sql, following = points_till.writes(points, following)
        parts.append(sql)
        columns.append(f"{points_ledger.CHECKED} AS points_checked")
        measured += ["SELECT * FROM points_measured"] if points != "redeem" else []
    if wallet:
        sql, following = wallet_till.writes(following)
        parts.append(sql)
        columns.append(wallet_ledger.MISSED)
    if coupons == "one":
        parts.append(coupons_till.writes(following)[0])
        columns.append(f"{coupons_till.WRITTEN} AS coupons_written")
    elif coupons == "any":
        parts.append(coupons_ledger.writes(_once(following)))
        columns.append(f"{coupons_ledger.WRITTEN} AS coupons_written")
    if points in {None, "any"} and not wallet and coupons != "one":
        parts.remove(_SALE)
    if member:
        parts.append(_SUMS.format(**_SALE_OF))
        union = "\n      UNION ALL ".join(measured)
        parts.append(f"\nmeasured AS ({union}),{UPSERTS}")
        columns += [_FIRST, _FIRST_UNDER]
    return f"WITH {','.join(parts)}\nSELECT {', '.join(columns)} FROM k"


def _once(parameter: int) -> str:
    """The postings, unless the number was taken and nothing is written."""
    return f"(SELECT ${parameter}::jsonb FROM k)"


RECORD_FOR_MEMBER: Final = record(member=True)

_LAST_ID: Final = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
# Many at once. What their members hold now, and each one's next number: parameters tenant and ids, whose locks the
# caller holds. Of all one instant, behind every lock. Who was brought by somebody isn't found.
MEMBERS: Final = f"""
WITH m AS MATERIALIZED (
    SELECT m.id FROM member AS m
     WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[]) AND m.status = 'active' AND m.referrer_id IS NULL),
l AS ({take("m")}),
place AS MATERIALIZED (SELECT l.id AS member_id, l.seq, max(l.locked_at) OVER () AS locked_at FROM l)
SELECT place.member_id, place.seq, place.locked_at + t.clock_offset AS recorded_at, uuidv7() AS purchase_id,
       {points_ledger.ACCOUNT.format(member="place.member_id")} AS points{_AT_TIERS_NOW},
       {FIRST_UNDER.format(member="place.member_id", purchase=_LAST_ID, version="t.programme_version")}
           AS is_first_under
  FROM place CROSS JOIN tenant t WHERE t.tenant_id = $1"""
HELD_THEN: Final = f"""
SELECT place.member_id, {_THEN.format(n="place.at")} AS held
  FROM unnest($2::uuid[], $3::timestamptz[]) AS place (member_id, at)"""
"""The tiers that members held at an instant each: parameters tenant, ids and instants."""
CHAIN: Final = f"""
SELECT t.timezone, t.status, t.has_facts, t.currency, t.programme_version, {RUNNING} AS running FROM tenant t
 WHERE t.tenant_id = $1"""
KNOWN_NUMBERS: Final = """
SELECT n.n FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS n (branch_id, external_id, n)
 WHERE EXISTS (SELECT FROM purchase_external x WHERE x.tenant_id = $1 AND x.branch_id = n.branch_id
                  AND x.external_id = n.external_id)"""
"""Which of the tills' numbers (from 1 on) have a purchase already."""
_SALES_OF: Final = {
    "sales": "n CROSS JOIN ",
    "of": "n ORDER BY n.n",
    "id": "n.purchase_id",
    "branch": "n.branch_id",
    "external": "n.external_id",
    "mark": "decode(n.mark, 'hex')",
    "member": "n.member_id",
    "seq": "n.seq",
    "occurred": "n.occurred_at",
    "recorded": "n.recorded_at",
    "day": "n.day",
    "net": "n.net",
    "lines": "n.lines",
    "tenders": "n.tenders",
    "seller": "n.sold_by",
    "actor": "$4::text",
    "counted": "n.counted",
    "version": "$3::int",
    "purchase": "n.purchase_id",
    "list": "n.list_amount",
    "pricing": "n.pricing",
}
RECORD_MANY: Final = f"""
WITH n AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS n (
        n int, purchase_id uuid, branch_id uuid, external_id text, mark text, member_id uuid, seq bigint,
        occurred_at timestamptz, recorded_at timestamptz, day date, net bigint, counted bigint, list_amount bigint,
        lines jsonb, tenders jsonb, pricing jsonb, sold_by text)),{_FACT.format(**_SALES_OF)},
{_SUMS.format(**_SALES_OF)},
{points_ledger.writes("$9::jsonb")},
measured AS (
    SELECT u.member_id, u.measure, u.day, u.total::numeric AS total, 1::bigint AS facts, 0::bigint AS valued,
           0::bigint AS most
      FROM unnest($5::uuid[], $6::text[], $7::date[], $8::bigint[]) AS u (member_id, measure, day, total)
    UNION ALL SELECT * FROM points_measured),{UPSERTS}
SELECT (SELECT count(*) FROM k) AS written, {points_ledger.CHECKED} AS points_checked"""
"""Purchases of members, nobody's twice, with their points: tenant, the sales as JSON, the rules' version, who writes,
what each adds to a measure (member, measure, day, amount), the points' postings as JSON. `written`: how many numbers
were free; where it isn't all of them, or the rules are others, nothing may last.
"""
