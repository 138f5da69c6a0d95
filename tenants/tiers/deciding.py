"""Evaluate, decide, write: each way of deciding is one SQL statement, for one member or for ten thousand.

Evaluating twice writes once, because what was written makes the same evaluation find nothing to do. A renewal under
`until_next_schedule` is no decision: without grace nothing at all is written for it (the run's own record moves the
validity on), with grace the member's row.
"""

from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any

from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Programme
from tenants.programme.moment import Moment
from tenants.programme.states import Standing, present
from tenants.tiers.origin import gave
from tenants.tiers.publishing import giving_back, publishing
from tenants.tiers.steps import Deciding, Steps, facts_of, renews_silently
from tenants.tiers.writing import decision_id, writing


class Way(Enum):
    """How a statement decides.

    EVALUATE: steps 1-4 from the present standing. RISE: step 2 alone. REPEAT: a firing that is over, from the standing
    before it, upward only (reason `late`). RECHECK: the decision that gave the present tier, as of its own instant,
    downward only (reason `refund`); RECHECK_RISE: the same for one that could only rise. FACTS: steps 1-4 for members
    who did something on one local day, each at its own instant, which its decision carries. GIVEN: what somebody else
    decided (by hand, a merge, an import) with the values of now.

    PUBLISH: the tier that new rules give, both ways, and the successor's code for who holds one that they don't have;
    PUBLISH_UP: upward only; ROLL_BACK: what the publishes since the version gone back to replaced. RECHECK_RETARGET:
    the recheck of a fact that gave the tier of new rules.
    """

    EVALUATE = "evaluate"
    RISE = "rise"
    REPEAT = "repeat"
    RECHECK = "recheck"
    RECHECK_RISE = "recheck, upgrades alone"
    FACTS = "facts of their own"
    GIVEN = "given"
    RECHECK_RETARGET = "recheck, retarget"
    PUBLISH = "publish"
    PUBLISH_UP = "publish, upward"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters' makers; the caller puts the tenant and the ids first, and `given` last."""

    sql: str
    binder: Binder

    def arguments(self, tenant_id: Any, ids: tuple[Any, ...], moment: Moment, *given: Any) -> list[Any]:
        return [tenant_id, *ids, *self.binder.values(moment), *given]


_RECHECKS = {Way.RECHECK, Way.RECHECK_RISE, Way.RECHECK_RETARGET}
_PUBLISHES = {Way.PUBLISH, Way.PUBLISH_UP, Way.ROLL_BACK}


def deciding(
    programme: Programme,
    ladders: tuple[int, ...],
    ids: Ids,
    way: Way = Way.EVALUATE,
    *,
    retarget: tuple[int, ...] = (),
    now: Programme | None = None,
) -> Statement:
    """The statement that decides on `ladders` (indexes) and writes it. `retarget`: those of them on which
    EVALUATE and PUBLISH give members the tier that new rules give them; EVALUATE then goes on with step 3 for the
    others (at a fact: where upgrades are immediate). `now`: the rules in force, by which a recheck's outcome is read.

    EVALUATE and RISE answer, for `Ids.ONE`, a row a ladder of the programme: `ladder` (its index), `from_tier`,
    `to_tier`, `reason`, `decision_id`; else, as FACTS does, one row with the counts `evaluated, upgraded, renewed,
    downgraded`. The other ways answer such a row for each decision, with `member_id`.
    """
    again = way is Way.REPEAT or way in _RECHECKS
    values = Values(programme, ladders, ids, standing=Standing.BEFORE if again else Standing.NOW)
    if way is Way.GIVEN:
        text = _given(values, ladders)
    elif way is Way.FACTS:
        text = _facts(values, ladders)
    elif way is Way.REPEAT:
        text = _repeat(values, ladders, retarget)
    elif again:
        text = _recheck(values, ladders, way, now or programme)
    elif way in _PUBLISHES:
        text = _publish(values, ladders, way, retarget)
    else:
        text = _evaluate(values, ladders, upward=way is Way.RISE, retarget=retarget)
    sql = f"WITH {values.ctes()}{text}"
    return Statement(sql.replace(_GIVEN, f"${values.binder.next_parameter}"), values.binder)


_GIVEN = "$given"  # the last parameter: its number is known when all others are bound


_DECISIONS = """
SELECT w.id AS member_id, w.number AS ladder, w.from_tier, w.to_tier, w.reason, w.decision_id
  FROM w ORDER BY w.number"""

_COUNTS = """SELECT (SELECT count(*) FROM m) AS evaluated,
       count(*) FILTER (WHERE to_rank > from_rank) AS upgraded,
       count(*) FILTER (WHERE reason = 'renew') AS renewed,
       count(*) FILTER (WHERE to_rank < from_rank) AS downgraded FROM w"""


def _decided(
    values: Values, ladders: tuple[int, ...], steps: Steps, retarget: tuple[int, ...] = (), *, fact: bool = False
) -> str:
    parts = (
        Deciding(values, j, _steps_of(values, j, steps, fact=fact) if j in retarget else steps).select()
        for j in ladders
    )
    return "d AS (" + "\n  UNION ALL".join(parts) + ")"


