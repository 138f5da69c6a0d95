"""Decisions that are made again as of an instant gone by, from the standing before it: a schedule for a fact that was
told too late, and what a refund has put in question.
"""

from tenants.programme.compiler import Values
from tenants.programme.document import Programme
from tenants.programme.going_on import gone_on
from tenants.programme.states import present
from tenants.tiers.decided import DECISIONS, decided
from tenants.tiers.origin import gave
from tenants.tiers.steps import Steps
from tenants.tiers.writing import decision_id, writing


def repeat(values: Values, ladders: tuple[int, ...], retarget: tuple[int, ...]) -> str:
    """Only what is above the tier held now, and not for who was lowered by hand until a day to come. Where the firing
    gave members the tier of new rules, what it would have left alone is an outcome, too.
    """
    recorded_on = values.binder.moment("recorded on", lambda m: m.recorded_on, "date")
    rank, tier = _present(values.programme, values, ladders, "p")
    return f""",
{decided(values, ladders, Steps(again=True), retarget)},
w AS MATERIALIZED (
  SELECT d.number, d.id, d.ladder, 'late' AS reason, coalesce({rank}, 0) AS from_rank,
         CASE WHEN {rank} > 0 THEN {tier} ELSE d.base END AS from_tier, d.to_tier, d.to_rank,
         d.since, d.valid_from, d.valid_until, d.fell_on, d.facts, {decision_id(values.ids)} AS decision_id
    FROM d LEFT JOIN member_tier p
      ON p.tenant_id = $1 AND p.member_id = d.id AND {values.ids.on("p.member_id")} AND p.ladder = d.ladder
   WHERE d.to_rank > coalesce({rank}, 0)
     AND (coalesce(p.may_rise, true) OR coalesce(p.locked_until < {recorded_on}, true))),{writing(values)}
{DECISIONS}"""


def _present(
    programme: Programme, values: Values, ladders: tuple[int, ...], alias: str, own: str = "d"
) -> tuple[str, str]:
    """SQL: rank and code of what `alias` stores, read through the lineage of `programme`; `own` has the ladder."""
    if not any(programme.lineage.get(values.programme.ladders[j].code) for j in ladders):
        return f"{alias}.rank", f"{alias}.tier"
    ranks, codes = [], []
    for j in ladders:
        ladder = programme.ladder(values.programme.ladders[j].code)
        if ladder is not None:
            rank, code = present(programme, ladder, alias, values.binder)
            ranks.append(f"WHEN {j} THEN {rank}")
            codes.append(f"WHEN {j} THEN {code}")
    return f"CASE {own}.number {' '.join(ranks)} END", f"CASE {own}.number {' '.join(codes)} END"


def _gone_on(now: Programme, values: Values, ladders: tuple[int, ...], alias: str) -> str:
    """SQL: the columns of a validity that `alias`, which has the ladder's `number`, would have had by now."""
    names = ("valid_from", "valid_until", "locked_until", "may_rise")
    cases: dict[str, list[str]] = {name: [] for name in names}
    for j in ladders:
        ladder = now.ladder(values.programme.ladders[j].code)
        if ladder is not None:
            on = gone_on(now, ladder, alias, values.binder)
            for name in names:
                cases[name].append(f"WHEN {j} THEN {getattr(on, name)}")
    return ", ".join(
        f"CASE {alias}.number {' '.join(whens)} ELSE {alias}.{name} END AS {name}" if whens else f"{alias}.{name}"
        for name, whens in cases.items()
    )


def recheck(
    values: Values, ladders: tuple[int, ...], now: Programme, *, upward: bool = False, retarget: bool = False
) -> str:
    """What the decision `k` that gave the tier would give now, if that is lower: the outcome of its own instant, or the
    standing `b` before it. A late decision only raises, so an outcome not above `b` is none.

    It is made by the rules of `k`, and read by those that are in force `now`. `upward`: it could only rise;
    `retarget`: it gave the tier of new rules.
    """
    steps = Steps(again=True, upward=upward, everyone=True)
    made = decided(values, ladders, steps, ladders if retarget else (), fact=True)
    before_rank, before_tier = _present(values.programme, values, ladders, "b")
    held_rank, held_tier = _present(now, values, ladders, "p")
    rank, tier = _present(now, values, ladders, "y", own="y")
    on = _gone_on(now, values, ladders, "y")
    written = writing(values, locks=True, cause_id="w.refund_id")
    return f""",
{made},
x AS (
  SELECT d.number, d.id, d.ladder, 'refund' AS reason, {held_tier} AS from_tier, {held_rank} AS from_rank, d.facts,
         CASE WHEN o.given THEN d.to_tier WHEN {before_rank} > 0 THEN {before_tier} ELSE d.base END AS tier,
         CASE WHEN o.given THEN d.to_rank ELSE coalesce({before_rank}, 0) END AS rank,
         CASE WHEN o.given THEN d.since ELSE coalesce(b.since, m.joined_on) END AS since,
         CASE WHEN o.given THEN d.valid_from ELSE coalesce(b.valid_from, m.joined_on) END AS valid_from,
         CASE WHEN o.given THEN d.valid_until ELSE b.valid_until END AS valid_until,
         CASE WHEN o.given THEN d.fell_on ELSE b.fell_on END AS fell_on,
         CASE WHEN NOT o.given THEN b.locked_until END AS locked_until,
         CASE WHEN o.given THEN true ELSE coalesce(b.may_rise, true) END AS may_rise, r.refund_id
    FROM d JOIN m ON m.id = d.id
    JOIN member_tier p ON p.tenant_id = $1 AND p.member_id = d.id AND p.ladder = d.ladder
   CROSS JOIN LATERAL {gave("p")} k
    JOIN tier_recheck r ON r.tenant_id = $1 AND r.member_id = d.id AND r.ladder = d.ladder
    LEFT JOIN LATERAL (
      SELECT b.*, b.to_tier AS tier, b.to_rank AS rank FROM decision b
       WHERE b.tenant_id = $1 AND b.member_id = d.id AND b.ladder = d.ladder AND b.seq < k.seq
       ORDER BY b.seq DESC LIMIT 1) b ON true
   CROSS JOIN LATERAL (
     SELECT d.reason IS NOT NULL AND (k.reason <> 'late' OR d.to_rank > coalesce({before_rank}, 0)) AS given) o),
z AS (
  SELECT y.number, y.id, y.ladder, y.reason, y.from_tier, y.from_rank, y.facts, y.since, y.fell_on, y.refund_id,
         {on}, {rank} AS to_rank, {tier} AS to_tier FROM x y),
w AS MATERIALIZED (
  SELECT z.*, {decision_id(values.ids)} AS decision_id FROM z WHERE z.to_rank < z.from_rank),{written}
{DECISIONS}"""
