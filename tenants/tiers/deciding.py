"""The tier algorithm as one SQL statement: evaluate, decide, write, for one member or for ten thousand.

Steps 1-4 of the domain's algorithm, per ladder: upgrade to the highest rank that qualifies; else, once
the validity and its grace are over, renew or fall; else nothing. Evaluating twice writes once, because
what was written makes the same evaluation find nothing to do.

Choices where the domain's text is silent (docs/decisions/0004-tier-algorithm.md gives the reasons):
a fact on an `immediate` ladder runs every step, and in grace renews where `retain` holds; a validity
`until_next_schedule` ends at a firing only, never at a purchase that came before it; a renewal adds whole
periods until today is covered; a member whose last decision on the ladder is later than the instant (at a
firing: or the same) is left alone. A renewal under `until_next_schedule` is no decision: without grace
nothing at all is written for it (the run's own record moves the validity on), with grace the member's row.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import Moment
from tenants.programme.schedule import CalendarYearEnd, Months, UntilNextSchedule, valid_until

_PAIRS = 45  # a function takes 100 arguments: facts are built from objects of 45 pairs


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters' makers; the caller puts the tenant and the ids first."""

    sql: str
    binder: Binder

    def arguments(self, tenant_id: Any, ids: tuple[Any, ...], moment: Moment) -> list[Any]:
        return [tenant_id, *ids, *self.binder.values(moment)]


def deciding(programme: Programme, ladders: tuple[int, ...], ids: Ids) -> Statement:
    """The statement that evaluates `ladders` (indexes) and writes what they decide.

    For `Ids.ONE` it answers a row a ladder of the programme: `ladder, from_tier, to_tier, reason,
    decision_id`; else one row with the counts `evaluated, upgraded, renewed, downgraded`.
    """
    values = Values(programme, ladders, ids)
    binder = values.binder
    answer = _one(programme, ladders) if ids is Ids.ONE else _COUNTS
    if not ladders:
        return Statement(f"WITH {values.ctes()}\n{answer}", binder)
    branches = [_decision(values, j, programme.ladders[j]) for j in ladders]
    version = binder.constant(programme.version, "integer")
    at = binder.moment("at", lambda m: m.at, "timestamptz")
    recorded = binder.moment("recorded", lambda m: m.recorded_at, "timestamptz")
    day = binder.moment("day", lambda m: m.day, "date")
    cause = binder.moment("cause", lambda m: m.cause, "text")
    cause_id = binder.moment("cause_id", lambda m: m.cause_id, "uuid")
    decided = "\n  UNION ALL".join(branches)
    sql = f"""WITH {values.ctes()},
d AS ({decided}),
w AS MATERIALIZED (SELECT d.*, {_decision_id(ids)} AS decision_id FROM d WHERE d.reason IS NOT NULL AND NOT d.silent),
n AS (
  UPDATE member AS m SET seq = m.seq + 1
    FROM (SELECT DISTINCT id FROM w) c WHERE m.tenant_id = $1 AND m.id = c.id AND {ids.on("m.id")}
  RETURNING m.id, m.seq),
i AS (
  INSERT INTO decision AS k (tenant_id, id, member_id, ladder, seq, reason, from_tier, to_tier, from_rank, to_rank,
                             effective_at, recorded_at, day, since, valid_from, valid_until, fell_on, programme_version,
                             facts, cause, cause_id)
  SELECT $1, w.decision_id, w.id, w.ladder, n.seq, w.reason, w.from_tier, w.to_tier, w.from_rank, w.to_rank,
         {at}, {recorded}, {day}, w.since, w.valid_from, w.valid_until, w.fell_on, {version},
         w.facts, {cause}, {cause_id}
    FROM w JOIN n ON n.id = w.id),
s AS (
  INSERT INTO member_tier AS s (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, valid_until,
                                fell_on, decision_id, effective_at)
  SELECT $1, w.id, w.ladder, w.to_tier, w.to_rank, w.since, w.reason, w.valid_from, w.valid_until,
         w.fell_on, w.decision_id, {at} FROM w
  ON CONFLICT (tenant_id, member_id, ladder) DO UPDATE SET tier = excluded.tier, rank = excluded.rank,
     since = excluded.since, reason = excluded.reason, valid_from = excluded.valid_from,
     valid_until = excluded.valid_until, fell_on = excluded.fell_on, decision_id = excluded.decision_id,
     effective_at = excluded.effective_at){_silently(programme, ladders)}
{answer}"""
    return Statement(sql, binder)


