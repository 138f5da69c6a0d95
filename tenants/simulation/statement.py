"""A batch of a simulation as one SQL statement: who would move, how many of each branch, and what it would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Programme
from tenants.programme.moment import Moment
from tenants.programme.states import Standing, states
from tenants.simulation.benefits import Side
from tenants.simulation.cost import Costs
from tenants.tiers.retargeting import target_rank

NOWHERE: Final = UUID(int=0)
"""The branch of members who have none."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is simulated: the draft against the rules in force. `upward`: nobody falls. `gone_by`: from the standings
    before the instant; then who joined later isn't there. `exponent`: of the currency. Two of one simulation are equal.
    """

    simulation_id: UUID
    draft: Programme
    present: Programme
    upward: bool
    gone_by: bool
    exponent: int

    def __hash__(self) -> int:
        return hash(self.simulation_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and other.simulation_id == self.simulation_id


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters' makers. It answers one row: `evaluated`, `winners`, `losers` (members who rise or fall
    on some ladder), and `draft_discounts`, `draft_points`, `now_discounts`, `now_points`.
    """

    sql: str
    binder: Binder

    def arguments(self, tenant_id: UUID, first: UUID, last: UUID, moment: Moment, batch: int) -> list[Any]:
        return [tenant_id, first, last, *self.binder.values(moment), batch]


@lru_cache(maxsize=100)
def statement_of(plan: Plan) -> Statement:
    """The statement of every batch, compiled once a simulation."""
    return _Simulating(plan).statement()


