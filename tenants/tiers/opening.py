"""Opening balances: tiers that members bring along from an older system, with the validity they would have here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import moment_of
from tenants.programme.schedule import (
    schedule_instant,
    validity_since,
)
from tenants.programme.versions import programme
from tenants.tiers.given import Given, find_tier, give

_KNOWN: Final = """
SELECT x.n, s.fell_on, a.tier, a.since
  FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY x (member_id, ladder, n)
  LEFT JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = x.member_id AND s.ladder = x.ladder
  LEFT JOIN LATERAL (
    SELECT a.tier, a.since FROM tier_act a
     WHERE a.tenant_id = $1 AND a.member_id = x.member_id AND a.ladder = x.ladder AND a.act = 'opening'
     ORDER BY a.seq DESC LIMIT 1) a ON true
 ORDER BY x.n"""
_ACTS: Final = """
INSERT INTO tier_act AS a (tenant_id, member_id, ladder, seq, act, tier, since, recorded_at, import_id, actor,
                           programme_version)
SELECT $1, x.member_id, x.ladder, q.seq, 'opening', x.tier, x.since, $6, $7, $8, $9
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::date[]) x (member_id, ladder, tier, since)
  JOIN member_number q ON q.tenant_id = $1 AND q.member_id = x.member_id"""


@dataclass(frozen=True, slots=True)
class Opening:
    """A tier (its code) held since a day, today at the latest; None: since today. Without a ladder: the first one
    that has such a tier.
    """

    member_id: UUID
    tier: str
    since: date | None = None
    ladder: str | None = None


async def open_standings(
    rows: Sequence[Opening], import_id: UUID, actor: str, version: int, recorded_at: datetime, timezone: str
) -> set[UUID]:
    """Takes the tiers over as decisions, reason `import`, and returns whose standing that changed.

    The caller has given each member its next number behind its lock. Of several rows for a member and ladder the last
    one counts; one that says what the last opening of that ladder said changes nothing. Raises ValueError for a tier
    that no ladder has (`find_tier` tells) and for a day to come.
    """
    rules, zone = await programme(version), ZoneInfo(timezone)
    moment = moment_of(recorded_at, zone, firing=True, recorded_at=recorded_at, cause="import", cause_id=import_id)
    wanted = {(row.member_id, _ladder(row, rules).code): row for row in rows}
    keys = sorted(wanted)
    known = await connection().fetch(
        _KNOWN, current().tenant_id, [member for member, _ in keys], [ladder for _, ladder in keys]
    )
    given = [
        _given(wanted[key], rules, moment.today, import_id, was["fell_on"])
        for key, was in zip(keys, known, strict=True)
        if not _said_before(wanted[key], was)
    ]
    await _record(given, import_id, actor, version, recorded_at)
    await give(given, rules, moment)
    return {row.member_id for row in given}


async def repeat_opening(
    member_id: UUID, act: asyncpg.Record, rules: Programme, recorded_at: datetime, zone: ZoneInfo
) -> None:
    """Takes over again, on the day since which the tier was held, what a row of `tier_act` brought.

    `rules` are those of the import. The caller holds the member's lock.
    """
    if find_tier(rules, act["tier"], act["ladder"]) is None:
        return
    since: date = act["since"]
    moment = moment_of(
        schedule_instant(since, zone), zone, firing=True, recorded_at=recorded_at, cause="import", cause_id=act["id"]
    )
    fell_on = await connection().fetchval(
        "SELECT fell_on FROM member_tier WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3",
        current().tenant_id,
        member_id,
        act["ladder"],
    )
    row = Opening(member_id, act["tier"], since, act["ladder"])
    await give([_given(row, rules, since, act["id"], fell_on)], rules, replace(moment, told=False))


def _ladder(row: Opening, rules: Programme) -> Ladder:
    found = find_tier(rules, row.tier, row.ladder)
    if found is None:
        raise ValueError(f"no ladder has a tier {row.tier!r}")
    return found[0]


def _said_before(row: Opening, was: asyncpg.Record) -> bool:
    same: bool = row.tier == was["tier"] and row.since in (None, was["since"])
    return same


def _given(row: Opening, rules: Programme, today: date, import_id: UUID, fell_on: date | None) -> Given:
    found = find_tier(rules, row.tier, row.ladder)
    since = row.since or today
    if found is None or since > today:
        raise ValueError(f"{row.tier!r} can't be held since {since}")
    ladder, tier = found
    begins, ends = validity_since(ladder.policy, since, today)
    return Given(
        row.member_id,
        ladder.code,
        "import",
        import_id,
        tier.code,
        tier.rank,
        since=since,
        valid_from=begins,
        valid_until=ends if tier.rank > 0 else None,
        fell_on=fell_on,
    )


async def _record(given: list[Given], import_id: UUID, actor: str, version: int, recorded_at: datetime) -> None:
    """Each opening is a fact with the number that its member was given for it."""
    await connection().execute(
        _ACTS,
        current().tenant_id,
        [row.member_id for row in given],
        [row.ladder for row in given],
        [row.tier for row in given],
        [row.since for row in given],
        recorded_at,
        import_id,
        actor,
        version,
    )
