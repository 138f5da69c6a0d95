"""Walks a batch of members through their history: at each local day first the schedules of its midnight, then the
facts of the day, one of each member at a time, each decided by the rules in force at its instant.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.measures.codes import POINTS
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import latest_schedule_day, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.by_hand import repeat_act
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.evaluate import immediate_ladders
from tenants.tiers.opening import repeat_opening
from tenants.tiers.rebuild.facts import Step, add
from tenants.tiers.rebuild.quiet import concerned, is_quiet

_VERSIONS: Final = "SELECT version, published_at FROM programme_version WHERE tenant_id = $1 ORDER BY version"
_BEGAN: Final = """
SELECT least((SELECT recorded_at FROM purchase WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM activity WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM top_up WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM tier_act WHERE tenant_id = $1 ORDER BY id LIMIT 1))"""
_BEGINS: Final = """
SELECT m.id, least(m.joined_on, f.first_day) AS begins FROM member m
  LEFT JOIN (SELECT member_id, min(on_day) AS first_day FROM rebuild_fact GROUP BY 1) f ON f.member_id = m.id
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])"""
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


@dataclass(frozen=True)
class Rules:
    """The versions of the programme, by the instant from which each is in force; the first one before all of them."""

    versions: Sequence[Programme]
    since: Sequence[datetime]

    def at(self, instant: datetime) -> Programme:
        """The version in force at an instant."""
        return self.versions[max(0, bisect_right(self.since, instant) - 1)]


@dataclass
class Walk:
    """The members of one batch on their way; their locks are held and their decisions are gone.

    `now` is where it ends, `run_id` the cause of what schedules decide. `begins`: the day on which each member's
    history does. `ran`: each ladder's last firing so far.
    """

    run_id: UUID
    now: datetime
    recorded_at: datetime
    zone: ZoneInfo
    rules: Rules
    begins: Mapping[UUID, date]
    counts: Counts = field(default_factory=Counts)
    ran: dict[str, date] = field(default_factory=dict)
    _fired: dict[tuple[str, int], datetime] = field(default_factory=dict)  # by ladder and version of the rules

    async def go(self, steps: Sequence[Step]) -> None:
        """Everything from the first beginning on."""
        facts = {step.day: step.facts for step in steps}
        first = min(self.begins.values())
        for day in _days(first, max([local_day(self.now, self.zone), *facts])):
            instant = schedule_instant(day, self.zone)
            if instant <= self.now:
                await self._fire(instant, day)
            for k in range(1, facts.get(day, 0) + 1):
                await self._facts(await add(day, k))

    async def _fire(self, instant: datetime, day: date) -> None:
        """The schedules of a midnight, for those whose history had begun by the day that ended with it."""
        rules = self.rules.at(instant)
        there = [member for member, begins in self.begins.items() if begins < day]
        due = [ladder for ladder in rules.ladders if latest_schedule_day(ladder.policy.schedule, day) == day]
        loud: list[int] = []
        for ladder in due:
            j = rules.ladders.index(ladder)
            before = self._fired.get((ladder.code, rules.version))
            if before is not None and is_quiet(ladder):
                await self._decide(rules, (j,), await concerned(ladder, there, day, before), instant)
            else:
                loud.append(j)
            self._fired[ladder.code, rules.version] = instant
        await self._decide(rules, tuple(loud), there, instant)
        self.ran.update({ladder.code: day for ladder in due})

    async def _decide(self, rules: Programme, ladders: tuple[int, ...], members: list[UUID], instant: datetime) -> None:
        if not ladders or not members:
            return
        statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME)
        arguments = statement.arguments(current().tenant_id, (members,), self._moment(instant, firing=True))
        self.counts.add(await connection().fetchrow(statement.sql, *arguments, timeout=120))

    async def _facts(self, facts: Sequence[asyncpg.Record]) -> None:
        """One fact of each of some members, all of one local day."""
        acts = {fact["cause_id"]: fact["member_id"] for fact in facts if fact["cause"] == "act"}
        groups: dict[int, list[asyncpg.Record]] = defaultdict(list)
        for fact in facts:
            if fact["cause"] not in {"act", POINTS}:
                groups[self.rules.at(fact["at"]).version].append(fact)
        for same in groups.values():
            await self._evaluate(same)
        if acts:
            for act in await connection().fetch(_ACTS, current().tenant_id, list(acts)):
                await self._act(acts[act["id"]], act)

    async def _evaluate(self, facts: Sequence[asyncpg.Record]) -> None:
        rules = self.rules.at(facts[0]["at"])
        ladders = immediate_ladders(rules)
        if not ladders:
            return
        statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, Way.FACTS)
        moment = self._moment(max(fact["at"] for fact in facts), firing=False)
        arguments = statement.arguments(
            current().tenant_id, ([fact["member_id"] for fact in facts],), moment, [_told(fact) for fact in facts]
        )
        self.counts.add(await connection().fetchrow(statement.sql, *arguments, timeout=120))

    async def _act(self, member_id: UUID, act: asyncpg.Record) -> None:
        repeat = repeat_opening if act["act"] == "opening" else repeat_act
        await repeat(member_id, act, self.rules.at(act["recorded_at"]), self.recorded_at, self.zone)

    def _moment(self, at: datetime, *, firing: bool) -> Moment:
        return moment_of(
            at,
            self.zone,
            firing=firing,
            recorded_at=self.recorded_at,
            cause="recalculation",
            cause_id=self.run_id,
            last_runs=self.ran,
        )


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


async def rules_ever() -> Rules:
    """The versions of the current tenant's programme, from the one on that was in force when the first fact came.

    What was published before that was setting up: history older than the chain here has the rules it began with.
    """
    tenant_id = current().tenant_id
    began = await connection().fetchval(_BEGAN, tenant_id)
    rows = await connection().fetch(_VERSIONS, tenant_id)
    before = [row for row in rows if began is not None and row["published_at"] <= began]
    used = rows[max(0, len(before) - 1) :]
    return Rules([await programme(row["version"]) for row in used], [row["published_at"] for row in used])


async def beginnings(members: Sequence[UUID]) -> dict[UUID, date]:
    """The day on which each member's history begins: that of joining, or of the first fact where that is earlier.

    Who brings nothing but sales along has members who joined on the day of the migration.
    """
    rows = await connection().fetch(_BEGINS, current().tenant_id, members)
    return {row["id"]: row["begins"] for row in rows}