def _steps_of(values: Values, j: int, steps: Steps, *, fact: bool) -> Steps:
    """A fact moves members on ladders that it doesn't evaluate, but neither renews nor lowers them there."""
    only = fact and values.programme.ladders[j].policy.upgrade != "immediate"
    return replace(steps, retarget=True, only=only, kept=steps.again and not fact)


def _evaluate(values: Values, ladders: tuple[int, ...], *, upward: bool, retarget: tuple[int, ...]) -> str:
    one = values.ids is Ids.ONE  # each ladder is answered, decided or not
    answer = _one(values.programme, ladders) if one else _COUNTS
    if not ladders:
        return f"\n{answer}"
    decided = _decided(values, ladders, Steps(upward=upward, everyone=one), retarget, fact=one)
    silent = not upward and any(renews_silently(values.programme.ladders[j]) for j in ladders)
    written = writing(values, before=bool(retarget)) + (_SILENTLY if silent else "")
    return f""",
{decided},
w AS MATERIALIZED (
  SELECT d.*, {decision_id(values.ids)} AS decision_id FROM d WHERE d.reason IS NOT NULL AND NOT d.silent),{written}
{answer}"""


def _facts(values: Values, ladders: tuple[int, ...]) -> str:
    """The last parameter is a JSON array of id, at, cause and cause_id, one a member; the moment has their day."""
    return f""",
g AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset({_GIVEN}::jsonb) AS g (id uuid, at timestamptz, cause text, cause_id uuid)),
{_decided(values, ladders, Steps())},
w AS MATERIALIZED (
  SELECT d.*, g.at, g.cause, g.cause_id, {decision_id(values.ids)} AS decision_id
    FROM d JOIN g ON g.id = d.id WHERE d.reason IS NOT NULL AND NOT d.silent),{writing(values, own_facts=True)}
{_COUNTS}"""


_SILENTLY = """,
q AS (
  UPDATE member_tier AS s SET valid_from = d.valid_from, valid_until = d.valid_until
    FROM d WHERE d.silent AND s.tenant_id = $1 AND s.member_id = d.id AND s.ladder = d.ladder)"""
"""Moves the validity of those who are renewed without a decision, where no run's record does it."""


def _one(programme: Programme, ladders: tuple[int, ...]) -> str:
    """Every ladder's tier before and after, also of those that weren't evaluated."""
    parts = []
    for j in range(len(programme.ladders)):
        if j in ladders:
            parts.append(
                f"SELECT {j} AS ladder, d.from_tier, CASE WHEN w.id IS NULL THEN d.from_tier ELSE w.to_tier END"
                f" AS to_tier, w.reason, w.decision_id FROM d LEFT JOIN w ON w.id = d.id AND w.ladder = d.ladder"
                f" WHERE d.number = {j}"
            )
        else:
            parts.append(
                f"SELECT {j} AS ladder, s{j}_tier AS from_tier, s{j}_tier AS to_tier,"
                " NULL::text AS reason, NULL::uuid AS decision_id FROM m"
            )
    return "\nUNION ALL ".join(parts) + "\nORDER BY 1"


def _repeat(values: Values, ladders: tuple[int, ...], retarget: tuple[int, ...]) -> str:
    """Only what is above the tier held now, and not for who was lowered by hand until a day to come. Where the firing
    gave members the tier of new rules, what it would have left alone is an outcome, too.
    """
    recorded_on = values.binder.moment("recorded on", lambda m: m.recorded_on, "date")
    rank, tier = _present(values.programme, values, ladders, "p")
    return f""",
{_decided(values, ladders, Steps(again=True), retarget)},
w AS MATERIALIZED (
  SELECT d.number, d.id, d.ladder, 'late' AS reason, coalesce({rank}, 0) AS from_rank,
         CASE WHEN {rank} > 0 THEN {tier} ELSE d.base END AS from_tier, d.to_tier, d.to_rank,
         d.since, d.valid_from, d.valid_until, d.fell_on, d.facts, {decision_id(values.ids)} AS decision_id
    FROM d LEFT JOIN member_tier p
      ON p.tenant_id = $1 AND p.member_id = d.id AND {values.ids.on("p.member_id")} AND p.ladder = d.ladder
   WHERE d.to_rank > coalesce({rank}, 0)
     AND (coalesce(p.may_rise, true) OR coalesce(p.locked_until < {recorded_on}, true))),{writing(values)}
{_DECISIONS}"""


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


