"""Tiers after an undo: what a fact decided about is taken back at once, to the standing that it replaced.

A ladder about which something else decided since stays as it is; like what others decided with the fact's help it is
looked at again at its recheck.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import Validity, gone_on
from tenants.programme.moment import moment_of
from tenants.programme.versions import programme
from tenants.tiers.evaluate import Change
from tenants.tiers.gifts import lowered
from tenants.tiers.given import Given, give
from tenants.tiers.recheck import mark_rechecks

# Of a ladder the fact's first decision: what it replaced stands again. A rebuild makes decisions anew, without a
# `before`: there it is what the decision before it left.
_DECIDED: Final = """
SELECT DISTINCT ON (k.ladder) k.ladder, coalesce(k.before, (
         SELECT to_jsonb(b) || jsonb_build_object('tier', b.to_tier, 'rank', b.to_rank) FROM decision b
          WHERE b.tenant_id = $1 AND b.member_id = $2 AND b.ladder = k.ladder AND b.seq < k.seq
          ORDER BY b.seq DESC LIMIT 1), '{}'::jsonb) AS before
  FROM decision k
 WHERE k.tenant_id = $1 AND k.member_id = $2 AND k.cause_id = $3
   AND EXISTS (SELECT FROM member_tier s JOIN decision d ON d.tenant_id = $1 AND d.id = s.decision_id
                WHERE s.tenant_id = $1 AND s.member_id = $2 AND s.ladder = k.ladder AND d.cause_id = $3)
 ORDER BY k.ladder, k.seq"""
_JOINED: Final = "SELECT joined_on FROM member WHERE tenant_id = $1 AND id = $2"
_CHANGES: Final = """
SELECT k.ladder, k.from_tier, k.to_tier, k.reason, k.id FROM decision k
 WHERE k.tenant_id = $1 AND k.member_id = $2 AND k.cause = 'undo' AND k.cause_id = $3 ORDER BY k.seq, k.ladder"""


async def undo_decisions(member_id: UUID, fact_id: UUID, version: int, now: datetime, timezone: str) -> list[Change]:
    """Takes back what the fact decided, for a member whose lock the caller holds; the fact counts no more. `version`:
    of the rules, as they are in force behind the lock.

    Answers the ladders about which something was taken back, reason `refund`. Gifts of tiers that are lost go too, by a
    job.
    """
    rules, zone = await programme(version), ZoneInfo(timezone)
    rows = await connection().fetch(_DECIDED, current().tenant_id, member_id, fact_id)
    joined_on = await connection().fetchval(_JOINED, current().tenant_id, member_id)
    known = [(ladder, row["before"]) for row in rows if (ladder := rules.ladder(row["ladder"])) is not None]
    given = [_given(member_id, rules, ladder, before, joined_on, fact_id) for ladder, before in known]
    moment = moment_of(now, zone, firing=False, recorded_at=now, cause="undo", cause_id=fact_id)
    made = await give(given, rules, moment)
    await lowered([row["decision_id"] for row in made])
    await mark_rechecks({member_id: fact_id}, version, now, timezone)
    return [_change(rules, row) for row in made]


async def undone_decisions(member_id: UUID, fact_id: UUID) -> list[Change]:
    """What `undo_decisions` answered, from what it wrote."""
    rows = await connection().fetch(_CHANGES, current().tenant_id, member_id, fact_id)
    return [Change(row["ladder"], row["from_tier"], row["to_tier"], row["reason"], row["id"]) for row in rows]


async def decided_by(member_id: UUID, fact_id: UUID) -> bool:
    """Whether the fact has decided about a tier."""
    sql = "SELECT EXISTS (SELECT FROM decision WHERE tenant_id = $1 AND member_id = $2 AND cause_id = $3)"
    found: bool = await connection().fetchval(sql, current().tenant_id, member_id, fact_id)
    return found


def _given(
    member_id: UUID, rules: Programme, ladder: Ladder, before: Mapping[str, Any], joined_on: date, fact_id: UUID
) -> Given:
    """The standing as it was, with the validity that rules of before have renewed meanwhile; of a tier that the rules
    dropped what became of it.
    """
    rank = min(before.get("rank", 0), len(ladder.tiers) - 1)
    tier = rules.present(ladder, before["tier"], before["rank"]) if before else None
    tier = tier or ladder.tiers[rank]
    stored = Validity(
        _day(before.get("valid_from")) or joined_on,
        _day(before.get("valid_until")) if tier.rank > 0 else None,
        _day(before.get("locked_until")),
        before.get("may_rise", True),
    )
    held_on = gone_on(rules, ladder, stored, {})
    return Given(
        member_id,
        ladder.code,
        "refund",
        fact_id,
        tier.code,
        tier.rank,
        since=_day(before.get("since")) or joined_on,
        valid_from=held_on.valid_from,
        valid_until=held_on.valid_until,
        fell_on=_day(before.get("fell_on")),
        locked_until=held_on.locked_until,
        may_rise=held_on.may_rise,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _change(rules: Programme, row: asyncpg.Record) -> Change:
    return Change(
        rules.ladders[row["ladder"]].code, row["from_tier"], row["to_tier"], row["reason"], row["decision_id"]
    )
