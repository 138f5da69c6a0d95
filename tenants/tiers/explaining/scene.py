"""Everything that an explanation is made from: the member's values, the decision that gave its tier, the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DEFAULT_LANGUAGE, DomainError, Language
from saas.i18n import as_language
from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.schedule import next_schedule_day
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.programme.wording.teller import Teller
from tenants.tiers.history import told
from tenants.tiers.reading import Reading, holds, read

_TENANT: Final = """
SELECT t.timezone, t.programme_version, t.locale, clock_timestamp() + t.clock_offset AS now, v.published_at,
       v.transition, v.rolled_back_to
  FROM tenant t JOIN programme_version v ON v.tenant_id = t.tenant_id AND v.version = t.programme_version
 WHERE t.tenant_id = $1"""
# With what staff wrote, the import that brought it, and the recheck that waits. A member without a decision may wait
# for one, too.
_DECISION: Final = """
SELECT d.*, a.reason AS act_reason, a.since AS act_since, r.due_at
  FROM (SELECT) x
  LEFT JOIN decision d ON d.tenant_id = $1 AND d.member_id = $2 AND d.id = $3
  LEFT JOIN tier_act a ON a.tenant_id = $1 AND a.id = d.cause_id
  LEFT JOIN tier_recheck r ON r.tenant_id = $1 AND r.member_id = $2 AND r.ladder = $4"""


@dataclass(frozen=True)
class Scene:
    """One member on one ladder, as of the tenant's now. `version`: of the rules in force, when and how they came;
    `decision`: the last one, its columns None where there is none; `then`: the rules of that decision.
    """

    member_id: UUID
    reading: Reading
    rules: Programme
    then: Programme
    version: asyncpg.Record
    decision: asyncpg.Record
    zone: ZoneInfo
    teller: Teller

    @property
    def ladder(self) -> Ladder:
        return self.reading.ladder

    def state(self, name: str) -> Any:
        """Of the ladder's standing: `rank`, `tier`, `valid_until`, …"""
        return self.reading.row[f"s{self.reading.index}_{name}"]

    @property
    def today(self) -> date:
        return self.reading.moment.today

    @cached_property
    def facts(self) -> Mapping[str, Any] | None:
        """The decision's values that the caller may see."""
        facts: dict[str, Any] | None = self.decision["facts"]
        return None if facts is None else told(facts, self.rules)

    @property
    def locked_until(self) -> date | None:
        """The lock's last day, where one is in force."""
        until: date | None = self.state("locked_until")
        return until if until is not None and until >= self.today else None

    @property
    def may_rise(self) -> bool:
        return self.locked_until is None or bool(self.state("may_rise"))

    @property
    def grace_until(self) -> date | None:
        until: date | None = self.state("valid_until")
        return None if until is None else until + timedelta(days=self.ladder.policy.grace_days)

    @property
    def next_schedule(self) -> date:
        """The day at whose local midnight the ladder's schedule fires next."""
        return next_schedule_day(self.ladder.policy.schedule, self.today)

    @cached_property
    def target(self) -> int:
        """The highest rank whose conditions hold now."""
        reached = [t.rank for t in self.ladder.tiers if holds(self.reading, t.qualify, in_retain=False)]
        return max(reached, default=0)

    @property
    def awaits_new_rules(self) -> bool:
        """Whether the rules in force are younger than what was decided last."""
        decided: datetime | None = self.state("at")
        return self.rules.version > 1 and (decided is None or decided < self.version["published_at"])

    def name(self, code: str, rules: Programme | None = None) -> str:
        """A tier as the rules call it, in quotes; its code where they have none such."""
        ladder = (rules or self.rules).ladder(self.ladder.code)
        tier = None if ladder is None else ladder.tier(code)
        if tier is None and rules is not None:
            return self.name(code)
        return self.teller.quoted(code) if tier is None else self.teller.named(tier.names)

    def day(self, instant: datetime) -> str:
        """The local day of an instant."""
        return self.teller.day(local_day(instant, self.zone))


async def scene(member_id: UUID, ladder_code: str | None, language: Language | None) -> Scene:
    """Reads it. `language` None: the chain's own. Raises DomainError `not-found` for an unknown member or ladder."""
    tenant = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    rules = await programme(tenant["programme_version"])
    index = next((j for j, x in enumerate(rules.ladders) if ladder_code in (None, x.code)), None)
    if index is None:
        raise DomainError("not-found")
    zone = ZoneInfo(tenant["timezone"])
    reading = await read(member_id, rules, index, zone, tenant["now"])
    decision = await connection().fetchrow(
        _DECISION, current().tenant_id, member_id, reading.row[f"s{index}_decision_id"], rules.ladders[index].code
    )
    if decision is None:
        raise DomainError("internal")
    version = decision["programme_version"]
    then = rules if version in (None, rules.version) else await programme(version)
    teller = Teller(language or as_language(tenant["locale"]) or DEFAULT_LANGUAGE, rules.currency)
    return Scene(member_id, reading, rules, then, tenant, decision, zone, teller)
