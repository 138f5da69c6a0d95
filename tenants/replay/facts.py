"""Everything that is recorded of some members, read set by set in the current snapshot: a replay's only inputs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.replay import value_facts
from tenants.replay.brought import Brought, brought_by
from tenants.tiers.rebuild.rules import FIRST_FACT

Row = asyncpg.Record

_RECORDS: Final = """
SELECT m.id, coalesce(m.merged_into, m.id) AS survivor_id, m.joined_on, m.status, m.created_at, m.closed_at
  FROM member m WHERE m.tenant_id = $1 AND (m.id = ANY ($2::uuid[]) OR m.merged_into = ANY ($2::uuid[]))
 ORDER BY m.id"""
_FACTS: Final[Mapping[str, str]] = {
    "purchase": """
SELECT p.id, p.member_id, p.seq, p.recorded_at, p.occurred_at, p.local_day, p.branch_id, p.amount, p.uncounted, p.lines,
       p.external_id, p.category, p.tenders, p.pricing, p.source, p.programme_version, c.rate AS credit_rate,
       c.points AS credit_points, c.programme_version AS credit_version, c.recorded_at AS credited_at
  FROM purchase p LEFT JOIN purchase_credit c ON c.tenant_id = $1 AND c.purchase_id = p.id
 WHERE p.tenant_id = $1 AND p.member_id = ANY ($2::uuid[])""",
    "refund": """
SELECT r.id, r.purchase_id, r.member_id, r.seq, r.recorded_at, r.amount, r.uncounted, r.lines,
       r.programme_version FROM refund r
 WHERE r.tenant_id = $1 AND r.member_id = ANY ($2::uuid[])""",
    "purchase_undone": """
SELECT u.id, u.purchase_id AS fact_id, u.member_id, u.seq, u.recorded_at, u.programme_version FROM purchase_undone u
 WHERE u.tenant_id = $1 AND u.member_id = ANY ($2::uuid[])""",
    "activity": """
SELECT a.id, a.member_id, a.seq, a.recorded_at, a.local_day, a.kind, a.value, a.source, a.programme_version,
       a.occurred_at, a.external_id FROM activity a WHERE a.tenant_id = $1 AND a.member_id = ANY ($2::uuid[])""",
    "top_up": """
SELECT t.id, t.member_id, t.seq, t.recorded_at, t.local_day, t.amount, t.bonus, t.programme_version,
       t.occurred_at, t.external_id FROM top_up t
 WHERE t.tenant_id = $1 AND t.member_id = ANY ($2::uuid[])""",
    "wallet_refund": """
SELECT w.id, w.member_id, w.seq, w.recorded_at, w.lots, w.programme_version FROM wallet_refund w
 WHERE w.tenant_id = $1 AND w.member_id = ANY ($2::uuid[])""",
    "top_up_undone": """
SELECT u.id, u.top_up_id AS fact_id, u.member_id, u.seq, u.recorded_at, u.programme_version FROM top_up_undone u
 WHERE u.tenant_id = $1 AND u.member_id = ANY ($2::uuid[])""",
    "referral_move": """
SELECT v.id, v.referrer_id AS member_id, v.member_id AS brought_id, v.seq, v.recorded_at, v.from_day, v.to_day,
       v.programme_version FROM referral_move v WHERE v.tenant_id = $1 AND v.referrer_id = ANY ($2::uuid[])""",
    "tier_act": """
SELECT a.id, a.member_id, a.seq, a.recorded_at, a.ladder, a.act, a.tier, a.since, a.locked_until, a.import_id,
       a.programme_version
  FROM tier_act a WHERE a.tenant_id = $1 AND a.member_id = ANY ($2::uuid[])""",
    "merge": """
SELECT g.id, g.member_id, g.other_id, g.seq, g.recorded_at, g.detail FROM merge g
 WHERE g.tenant_id = $1 AND g.member_id = ANY ($2::uuid[])""",
    "joined": """
SELECT c.id, c.member_id, c.seq, c.recorded_at, c.before, c.after FROM profile_change c
 WHERE c.tenant_id = $1 AND c.member_id = ANY ($2::uuid[]) AND c.field = 'joined_on'""",
    **value_facts.HAPPENED,
}
"""What happened, by kind: each with the member that it was recorded for, its number there, and when."""
_STORED: Final[Mapping[str, str]] = {
    "decision": """
SELECT k.*, k.facts::text AS facts_text FROM decision k WHERE k.tenant_id = $1 AND k.member_id = ANY ($2::uuid[])
 ORDER BY k.member_id, k.seq, k.ladder""",
    "member_tier": "SELECT * FROM member_tier WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "tier_recheck": "SELECT * FROM tier_recheck WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "member_total": "SELECT * FROM member_total WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "member_month": "SELECT * FROM member_month WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "member_day": "SELECT * FROM member_day WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "measure_month": "SELECT * FROM measure_month WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    "measure_day": "SELECT * FROM measure_day WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
    **value_facts.STORED,
}
# Ids of the batches' members lie in ranges; those of a slice are looked up by the ends of theirs.
_BATCHES: Final = """
SELECT b.id, b.recalculation_id, b.as_of, b.programme_version, b.after_member, b.last_member, b.named, b.last_runs,
       b.evaluated_at, to_jsonb(r) AS run,
       (SELECT min(i.started_at) FROM import_run i WHERE i.tenant_id = $1 AND i.recalculation_id = r.id
                                                     AND i.kind IN ('purchases', 'activities')) AS imported_since
  FROM recalculation_batch b LEFT JOIN recalculation r ON r.tenant_id = $1 AND r.id = b.recalculation_id
 WHERE b.tenant_id = $1 AND b.last_member >= $2 AND (b.after_member IS NULL OR b.after_member < $3)
   AND (b.named IS NULL OR b.named && $4::uuid[])
 ORDER BY b.id"""
_VERSIONS: Final = "SELECT version, published_at FROM programme_version WHERE tenant_id = $1 ORDER BY version"
_TENANT: Final = "SELECT timezone, currency, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a run, or of rechecks (`run` None). `run` has its row's columns, as JSON has them."""

    as_of: datetime
    version: int
    after: UUID | None
    last: UUID
    named: frozenset[UUID] | None
    last_runs: Mapping[str, date]
    evaluated_at: datetime
    run_id: UUID | None
    run: Mapping[str, Any] | None
    imported_since: datetime | None

    @property
    def is_rebuild(self) -> bool:
        return self.run is not None and self.run["cause"] == "rebuild"

    def covers(self, member_id: UUID) -> bool:
        """Whether the member was among those it looked at, if it was active then."""
        if self.named is not None:
            return member_id in self.named
        return (self.after is None or self.after < member_id) and member_id <= self.last


