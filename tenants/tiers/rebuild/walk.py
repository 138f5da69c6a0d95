"""Walks a batch of members through their history: at each local day first the schedules of its midnight, then the
facts of the day, one of each member at a time, each decided by the rules in force at its instant. Between them new
rules come into force, and do to the members what they did: see `tenants.tiers.publishing`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.measures.codes import POINTS
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.kept import begun_anew
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import latest_schedule_day, schedule_instant
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.bringing import may_move, moves_at_once, way_of
from tenants.tiers.by_hand import repeat_act
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.evaluate import immediate_ladders
from tenants.tiers.opening import repeat_opening
from tenants.tiers.rebuild.facts import Step, add
from tenants.tiers.rebuild.quiet import concerned, is_quiet
from tenants.tiers.rebuild.rules import Beginning, Rules, moves_at

_ACTS: Final = "SELECT * FROM tier_act WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


@dataclass
class Counts:
    """Decisions made, by what they did."""

    upgraded: int = 0
    renewed: int = 0
    downgraded: int = 0

    def add(self, row: asyncpg.Record | None) -> None:
        """Takes in a statement's counts."""
        if row is None:
            raise RuntimeError("counts are always answered")
        self.upgraded += row["upgraded"]
        self.renewed += row["renewed"]
        self.downgraded += row["downgraded"]