def _recheck(values: Values, ladders: tuple[int, ...], way: Way, now: Programme) -> str:
    """What the decision `k` that gave the tier would give now, if that is lower: the outcome of its own instant, or the
    standing `b` before it. A late decision only raises, so an outcome not above `b` is none.

    It is made by the rules of `k`, and read through the lineage of those that are in force now.
    """
    steps = Steps(again=True, upward=way is Way.RECHECK_RISE, everyone=True)
    again = ladders if way is Way.RECHECK_RETARGET else ()
    decided = _decided(values, ladders, steps, again, fact=True)
    before_rank, before_tier = _present(values.programme, values, ladders, "b")
    held_rank, held_tier = _present(now, values, ladders, "p")
    rank, tier = _present(now, values, ladders, "y", own="y")
    written = writing(values, locks=True, cause_id="w.refund_id")
    return f""",
{decided},
x AS (
  SELECT d.number, d.id, d.ladder, 'refund' AS reason, {held_tier} AS from_tier, {held_rank} AS from_rank, d.facts,
         CASE WHEN o.given THEN d.to_tier WHEN {before_rank} > 0 THEN {before_tier} ELSE d.base END AS tier,
         CASE WHEN o.given THEN d.to_rank ELSE coalesce({before_rank}, 0) END AS rank,
         CASE WHEN o.given THEN d.since ELSE coalesce(b.since, m.joined_on) END AS since,
         CASE WHEN o.given THEN d.valid_from ELSE coalesce(b.valid_from, m.joined_on) END AS valid_from,
         CASE WHEN o.given THEN d.valid_until ELSE b.valid_until END AS valid_until,
         CASE WHEN o.given THEN d.fell_on ELSE b.fell_on END AS fell_on,
         CASE WHEN NOT o.given THEN b.locked_until END AS locked_until,
         o.given OR coalesce(b.may_rise, true) AS may_rise, r.refund_id
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
z AS (SELECT y.*, {rank} AS to_rank, {tier} AS to_tier FROM x y),
w AS MATERIALIZED (
  SELECT z.*, {decision_id(values.ids)} AS decision_id FROM z WHERE z.to_rank < z.from_rank),{written}
{_DECISIONS}"""


def _given(values: Values, ladders: tuple[int, ...]) -> str:
    """The last parameter is a JSON array of the rows, one a member and ladder: see `tenants.tiers.given`."""
    codes = {j: values.binder.constant(values.programme.ladders[j].code, "text") for j in ladders}
    parts = [
        f"""
  SELECT {j} AS number, g.*, e.s{j}_tier AS from_tier, e.s{j}_rank AS from_rank, {facts_of(values, j)} AS facts
    FROM g JOIN v e ON e.id = g.id WHERE g.ladder = {code}"""
        for j, code in codes.items()
    ]
    written = writing(values, locks=True, cause_id="w.cause_id")
    return f""",
g AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset({_GIVEN}::jsonb) AS g (
    id uuid, ladder text, reason text, to_tier text, to_rank smallint, since date, valid_from date, valid_until date,
    fell_on date, locked_until date, may_rise boolean, cause_id uuid)),
d AS ({"  UNION ALL".join(parts)}),
w AS MATERIALIZED (SELECT d.*, {decision_id(values.ids)} AS decision_id FROM d),{written}
{_DECISIONS}"""


def _publish(values: Values, ladders: tuple[int, ...], way: Way, retarget: tuple[int, ...]) -> str:
    """One decision for who gets another tier, or holds a code that isn't one any more; of a tier that has only moved
    in its ladder the rank, without one.
    """
    if way is Way.ROLL_BACK:
        parts = [giving_back(values, j) for j in ladders]
    else:
        parts = [publishing(values, j, retarget=j in retarget, upward=way is Way.PUBLISH_UP) for j in ladders]
    decided = "\n  UNION ALL".join(parts)
    written = writing(values, locks=True, before=True)
    return f""",
d AS ({decided}),
w AS MATERIALIZED (
  SELECT d.*, {decision_id(values.ids)} AS decision_id FROM d WHERE NOT d.silent),{written},
q AS (
  UPDATE member_tier AS s SET rank = d.to_rank
    FROM d WHERE d.silent AND s.tenant_id = $1 AND s.member_id = d.id AND s.ladder = d.ladder)
{_COUNTS}"""


@lru_cache(maxsize=2000)
def _cached(
    _tenant_id: Any,
    programme: "_ByVersion",
    ladders: tuple[int, ...],
    ids: Ids,
    way: Way,
    retarget: tuple[int, ...],
    now: "_ByVersion | None",
) -> Statement:
    of_now = None if now is None else now.programme
    return deciding(programme.programme, ladders, ids, way, retarget=retarget, now=of_now)


@dataclass(frozen=True, slots=True, eq=False)
class _ByVersion:
    """A programme as a cache key: a published version never changes, so its number stands for it."""

    programme: Programme

    def __hash__(self) -> int:
        return self.programme.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and other.programme.version == self.programme.version


def statement_for(
    tenant_id: Any,
    programme: Programme,
    ladders: tuple[int, ...],
    ids: Ids,
    way: Way = Way.EVALUATE,
    *,
    retarget: tuple[int, ...] = (),
    now: Programme | None = None,
) -> Statement:
    """`deciding`, compiled once a tenant and version."""
    of_now = None if now is None else _ByVersion(now)
    return _cached(tenant_id, _ByVersion(programme), ladders, ids, way, retarget, of_now)