@dataclass(frozen=True, slots=True)
class Chain:
    """What all members of a tenant have in common. `versions` in their order, with the instants since when;
    `multipliers` of the campaigns that multiply points, by their codes. `first_fact`: when the first was recorded here;
    `rebuilds`: what their batches have in common, worked out once.
    """

    zone: ZoneInfo
    currency: str
    versions: Sequence[Programme]
    since: Sequence[datetime]
    batches: Sequence[Batch]
    multipliers: Mapping[str, Decimal]
    first_fact: datetime | None
    rebuilds: dict[datetime, Any] = field(default_factory=dict)

    def version(self, number: int) -> Programme:
        """The version of a number."""
        return next(one for one in self.versions if one.version == number)

    def by(self, number: int | None, instant: datetime) -> Programme:
        """The version that was kept with what happened at an instant; None: the rules in force then."""
        return self.at(instant) if number is None else self.version(number)

    def at(self, instant: datetime) -> Programme:
        """The rules in force at an instant; the first ones before all of them."""
        found = self.versions[0]
        for one, since in zip(self.versions, self.since, strict=True):
            if since <= instant:
                found = one
        return found


@dataclass
class Facts:
    """One person's: `records` (the survivor's among them), what happened by kind, and what is stored of it all; where
    there was a rebuild, whom the slice `brought`.
    """

    survivor_id: UUID
    records: list[Row] = field(default_factory=list)
    happened: dict[str, list[Row]] = field(default_factory=partial(defaultdict, list))
    stored: dict[str, list[Row]] = field(default_factory=partial(defaultdict, list))
    brought: Brought = field(default_factory=Brought)

    @property
    def is_erased(self) -> bool:
        return any(record["status"] == "erased" for record in self.records)


async def load(member_ids: Sequence[UUID]) -> tuple[Chain, list[Facts]]:
    """The chain, and the facts of these members (merged ones count as their survivors), in the order of their ids."""
    tenant_id = current().tenant_id
    records = await connection().fetch(_RECORDS, tenant_id, list(member_ids))
    people = {row["survivor_id"]: Facts(row["survivor_id"]) for row in records}
    owner = {row["id"]: people[row["survivor_id"]] for row in records}
    for row in records:
        owner[row["id"]].records.append(row)
    ids = list(owner)
    for tables, place in ((_FACTS, "happened"), (_STORED, "stored")):
        for name, sql in tables.items():
            for row in await connection().fetch(sql, tenant_id, ids):
                getattr(owner[row["member_id"]], place)[name].append(row)
    for person in people.values():
        _place_entries(person)
    chain = await _chain(ids)
    if any(batch.is_rebuild for batch in chain.batches):
        brought = await brought_by(ids)
        for person in people.values():
            person.brought = brought
    return chain, [people[one] for one in sorted(people)]


def _place_entries(facts: Facts) -> None:
    """Entries of the ledgers that say when something was, among what happened."""
    for table in ("points_entry", "wallet_entry"):
        for row in facts.stored[table]:
            place = value_facts.placed(table, row["kind"], is_members=row["source_id"] == row["member_id"])
            if place is not None:
                facts.happened[place].append(row)


async def _chain(ids: Sequence[UUID]) -> Chain:
    tenant_id = current().tenant_id
    tenant = await connection().fetchrow(_TENANT, tenant_id)
    if tenant is None:
        raise RuntimeError("a tenant without its row")
    versions = await connection().fetch(_VERSIONS, tenant_id)
    batches = await connection().fetch(_BATCHES, tenant_id, min(ids), max(ids), ids) if ids else []
    multipliers = await connection().fetch(value_facts.MULTIPLIERS, tenant_id)
    return Chain(
        ZoneInfo(tenant["timezone"]),
        tenant["currency"],
        [await programme(row["version"]) for row in versions],
        [row["published_at"] for row in versions],
        [_batch(row) for row in batches],
        {row["code"]: row["multiplier"] for row in multipliers},
        await connection().fetchval(FIRST_FACT, tenant_id),
    )


def _batch(row: Row) -> Batch:
    return Batch(
        row["as_of"],
        row["programme_version"],
        row["after_member"],
        row["last_member"],
        None if row["named"] is None else frozenset(row["named"]),
        {ladder: date.fromisoformat(day) for ladder, day in row["last_runs"].items()},
        row["evaluated_at"],
        row["recalculation_id"],
        row["run"],
        row["imported_since"],
    )


def exact(text: str) -> Any:
    """JSON with its decimals exactly as they are written."""
    return json.loads(text, parse_float=Decimal)


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By when they were recorded, and of those at the same instant by their numbers."""
    return sorted(rows, key=lambda row: (row["recorded_at"], row["seq"], row["id"]))