@dataclass
class Walk:
    """The members of one batch on their way; their locks are held and their decisions are gone.

    `now` is where it ends, `run_id` the cause of what schedules and publishes decide. `begins`: when each member's
    history does. `ran`: each ladder's last firing so far.
    """

    run_id: UUID
    now: datetime
    recorded_at: datetime
    zone: ZoneInfo
    rules: Rules
    begins: Mapping[UUID, Beginning]
    counts: Counts = field(default_factory=Counts)
    ran: dict[str, date] = field(default_factory=dict)
    _fired: dict[tuple[str, int], datetime] = field(default_factory=dict)  # by ladder and version of the rules
    _publishes: int = 0  # that have come so far
    _bought: dict[UUID, int] = field(default_factory=dict)  # the version of each member's last sale at a till

    async def go(self, steps: Sequence[Step]) -> None:
        """Everything from the first beginning on."""
        facts: dict[date, list[Step]] = defaultdict(list)
        for step in steps:
            facts[step.day].append(step)
        first = min(begins.day for begins in self.begins.values())
        for day in _days(first, max([local_day(self.now, self.zone), *facts])):
            instant = schedule_instant(day, self.zone)
            if instant <= self.now:
                await self._new_rules(self.rules.place(instant))
                await self._fire(instant, day)
            for step in facts.get(day, ()):
                await self._new_rules(step.part)
                for k in range(1, step.facts + 1):
                    await self._facts(await add(step, k))
        await self._new_rules(self.rules.place(self.now))

    async def _new_rules(self, publishes: int) -> None:
        """What each version until the one behind so many publishes does to the members who are there when it comes.

        Where it says nothing of their tiers and these have kept their names and places, that is nothing.
        """
        while self._publishes < publishes:
            instant, old = self.rules.publishes[self._publishes], self.rules.versions[self._publishes]
            self._publishes += 1
            rules = self.rules.versions[self._publishes]
            for code in begun_anew(old, rules):
                self.ran.pop(code, None)
            there = [member for member, begins in self.begins.items() if begins.before(instant, self.zone)]
            if there and may_move(rules):
                ladders = tuple(range(len(rules.ladders)))
                retarget = ladders if moves_at_once(rules) else ()
                statement = statement_for(
                    current().tenant_id, rules, ladders, Ids.SOME, way_of(rules), retarget=retarget
                )
                moment = replace(self._moment(instant, firing=True), cause="programme")
                arguments = statement.arguments(current().tenant_id, (there,), moment)
                self.counts.add(await connection().fetchrow(statement.sql, *arguments, timeout=120))

    async def _fire(self, instant: datetime, day: date) -> None:
        """The schedules of a midnight, for those whose history had begun by the day that ended with it."""
        rules = self.rules.at(instant)
        there = [member for member, begins in self.begins.items() if begins.day < day]
        due = [ladder for ladder in rules.ladders if latest_schedule_day(ladder.policy.schedule, day) == day]
        loud: list[int] = []
        retarget = tuple(rules.ladders.index(ladder) for ladder in due if moves_at(rules, ladder, day, self.zone))
        for ladder in due:
            j = rules.ladders.index(ladder)
            before = self._fired.get((ladder.code, rules.version))
            if before is not None and j not in retarget and is_quiet(ladder):
                await self._decide(rules, (j,), await concerned(ladder, there, day, before), instant)
            else:
                loud.append(j)
            self._fired[ladder.code, rules.version] = instant
        await self._decide(rules, tuple(loud), there, instant, retarget)
        self.ran.update({ladder.code: day for ladder in due})

    async def _decide(
        self,
        rules: Programme,
        ladders: tuple[int, ...],
        members: list[UUID],
        instant: datetime,
        retarget: tuple[int, ...] = (),
    ) -> None:
        if not ladders or not members:
            return
        statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, retarget=retarget)
        arguments = statement.arguments(current().tenant_id, (members,), self._moment(instant, firing=True))
        self.counts.add(await connection().fetchrow(statement.sql, *arguments, timeout=120))

    async def _facts(self, facts: Sequence[asyncpg.Record]) -> None:
        """One fact of each of some members, all of one local day."""
        acts = {fact["cause_id"]: fact["member_id"] for fact in facts if fact["cause"] == "act"}
        groups: dict[tuple[int, bool], list[asyncpg.Record]] = defaultdict(list)
        for fact in facts:
            if fact["cause"] not in {"act", POINTS}:
                groups[self.rules.place(fact["at"]), self._is_first_under(fact)].append(fact)
        for (place, first), same in groups.items():
            await self._evaluate(self.rules.versions[place], same, moves=first)
        if acts:
            for act in await connection().fetch(_ACTS, current().tenant_id, list(acts)):
                await self._act(acts[act["id"]], act)

    def _is_first_under(self, fact: asyncpg.Record) -> bool:
        """Whether new rules have still to move the member, with this purchase."""
        if not fact["sold"]:
            return False
        member, at = fact["member_id"], fact["at"]
        bought = self._bought.get(member)
        self._bought[member] = self.rules.at(at).version
        return self.rules.is_first_under(at, bought, self.begins[member], self.zone)

    async def _evaluate(self, rules: Programme, facts: Sequence[asyncpg.Record], *, moves: bool) -> None:
        """`moves`: they give the members their tier under new rules, on every ladder."""
        ladders = tuple(range(len(rules.ladders))) if moves else immediate_ladders(rules)
        if not ladders:
            return
        retarget = ladders if moves else ()
        statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, Way.FACTS, retarget=retarget)
        moment = self._moment(max(fact["at"] for fact in facts), firing=False)
        arguments = statement.arguments(
            current().tenant_id, ([fact["member_id"] for fact in facts],), moment, [_told(fact) for fact in facts]
        )
        self.counts.add(await connection().fetchrow(statement.sql, *arguments, timeout=120))

    async def _act(self, member_id: UUID, act: asyncpg.Record) -> None:
        repeat = repeat_opening if act["act"] == "opening" else repeat_act
        await repeat(member_id, act, self.rules.at(act["recorded_at"]), self.recorded_at, self.zone)

    def _moment(self, at: datetime, *, firing: bool) -> Moment:
        moment = moment_of(
            at,
            self.zone,
            firing=firing,
            recorded_at=self.recorded_at,
            cause="recalculation",
            cause_id=self.run_id,
            last_runs=self.ran,
        )
        return replace(moment, told=False)


def _told(fact: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": str(fact["member_id"]),
        "at": fact["at"].isoformat(),
        "cause": fact["cause"],
        "cause_id": str(fact["cause_id"]),
    }


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += ONE_DAY
