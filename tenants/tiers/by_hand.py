"""Tiers by hand: staff set a member's tier, which holds until its lock is over, and may end the lock before that.

Under the lock the rules leave the tier alone, but a raised member may still rise; a lowered one stays. What staff did
is a fact of its own (`tier_act`), in the member's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.approvals.limits import require_approval
from tenants.audit.record import record
from tenants.numbers import take
from tenants.programme.compiler import Ids
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.kept import Validity, ended_here, gone_on
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import valid_until
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, add_months, local_day
from tenants.tiers.deciding import deciding, statement_for
from tenants.tiers.gifts import reached
from tenants.tiers.given import Given, give
from tenants.tiers.runs import last_runs
from tenants.tiers.steps import renews_silently
from tenants.triggers import fire

LONGEST_LOCK_MONTHS: Final = 120
_DEFAULT_MONTHS: Final = 12  # where a tier has no validity of its own

_LOCK: Final = "SELECT status FROM member WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
_PLACE: Final = (
    "SELECT timezone, status, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
    " WHERE tenant_id = $1"
)
_HELD: Final = """
SELECT s.*, a.id AS act_id, a.act, a.reason AS act_reason FROM (SELECT) x
  LEFT JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = $2 AND s.ladder = $3
  LEFT JOIN LATERAL (SELECT * FROM tier_act a WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.ladder = $3
                      ORDER BY a.seq DESC LIMIT 1) a ON true"""
_ACT: Final = f"""
WITH n AS ({take("(SELECT $2::uuid AS id)")})
INSERT INTO tier_act AS a (tenant_id, member_id, ladder, seq, act, tier, reason, since, locked_until, recorded_at,
                           actor, programme_version)