class _Simulating:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._draft, self._present = plan.draft, plan.present
        self._standing = Standing.BEFORE if plan.gone_by else Standing.NOW
        self._values = Values(plan.draft, range(len(plan.draft.ladders)), Ids.RANGE, standing=self._standing)
        self._binder = self._values.binder
        self._apart = _tiers(plan.draft) != _tiers(plan.present)

    def statement(self) -> Statement:
        targets = [target_rank(self._values, j, upward=self._plan.upward) for j in range(len(self._draft.ladders))]
        standing, costs, rows = self._members(targets), self._costs().ctes(), " UNION ALL".join(self._rows())
        ctes = self._values.ctes()
        sides = "draft_discounts, draft_points, now_discounts, now_points"
        simulation = self._binder.constant(self._plan.simulation_id, "uuid")
        batch = f"${self._binder.next_parameter}::integer"  # the last one: all others are bound
        sql = f"""WITH {ctes},
{standing},
z AS MATERIALIZED ({rows}),
s AS (
  INSERT INTO simulation_count AS s (tenant_id, simulation_id, ladder, from_tier, to_tier, branch_id, members)
  SELECT $1, {simulation}, z.ladder, z.from_tier, z.to_tier, z.branch_id, count(*) FROM z GROUP BY 3, 4, 5, 6
  ON CONFLICT (tenant_id, simulation_id, ladder, from_tier, to_tier, branch_id)
  DO UPDATE SET members = s.members + excluded.members),
w AS (
  INSERT INTO simulation_move AS w (tenant_id, simulation_id, ladder, batch, from_tier, to_tier, direction, member_ids)
  SELECT $1, {simulation}, z.ladder, {batch}, z.from_tier, z.to_tier, z.direction, array_agg(z.id ORDER BY z.id)
    FROM z WHERE z.direction <> 'same' OR z.from_tier <> '' AND z.to_tier <> '' AND z.from_tier <> z.to_tier
   GROUP BY 3, 5, 6, 7),
{costs}
SELECT (SELECT count(*) FROM t) AS evaluated, (SELECT count(*) FROM t WHERE {self._any(">")}) AS winners,
       (SELECT count(*) FROM t WHERE {self._any("<")}) AS losers, {sides} FROM cost"""
        return Statement(sql, self._binder)

    # --- members ------------------------------------------------------------------------------

    def _members(self, targets: Sequence[str]) -> str:
        """`t`: each member with its branch, for each ladder of the draft the rank held (`held<j>`), the code that the
        rules in force call it (`from<j>`) and the rank to come (`to<j>`), and for each ladder in force the rank on it
        (`now<k>`) with its code (`was<k>`).
        """
        columns = [
            f"v.s{j}_rank AS held{j}, {self._from(j)} AS from{j}, {target} AS to{j}" for j, target in enumerate(targets)
        ]
        columns += [
            f"{self._now(k)}_rank AS now{k}, {self._now(k)}_tier AS was{k}" for k in range(len(self._present.ladders))
        ]
        held, join, there = "", "", ""
        if self._apart:  # what the rules in force call the tiers, and their other ladders
            held = f"h AS MATERIALIZED ({states(self._present, Ids.RANGE.value, self._binder, self._standing)}),\n"
            join = " JOIN h ON h.id = v.id"
        if self._plan.gone_by:
            there = f"\n   WHERE v.joined_on <= {self._binder.moment('day', lambda m: m.day, 'date')}"
        nowhere = self._binder.constant(NOWHERE, "uuid")
        last = "SELECT p.branch_id FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = v.id ORDER BY p.id DESC"
        return f"""{held}t AS MATERIALIZED (
  SELECT v.id, coalesce(g.branch_id, ({last} LIMIT 1), {nowhere}) AS branch_id,
         {f",{chr(10)}         ".join(columns)}
    FROM v JOIN member g ON g.tenant_id = $1 AND g.id = v.id AND {Ids.RANGE.on("g.id")}{join}{there})"""

    def _from(self, j: int) -> str:
        if not self._apart:
            return f"v.s{j}_tier"
        k = _index(self._present, self._draft.ladders[j].code)
        return "''::text" if k is None else f"h.s{k}_tier"

    def _now(self, k: int) -> str:
        return f"h.s{k}" if self._apart else f"v.s{_index(self._draft, self._present.ladders[k].code)}"

    def _any(self, sign: str) -> str:
        """Whether the member rises (falls) on some ladder; to lose a whole ladder is a fall."""
        tests = [f"t.to{j} {sign} t.held{j}" for j in range(len(self._draft.ladders))]
        if sign == "<":
            tests += [f"t.now{k} > 0" for k in self._dropped()]
        return " OR ".join(tests)

    def _dropped(self) -> list[int]:
        return [k for k, ladder in enumerate(self._present.ladders) if self._draft.ladder(ladder.code) is None]

    def _rows(self) -> list[str]:
        """A row for each member and ladder."""
        found = []
        for j, ladder in enumerate(self._draft.ladders):
            codes = self._binder.constant([tier.code for tier in ladder.tiers], "text[]")
            found.append(f"""
  SELECT {self._binder.constant(ladder.code, "text")} AS ladder, t.id, t.branch_id, t.from{j} AS from_tier,
         ({codes})[t.to{j} + 1] AS to_tier,
         CASE WHEN t.to{j} > t.held{j} THEN 'up' WHEN t.to{j} < t.held{j} THEN 'down' ELSE 'same' END AS direction
    FROM t""")
        found += [
            f"""
  SELECT {self._binder.constant(self._present.ladders[k].code, "text")}, t.id, t.branch_id, t.was{k}, '',
         CASE WHEN t.now{k} > 0 THEN 'down' ELSE 'same' END
    FROM t"""
            for k in self._dropped()
        ]
        return found

    def _costs(self) -> Costs:
        to = [f"t.to{j}" for j in range(len(self._draft.ladders))]
        now = [f"t.now{k}" for k in range(len(self._present.ladders))]
        exponent = self._plan.exponent
        sides = (Side("draft", self._draft, to, exponent), Side("now", self._present, now, exponent))
        return Costs(self._binder, Ids.RANGE, sides)


def _tiers(rules: Programme) -> dict[str, list[str]]:
    return {ladder.code: [tier.code for tier in ladder.tiers] for ladder in rules.ladders}


def _index(rules: Programme, code: str) -> int | None:
    return next((n for n, ladder in enumerate(rules.ladders) if ladder.code == code), None)
