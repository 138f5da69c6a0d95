"""Two records of one person: the survivor takes the higher tier of both, and then what the united facts give."""

from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.kept import Validity, gone_on
from tenants.programme.moment import moment_of
from tenants.programme.versions import programme
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.evaluate import Change
from tenants.tiers.gifts import reached
from tenants.tiers.given import Given, give
from tenants.tiers.runs import last_runs

_STANDINGS: Final = "SELECT * FROM member_tier WHERE tenant_id = $1 AND member_id = ANY($2::uuid[])"
# Of equal tiers the survivor's validity stays, but no lock may outlast it. NULL: for ever, or the base tier.
_LOCK: Final = """
UPDATE member_tier SET locked_until = $4, may_rise = $5, valid_from = $6, valid_until = $7
 WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3"""
_LEAVE: Final = (
    "DELETE FROM tier_recheck WHERE tenant_id = $1 AND member_id = $2",
    "DELETE FROM member_tier WHERE tenant_id = $1 AND member_id = $2",
)


async def merge_standings(
    survivor_id: UUID, other_id: UUID, merge_id: UUID, version: int, recorded_at: datetime, timezone: str
) -> list[Change]:
    """Per ladder the higher standing of the two becomes the survivor's (reason `merge` where its tier changes), of two
    locks at that rank the later; the other keeps none. Then every ladder is evaluated, upward only.

    The caller holds both locks and has moved facts and aggregates. Every ladder is answered: from the survivor's tier
    before the merge to the one after it.
    """
    rules, zone, tenant_id = await programme(version), ZoneInfo(timezone), current().tenant_id
    moment = moment_of(recorded_at, zone, firing=False, recorded_at=recorded_at, cause="merge", cause_id=merge_id)
    rows = await connection().fetch(_STANDINGS, tenant_id, [survivor_id, other_id])
    held = {(row["member_id"], row["ladder"]): row for row in rows}
    runs = await last_runs()
    taken: list[Given] = []
    for ladder in rules.ladders:
        own, others = held.get((survivor_id, ladder.code)), held.get((other_id, ladder.code))
        tier, theirs = (_tier(rules, ladder, row) for row in (own, others))
        if others is not None and theirs.rank > tier.rank:
            held_on = gone_on(rules, ladder, Validity.of(others), runs)
            taken.append(_taken(survivor_id, ladder, others, theirs, held_on, merge_id))
        elif others is not None and own is not None and theirs.rank == tier.rank:
            await _lock_later(own, others, gone_on(rules, ladder, Validity.of(own), runs), moment.today)
    for statement in _LEAVE:
        await connection().execute(statement, tenant_id, other_id)
    given = {row["ladder"]: row for row in await give(taken, rules, moment)}
    rising = statement_for(tenant_id, rules, tuple(range(len(rules.ladders))), Ids.ONE, Way.RISE)
    risen = await connection().fetch(rising.sql, *rising.arguments(tenant_id, (survivor_id,), moment))
    changes = [_change(rules.ladders[row["ladder"]].code, row, given.get(row["ladder"])) for row in risen]
    for one in changes:
        await reached(rules, survivor_id, one.ladder, one.before, one.after, one.decision_id)
    return changes


def _tier(rules: Programme, ladder: Ladder, row: asyncpg.Record | None) -> Tier:
    held = None if row is None else rules.present(ladder, row["tier"], row["rank"])
    return held or ladder.tiers[0]


def _taken(
    survivor_id: UUID, ladder: Ladder, row: asyncpg.Record, tier: Tier, held_on: Validity, merge_id: UUID
) -> Given:
    return Given(
        survivor_id,
        ladder.code,
        "merge",
        merge_id,
        tier.code,
        tier.rank,
        since=row["since"],
        valid_from=held_on.valid_from,
        valid_until=held_on.valid_until,
        fell_on=row["fell_on"],
        locked_until=held_on.locked_until,
        may_rise=held_on.may_rise,
    )


async def _lock_later(own: asyncpg.Record, others: asyncpg.Record, held_on: Validity, today: date) -> None:
    """Moves the survivor's lock to the other's, where that is in force and later; `held_on`: its validity by now."""
    until: date | None = others["locked_until"]
    if until is None or until < today or (own["locked_until"] is not None and own["locked_until"] >= until):
        return
    ends = None if held_on.valid_until is None else max(held_on.valid_until, until)
    key = (current().tenant_id, own["member_id"], own["ladder"])
    await connection().execute(_LOCK, *key, until, others["may_rise"], held_on.valid_from, ends)


def _change(ladder: str, risen: asyncpg.Record, given: asyncpg.Record | None) -> Change:
    last = given if given is not None and risen["decision_id"] is None else risen
    return Change(ladder, (given or risen)["from_tier"], risen["to_tier"], last["reason"], last["decision_id"])