SELECT $1, $2, $3, n.seq, $4, $5, $6, $7, $8, $9, $10, $11 FROM n RETURNING a.id"""
# The lock's end is set back behind us, not taken away: the renewal that may follow counts from today because of it.
_RELEASE: Final = """
UPDATE member_tier SET may_rise = true, locked_until = $4::date,
       valid_until = CASE WHEN valid_until IS NOT NULL THEN $4::date END
 WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3"""
# Where nothing was written the tier is kept, which until the next schedule is no decision: its validity goes on.
_RELEASED: Final = """
UPDATE member_tier SET locked_until = NULL,
       valid_from = CASE WHEN rank > 0 THEN coalesce($5::date, valid_from) ELSE valid_from END,
       valid_until = CASE WHEN rank > 0 THEN coalesce($4::date, valid_until) END
 WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3 AND locked_until IS NOT NULL"""


class Held(TypedDict):
    """A member's tier on a ladder, with its lock if it is under one."""

    ladder: str
    code: str
    since: date
    valid_until: date | None
    locked_until: date | None
    may_rise: bool
    reason: str | None
    decision_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A member behind its lock: the rules in force, its ladder, what it holds there, and the instant."""

    member_id: UUID
    rules: Programme
    ladder: Ladder
    zone: ZoneInfo
    now: datetime
    held: asyncpg.Record

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)

    @property
    def tier(self) -> Tier:
        """The tier held, as the rules have it."""
        found = self.held["rank"] and self.rules.raised(self.ladder, self.held["tier"])
        return found or self.ladder.tiers[0]

    @property
    def rank(self) -> int:
        return self.tier.rank

    @property
    def locked(self) -> bool:
        until: date | None = self.held["locked_until"]
        return until is not None and until >= self.today

    @property
    def may_rise(self) -> bool:
        return not self.locked or bool(self.held["may_rise"])

    def moment(self, cause_id: UUID, *, firing: bool) -> Moment:
        return moment_of(self.now, self.zone, firing=firing, recorded_at=self.now, cause="manual", cause_id=cause_id)


async def set_tier(
    member_id: UUID, ladder_code: str | None, tier_code: str, reason: str, locked_until: date | None
) -> Held:
    """Gives a member a tier until `locked_until` (its last local day; None: the end of a normal validity from today).

    The same again writes nothing. Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `approval-needed`
    for a clerk, and `validation-failed` for an unknown ladder or tier and for a day that is over or more than 10 years
    ahead.
    """
    place = await _place(member_id, ladder_code, "/ladder")
    tier = place.ladder.tier(tier_code)
    if tier is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-tier")])
    until = locked_until or _normal_end(place.ladder, place.today)
    latest = add_months(place.today, LONGEST_LOCK_MONTHS)
    if until < place.today:
        raise DomainError("validation-failed", errors=[FieldError("/locked_until", "in-the-past")])
    if until > latest:
        raise DomainError("validation-failed", errors=[FieldError("/locked_until", "too-late", {"max": latest})])
    if _is_so(place, tier, until, reason):
        return await _held(place)
    await require_approval("tier.set", f"member:{member_id}/{place.ladder.code}/{tier.code}")
    act_id = await _act(place, "set", tier.code, reason, until)
    made = await give([_given(place, tier, until, act_id)], place.rules, place.moment(act_id, firing=False))
    await _tell(place, made)
    detail = {"ladder": place.ladder.code, "tier": tier.code, "locked_until": until.isoformat()}
    await record("member.set_tier", f"member:{member_id}", detail)
    held = await _held(place)
    if tier.rank > place.rank:
        await fire("tier_reached", {"decision_ids": [str(held["decision_id"])]})
    return held


async def unlock_tier(member_id: UUID, ladder_code: str | None) -> Held:
    """Ends a lock and lets the rules decide at once, as a schedule firing now would. Without a lock: nothing.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, and `validation-failed` for an unknown ladder.
    """
    place = await _place(member_id, ladder_code, "/ladder")
    if place.locked:
        act_id = await _act(place, "unlock", None, None, None)
        await _tell(place, await _release(place, place.moment(act_id, firing=True)))
        await record("member.unlock_tier", f"member:{member_id}", {"ladder": place.ladder.code})
    return await _held(place)


async def repeat_act(
    member_id: UUID, act: asyncpg.Record, rules: Programme, recorded_at: datetime, zone: ZoneInfo
) -> None:
    """Does again, as of its instant, what a row of `tier_act` says that staff did: `set` or `unlock`.

    `rules` are those of that instant. The caller holds the member's lock; what the ladder had then is all there is.
    """
    ladder = rules.ladder(act["ladder"])
    if ladder is None:
        return
    held: Any = await connection().fetchrow(_HELD, current().tenant_id, member_id, ladder.code)
    place = _Place(member_id, rules, ladder, zone, act["recorded_at"], held)
    moment = replace(place.moment(act["id"], firing=act["act"] == "unlock"), recorded_at=recorded_at, told=False)
    if act["act"] == "unlock":
        if place.locked:
            await _release(place, moment)
        return
    tier = ladder.tier(act["tier"])
    if tier is not None:
        await give([_given(place, tier, act["locked_until"], act["id"])], rules, moment)


async def _release(place: _Place, moment: Moment) -> list[asyncpg.Record]:
    """What was decided, a row for each ladder."""
    over = place.today - ONE_DAY - timedelta(days=place.ladder.policy.grace_days)
    key = (current().tenant_id, place.member_id, place.ladder.code)
    await connection().execute(_RELEASE, *key, over)
    ladders = tuple(j for j, ladder in enumerate(place.rules.ladders) if ladder.code == place.ladder.code)
    if place.rules.kept.get(place.ladder.code):  # the validity ends here, whatever runs of before had done to it
        statement = deciding(ended_here(place.rules), ladders, Ids.ONE)
    else:
        statement = statement_for(current().tenant_id, place.rules, ladders, Ids.ONE)
    arguments = statement.arguments(current().tenant_id, (place.member_id,), moment)
    made = await connection().fetch(statement.sql, *arguments)
    on = renews_silently(place.ladder)
    until = valid_until(place.ladder.policy, place.today) if on else None
    await connection().execute(_RELEASED, *key, until, place.today if on else None)
    return made


async def _tell(place: _Place, made: Sequence[asyncpg.Record]) -> None:
    for row in made:
        ladder = place.rules.ladders[row["ladder"]].code
        await reached(place.rules, place.member_id, ladder, row["from_tier"], row["to_tier"], row["decision_id"])


async def _place(member_id: UUID, ladder_code: str | None, pointer: str) -> _Place:
    status = await connection().fetchval(_LOCK, current().tenant_id, member_id)
    if status is None:
        raise DomainError("not-found")
    if status != "active":
        raise DomainError("member-closed")
    tenant = await connection().fetchrow(_PLACE, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    if tenant["status"] in CLOSED:
        raise DomainError("tenant-closed")
    rules = await programme(tenant["programme_version"])
    ladder = rules.main if ladder_code is None else rules.ladder(ladder_code)
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError(pointer, "unknown-ladder")])
    held = await connection().fetchrow(_HELD, current().tenant_id, member_id, ladder.code)
    if held is None:
        raise DomainError("internal")
    return _Place(member_id, rules, ladder, ZoneInfo(tenant["timezone"]), tenant["now"], held)


def _normal_end(ladder: Ladder, today: date) -> date:
    return valid_until(ladder.policy, today) or add_months(today, _DEFAULT_MONTHS) - ONE_DAY


def _is_so(place: _Place, tier: Tier, until: date, reason: str) -> bool:
    """Whether the last thing that happened to the tier is this very act."""
    held = place.held
    return (
        held["reason"] == "manual"
        and (place.tier.code, held["locked_until"]) == (tier.code, until)
        and (held["act"], held["act_reason"]) == ("set", reason)
    )


async def _act(place: _Place, act: str, tier: str | None, reason: str | None, until: date | None) -> UUID:
    act_id: UUID = await connection().fetchval(
        _ACT,
        current().tenant_id,
        place.member_id,
        place.ladder.code,
        act,
        tier,
        reason,
        place.today if act == "set" else None,
        until,
        place.now,
        current().principal.actor,
        place.rules.version,
    )
    return act_id


def _given(place: _Place, tier: Tier, until: date, act_id: UUID) -> Given:
    """Who was lowered stays so under the lock, also if the lock is moved; the base tier has no validity."""
    stays = tier.rank < place.rank or (tier.rank == place.rank and not place.may_rise)
    return Given(
        place.member_id,
        place.ladder.code,
        "manual",
        act_id,
        tier.code,
        tier.rank,
        since=place.today,
        valid_from=place.today,
        valid_until=until if tier.rank > 0 else None,
        fell_on=place.held["fell_on"],
        locked_until=until,
        may_rise=not stays,
    )


async def _held(place: _Place) -> Held:
    held: Any = await connection().fetchrow(
        "SELECT m.joined_on, s.* FROM member m LEFT JOIN member_tier s ON s.tenant_id = m.tenant_id"
        " AND s.member_id = m.id AND s.ladder = $3 WHERE m.tenant_id = $1 AND m.id = $2",
        current().tenant_id,
        place.member_id,
        place.ladder.code,
    )
    locked = held["locked_until"] is not None and held["locked_until"] >= place.today
    ends = None
    if held["rank"] is not None:
        ends = gone_on(place.rules, place.ladder, Validity.of(held), await last_runs()).valid_until
    return Held(
        ladder=place.ladder.code,
        code=replace(place, held=held).tier.code,
        since=held["since"] or held["joined_on"],
        valid_until=ends,
        locked_until=held["locked_until"] if locked else None,
        may_rise=held["may_rise"] if locked else True,
        reason=held["reason"],
        decision_id=held["decision_id"],
    )
