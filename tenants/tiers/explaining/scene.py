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
from tenants.tiers.origin import gave
from tenants.tiers.reading import Reading, holds, read

_TENANT: Final = """
SELECT timezone, programme_version, locale, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"""
# With what staff wrote, the import that brought it, the recheck that waits, and the decision that this looks at. A
# member without a decision may wait for one, too.
_DECISION: Final = f"""
SELECT d.*, a.reason AS act_reason, a.since AS act_since, r.due_at, k.reason AS given_reason, k.cause AS given_cause
  FROM (SELECT $3::uuid AS decision_id) x
  LEFT JOIN decision d ON d.tenant_id = $1 AND d.member_id = $2 AND d.id = x.decision_id
  LEFT JOIN LATERAL {gave("x")} k ON true
  LEFT JOIN tier_act a ON a.tenant_id = $1 AND a.id = d.cause_id
  LEFT JOIN tier_recheck r ON r.tenant_id = $1 AND r.member_id = $2 AND r.ladder = $4"""
# What new rules wait for, as `tenants.tiers.evaluate` and `recalculate` ask it: a member's first purchase under them, a
# ladder's first schedule, the run that goes over everybody.
_AWAITED: Final = """
SELECT CASE $4
    WHEN 'next_purchase' THEN m.created_at < $5 AND coalesce((
         SELECT p.programme_version < $3 FROM purchase p
          WHERE p.tenant_id = $1 AND p.member_id = $2 AND p.source = 'api'
            AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)
          ORDER BY p.id DESC LIMIT 1), true)
    WHEN 'next_schedule' THEN NOT EXISTS (SELECT FROM recalculation r
          WHERE r.tenant_id = $1 AND r.cause = 'schedule' AND r.programme_version = $3 AND $6 = ANY (r.ladders)
            AND r.as_of >= $7 AND r.finished_at IS NOT NULL)
    WHEN 'now' THEN EXISTS (SELECT FROM recalculation r
          WHERE r.tenant_id = $1 AND r.cause = 'programme' AND r.programme_version = $3 AND r.finished_at IS NULL)
    ELSE true END
  FROM member m WHERE m.tenant_id = $1 AND m.id = $2"""


@dataclass(frozen=True)
class Scene:
    """One member on one ladder, as of the tenant's now.

    `decision`: the last one, its columns None where there is none; `then`: the rules of that decision, `before` those
    that named the tier it replaced; `awaited`: whether the rules in force have still to give their tier.
    """

    member_id: UUID
    reading: Reading
    rules: Programme
    then: Programme
    before: Programme
    decision: asyncpg.Record
    zone: ZoneInfo
    teller: Teller
    awaited: bool

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
    before = await _before(then, rules.ladders[index].code, decision["from_tier"])
    awaited = await _awaited(reading, rules, decision)
    return Scene(member_id, reading, rules, then, before, decision, zone, teller, awaited)


async def _before(then: Programme, ladder_code: str, tier: str | None) -> Programme:
    """The rules of a decision, or those before them where a tier has gone with them."""
    ladder = then.ladder(ladder_code)
    known = tier is None or then.version == 1 or (ladder is not None and ladder.tier(tier) is not None)
    return then if known else await programme(then.version - 1)


def target(reading: Reading) -> int:
    """The highest rank whose conditions hold now."""
    return max(t.rank for t in reading.ladder.tiers if holds(reading, t.qualify, in_retain=False))


async def _awaited(reading: Reading, rules: Programme, decision: asyncpg.Record) -> bool:
    """Whether the rules in force would give another tier, and what their publish waits for hasn't happened yet."""
    published, decided = rules.published, decision["recorded_at"]
    if published.transition is None or published.published_at is None or rules.version == 1:
        return False
    rank = reading.row[f"s{reading.index}_rank"]
    if target(reading) == rank or (decided is not None and decided >= published.published_at):
        return False
    found: bool = await connection().fetchval(
        _AWAITED,
        current().tenant_id,
        reading.row["id"],
        rules.version,
        published.transition,
        published.published_at,
        reading.ladder.code,
        published.effective_at,
    )
    return found