def _decision_id(ids: Ids) -> str:
    """A UUIDv7. In a batch one gives its time and some of its chance to all, who are counted on from it: making
    each costs more than the decision's whole row (3.3 µs, for random bytes from the system).
    """
    if ids is Ids.ONE:
        return "uuidv7()"
    return "((SELECT left(uuidv7()::text, 24)) || to_hex(x'100000000000'::bigint + row_number() OVER ()))::uuid"


def _silently(programme: Programme, ladders: tuple[int, ...]) -> str:
    """Moves the validity of those who are renewed without a decision, where no run's record does it."""
    if not any(_renews_silently(programme.ladders[j]) for j in ladders):
        return ""
    return """,
q AS (
  UPDATE member_tier AS s SET valid_from = d.valid_from, valid_until = d.valid_until
    FROM d WHERE d.silent AND s.tenant_id = $1 AND s.member_id = d.id AND s.ladder = d.ladder)"""


def _renews_silently(ladder: Ladder) -> bool:
    return isinstance(ladder.policy.validity, UntilNextSchedule)


_COUNTS = """SELECT (SELECT count(*) FROM m) AS evaluated,
       count(*) FILTER (WHERE reason = 'upgrade') AS upgraded,
       count(*) FILTER (WHERE reason = 'renew') AS renewed,
       count(*) FILTER (WHERE reason = 'downgrade') AS downgraded FROM w"""


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


def _facts(values: Values, j: int) -> str:
    """A jsonb object: each leaf's key and its value."""
    pairs = []
    for use in values.uses[j]:
        column = values.leaf(use.leaf, j, in_retain=use.in_retain)
        pairs.append(f"{values.binder.constant(use.key, 'text')}, e.{column}")
    chunks = [pairs[n : n + _PAIRS] for n in range(0, len(pairs), _PAIRS)]
    return " || ".join(f"jsonb_build_object({', '.join(chunk)})" for chunk in chunks) or "'{}'::jsonb"


def _decision(values: Values, j: int, ladder: Ladder) -> str:
    """What one ladder decides for every member of `v`: the columns of `d`."""
    binder, policy, s = values.binder, ladder.policy, f"v.s{j}"
    at = binder.moment("at", lambda m: m.at, "timestamptz")
    today = binder.moment("today", lambda m: m.today, "date")
    firing = binder.moment("firing", lambda m: m.firing, "boolean")
    codes = binder.constant([tier.code for tier in ladder.tiers], "text[]")
    grace = binder.constant(policy.grace_days, "integer")
    until = binder.moment(f"valid until {j}", lambda m: valid_until(policy, m.today), "date")
    drop = policy.max_drop
    lowest = "0" if drop is None else f"greatest(0, {s}_rank - {binder.constant(drop, 'integer')})"
    silent = _renews_silently(ladder)
    period = _period_months(ladder)
    keeps = _keeps(values, j, ladder)
    decided = "" if values.ids is Ids.ONE else " WHERE v.reason IS NOT NULL"  # one is answered either way
    own = f"e.s{j}_valid_until"
    renewed = until if silent else f"({own} + make_interval(months => {period} * e.periods))::date"
    renewed_from = today if silent else f"(({own} + make_interval(months => {period} * (e.periods - 1)))::date + 1)"
    over = f"{s}_valid_until + {grace} < {today}" + (f" AND {firing}" if silent else "")
    if not silent:
        renewable = f"({over} OR {s}_valid_until < {today} AND NOT {firing})"
    elif policy.grace_days > 0:
        renewable = over
    else:
        renewable = "false"  # the run's record moves the validity (`Values._valid_until`): no row is written
    reason = f"""CASE
                     WHEN {s}_at > {at} OR {firing} AND {s}_at = {at} THEN NULL
                     WHEN {_target(values, j, ladder)} > {s}_rank THEN 'upgrade'
                     WHEN {over} AND NOT {keeps} THEN 'downgrade'
                     WHEN {renewable} AND {keeps} THEN 'renew'
                   END"""
    # OFFSET 0 keeps the planner from copying an expression to each place where its result is used.
    return f"""
  SELECT {j} AS number, {binder.constant(ladder.code, "text")} AS ladder, e.id, e.reason,
         {"e.reason = 'renew'" if silent else "false"} AS silent,
         e.s{j}_tier AS from_tier, e.s{j}_rank AS from_rank,
         ({codes})[e.to_rank + 1] AS to_tier, e.to_rank,
         CASE WHEN e.reason = 'renew' THEN e.s{j}_since ELSE {today} END AS since,
         CASE WHEN e.reason = 'renew' THEN {renewed_from} ELSE {today} END AS valid_from,
         CASE WHEN e.to_rank = 0 THEN NULL WHEN e.reason = 'renew' THEN {renewed} ELSE {until} END
           AS valid_until,
         CASE WHEN e.reason = 'downgrade' THEN {today} ELSE e.s{j}_fell_on END AS fell_on,
         CASE WHEN e.reason IS NOT NULL THEN {_facts(values, j)} END AS facts
    FROM (SELECT v.*, CASE v.reason WHEN 'upgrade' THEN {_target(values, j, ladder)}
                                    WHEN 'downgrade' THEN {_fall(values, j, ladder, lowest)}
                                    ELSE {s}_rank END AS to_rank,
                 CASE WHEN v.reason = 'renew' THEN
                   (SELECT k FROM generate_series(1, 100000) k
                     WHERE ({s}_valid_until + make_interval(months => {period} * k))::date >= {today}
                     LIMIT 1) END AS periods
            FROM (SELECT v.*, {reason} AS reason FROM v OFFSET 0) v{decided} OFFSET 0) e"""


