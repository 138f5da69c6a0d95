"""Evaluate, decide, write: each way of deciding is one SQL statement, for one member or for ten thousand.

Evaluating twice writes once, because what was written makes the same evaluation find nothing to do. A renewal under
`until_next_schedule` is no decision: without grace nothing at all is written for it (the run's own record moves the
validity on), with grace the member's row.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Programme
from tenants.programme.moment import Moment
from tenants.programme.states import Standing
from tenants.tiers.again import recheck, repeat
from tenants.tiers.decided import DECISIONS, decided
from tenants.tiers.publishing import giving_back, publishing
from tenants.tiers.steps import Steps, facts_of, renews_silently
from tenants.tiers.writing import decision_id, writing


class Way(Enum):
    """How a statement decides.

    EVALUATE: steps 1-4 from the present standing. RISE: step 2 alone. REPEAT: a firing that is over, from the standing
    before it, upward only (reason `late`). RECHECK: the decision that gave the present tier, as of its own instant,
    downward only (reason `refund`); RECHECK_RISE: the same for one that could only rise. FACTS: steps 1-4 for members
    who did something on one local day, each at its own instant, which its decision carries. AT_ONCE: EVALUATE for
    members of whom each did something at the moment's instant; the cause is each one's own. GIVEN: what somebody else
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
    AT_ONCE = "facts of one instant"
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
    EVALUATE, FACTS and PUBLISH give members the tier that new rules give them; the first two then go on with step 3 for
    the others (at a fact: where upgrades are immediate). `now`: the rules in force, by which a recheck's outcome is
    read.

    EVALUATE and RISE answer, for `Ids.ONE`, a row a ladder of the programme: `ladder` (its index), `from_tier`,
    `to_tier`, `reason`, `decision_id`; else, as FACTS does, one row with the counts `evaluated, upgraded, renewed,
    downgraded`. The other ways answer such a row for each decision, with `member_id`.
    """
    again = way is Way.REPEAT or way in _RECHECKS
    values = Values(programme, ladders, ids, standing=Standing.BEFORE if again else Standing.NOW)
    if way is Way.GIVEN:
        text = _given(values, ladders)
    elif way is Way.FACTS:
        text = _facts(values, ladders, retarget)
    elif way is Way.AT_ONCE:
        text = _at_once(values, ladders)
    elif way is Way.REPEAT:
        text = repeat(values, ladders, retarget)
    elif again:
        text = recheck(
            values, ladders, now or programme, upward=way is Way.RECHECK_RISE, retarget=way is Way.RECHECK_RETARGET
        )
    elif way in _PUBLISHES:
        text = _publish(values, ladders, way, retarget)
    else:
        text = _evaluate(values, ladders, upward=way is Way.RISE, retarget=retarget)
    sql = f"WITH {values.ctes()}{text}"
    return Statement(sql.replace(_GIVEN, f"${values.binder.next_parameter}"), values.binder)


_GIVEN = "$given"  # the last parameter: its number is known when all others are bound


_COUNTS = """SELECT (SELECT count(*) FROM m) AS evaluated,
       count(*) FILTER (WHERE to_rank > from_rank) AS upgraded,
       count(*) FILTER (WHERE reason = 'renew') AS renewed,
       count(*) FILTER (WHERE to_rank < from_rank) AS downgraded FROM w"""


def _evaluate(values: Values, ladders: tuple[int, ...], *, upward: bool, retarget: tuple[int, ...]) -> str:
    one = values.ids is Ids.ONE  # each ladder is answered, decided or not
    answer = _one(values.programme, ladders) if one else _COUNTS
    if not ladders:
        return f"\n{answer}"
    made = decided(values, ladders, Steps(upward=upward, everyone=one), retarget, fact=one)
    silent = not upward and any(renews_silently(values.programme.ladders[j]) for j in ladders)
    written = writing(values, before=bool(retarget)) + (_SILENTLY if silent else "")
    return f""",
{made},
w AS MATERIALIZED (
  SELECT d.*, {decision_id(values.ids)} AS decision_id FROM d WHERE d.reason IS NOT NULL AND NOT d.silent),{written}
{answer}"""


def _facts(values: Values, ladders: tuple[int, ...], retarget: tuple[int, ...]) -> str:
    """The last parameter is a JSON array of id, at, cause and cause_id, one a member; the moment has their day."""
    written = writing(values, own_facts=True, before=bool(retarget))
    return f""",
g AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset({_GIVEN}::jsonb) AS g (id uuid, at timestamptz, cause text, cause_id uuid)),
{decided(values, ladders, Steps(), retarget, fact=True)},
w AS MATERIALIZED (
  SELECT d.*, g.at, g.cause, g.cause_id, {decision_id(values.ids)} AS decision_id
    FROM d JOIN g ON g.id = d.id WHERE d.reason IS NOT NULL AND NOT d.silent),{written}
{_COUNTS}"""


def _at_once(values: Values, ladders: tuple[int, ...]) -> str:
    """The last parameter is a JSON array of id and cause_id, one a member; there is none without ladders to decide on.
    Answers a row a member and ladder of the programme, decided or not, with `member_id`.
    """
    parts = [
        f"SELECT m.id AS member_id, {j} AS ladder, m.s{j}_tier AS from_tier, m.s{j}_tier AS to_tier,"
        " NULL::text AS reason, NULL::uuid AS decision_id FROM m"
        for j in range(len(values.programme.ladders))
        if j not in ladders
    ]
    if not ladders:
        return f"\n{' UNION ALL '.join(parts)}\nORDER BY 2"
    silent = any(renews_silently(values.programme.ladders[j]) for j in ladders)
    written = writing(values, cause_id="w.cause_id", undoable=True) + (_SILENTLY if silent else "")
    parts.append(
        "SELECT d.id AS member_id, d.number AS ladder, d.from_tier,"
        " CASE WHEN w.id IS NULL THEN d.from_tier ELSE w.to_tier END AS to_tier, w.reason,"
        " w.decision_id FROM d LEFT JOIN w ON w.id = d.id AND w.ladder = d.ladder"
    )
    return f""",
g AS MATERIALIZED (SELECT * FROM jsonb_to_recordset({_GIVEN}::jsonb) AS g (id uuid, cause_id uuid)),
{decided(values, ladders, Steps(everyone=True), fact=True)},
w AS MATERIALIZED (
  SELECT d.*, g.cause_id, {decision_id(values.ids)} AS decision_id
    FROM d JOIN g ON g.id = d.id WHERE d.reason IS NOT NULL AND NOT d.silent),{written}
{" UNION ALL ".join(parts)}
ORDER BY 2"""


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
{DECISIONS}"""


def _publish(values: Values, ladders: tuple[int, ...], way: Way, retarget: tuple[int, ...]) -> str:
    """One decision for who gets another tier, or holds a code that isn't one any more; of a tier that has only moved
    in its ladder the rank, without one.
    """
    if way is Way.ROLL_BACK:
        parts = [giving_back(values, j) for j in ladders]
    else:
        parts = [publishing(values, j, retarget=j in retarget, upward=way is Way.PUBLISH_UP) for j in ladders]
    made = "\n  UNION ALL".join(parts)
    written = writing(values, locks=True, before=True)
    return f""",
d AS ({made}),
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