def _period_months(ladder: Ladder) -> int:
    """How many months a renewal adds; 1 stands where none is ever added."""
    match ladder.policy.validity:
        case Months(months=months):
            return months
        case CalendarYearEnd():
            return 12
        case _:
            return 1


def _target(values: Values, j: int, ladder: Ladder) -> str:
    """The highest rank whose `qualify` holds; rank 0 always does."""
    whens = [
        f" WHEN {values.holds(tier.qualify, j, in_retain=False)} THEN {tier.rank}"
        for tier in reversed(ladder.tiers)
        if tier.qualify is not None
    ]
    return f"CASE{''.join(whens)} ELSE 0 END" if whens else "0"


def _keep(values: Values, j: int, ladder: Ladder, rank: int) -> str:
    tier = ladder.tiers[rank]
    condition = tier.retain or tier.qualify
    if condition is None:
        return "true"
    return values.holds(condition, j, in_retain=tier.retain is not None)


def _keeps(values: Values, j: int, ladder: Ladder) -> str:
    """Whether the current tier's `retain` (else `qualify`) holds."""
    whens = "".join(f" WHEN {t.rank} THEN {_keep(values, j, ladder, t.rank)}" for t in ladder.tiers)
    return f"CASE v.s{j}_rank{whens} ELSE false END"


def _fall(values: Values, j: int, ladder: Ladder, lowest: str) -> str:
    """The highest rank below, not past `max_drop`, that is kept; else the lowest allowed."""
    whens = "".join(
        f" WHEN v.s{j}_rank > {tier.rank} AND {tier.rank} >= {lowest} AND {_keep(values, j, ladder, tier.rank)}"
        f" THEN {tier.rank}"
        for tier in reversed(ladder.tiers)
        if tier.rank > 0
    )
    return f"CASE{whens} ELSE {lowest} END" if whens else "0"


@lru_cache(maxsize=2000)
def _cached(_tenant_id: Any, programme: "_ByVersion", ladders: tuple[int, ...], ids: Ids) -> Statement:
    return deciding(programme.programme, ladders, ids)


@dataclass(frozen=True, slots=True, eq=False)
class _ByVersion:
    """A programme as a cache key: a published version never changes, so its number stands for it."""

    programme: Programme

    def __hash__(self) -> int:
        return self.programme.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and other.programme.version == self.programme.version


def statement_for(tenant_id: Any, programme: Programme, ladders: tuple[int, ...], ids: Ids) -> Statement:
    """`deciding`, compiled once a tenant and version."""
    return _cached(tenant_id, _ByVersion(programme), ladders, ids)
