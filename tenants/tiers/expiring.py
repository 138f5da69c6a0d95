"""Members hear before they fall: one `tier.expiring` event a validity, up to 30 days ahead, where nothing keeps the
tier as things stand.

A job of every night, in short batches. What was told is kept (`tier_notice`), so running it twice tells once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DEFAULT_LANGUAGE
from saas.i18n import as_language, n_
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.conditions import parts
from tenants.programme.document import Ladder, Programme
from tenants.programme.going_on import gone_on
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import UntilNextSchedule, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.explain import keeps as told_keeps
from tenants.tiers.reading import Reading
from tenants.tiers.runs import still_deciding
from tenants.tiers.steps import keeps

JOB: Final = "tiers.notices"
SCHEDULE: Final = "tier-notices"
AHEAD: Final = timedelta(days=30)
BATCH = 500
WAIT = timedelta(minutes=1)

_PLACE: Final = (
    "SELECT timezone, programme_version, locale, clock_timestamp() + clock_offset AS now FROM tenant"
    " WHERE tenant_id = $1"
)
_CAUGHT_UP: Final = "UPDATE schedule SET next_at = $3 WHERE tenant_id = $1 AND name = $2 AND next_at < $3"
_NEXT: Final = """
SELECT s.member_id, s.ladder, s.tier, {until} AS valid_until FROM member_tier s
  JOIN member m ON m.tenant_id = $1 AND m.id = s.member_id AND m.status = 'active'
 WHERE s.tenant_id = $1 AND s.rank > 0 AND s.ladder = ANY($2::text[]) AND {until} BETWEEN $3 AND $4
   AND ($5::uuid IS NULL OR (s.member_id, s.ladder) > ($5, $6::text))
   AND NOT EXISTS (SELECT FROM tier_notice t WHERE t.tenant_id = $1 AND t.member_id = s.member_id
                                               AND t.ladder = s.ladder AND t.valid_until = {until})
 ORDER BY s.member_id, s.ladder LIMIT $7"""
_PARAMETERS: Final = 7
_TELL: Final = """
WITH x AS (
  SELECT * FROM jsonb_to_recordset($2) AS x (id uuid, member_id uuid, ladder text, valid_until date, data jsonb)),
t AS (INSERT INTO tier_notice AS t (tenant_id, member_id, ladder, valid_until, event_id)
      SELECT $1, x.member_id, x.ladder, x.valid_until, x.id FROM x ORDER BY x.member_id, x.ladder
      ON CONFLICT DO NOTHING RETURNING t.event_id)
INSERT INTO event_new AS e (tenant_id, id, type, member_id, at, data)
SELECT $1, x.id, 'tier.expiring', x.member_id, $3, x.data FROM x JOIN t ON t.event_id = x.id"""


@dataclass(frozen=True, slots=True)
class _Night:
    rules: Programme
    zone: ZoneInfo
    now: datetime
    teller: Teller

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)

    @property
    def moment(self) -> Moment:
        """The midnight with which today began: D is the day that has ended, whole."""
        midnight = schedule_instant(self.today, self.zone)
        return moment_of(
            midnight, self.zone, firing=True, recorded_at=self.now, cause="recalculation", cause_id=UUID(int=0)
        )


async def run_notices(payload: dict[str, Any]) -> None:
    """The job of one batch: tells the next members and queues the batch after it. It speaks of the night that was
    last, so nights that the scheduler missed needn't be made up for.
    """
    tenant = await connection().fetchrow(_PLACE, current().tenant_id)
    if tenant is None:
        raise RuntimeError("a tenant without its row")
    if await still_deciding(tenant["now"]):  # that renews and lifts some of those who would be told
        await enqueue(JOB, payload, delay=WAIT)
        return
    rules = await programme(tenant["programme_version"])
    teller = Teller(as_language(tenant["locale"]) or DEFAULT_LANGUAGE, rules.currency)
    night = _Night(rules, ZoneInfo(tenant["timezone"]), tenant["now"], teller)
    ladders = [ladder for ladder in night.rules.ladders if not isinstance(ladder.policy.validity, UntilNextSchedule)]
    tomorrow = schedule_instant(night.today + ONE_DAY, night.zone)
    await connection().execute(_CAUGHT_UP, current().tenant_id, SCHEDULE, tomorrow)
    after = payload.get("after") or (None, None)
    ends = Binder(_PARAMETERS + 1)
    due = await connection().fetch(
        _NEXT.format(until=_until(rules, ladders, ends)),
        current().tenant_id,
        [ladder.code for ladder in ladders],
        night.today,
        night.today + AHEAD,
        *after,
        BATCH,
        *ends.values(night.moment),
    )
    for ladder in ladders:
        await _tell(night, ladder, [row for row in due if row["ladder"] == ladder.code])
    if len(due) == BATCH:
        last = due[-1]
        await enqueue(JOB, {**payload, "after": [str(last["member_id"]), last["ladder"]]}, direct=True)


def _until(rules: Programme, ladders: Sequence[Ladder], binder: Binder) -> str:
    """SQL: the last day of the validity of a row `s`, which may be what rules of before had renewed."""
    renewed = [ladder for ladder in ladders if rules.kept.get(ladder.code)]
    whens = [
        f"WHEN {binder.constant(ladder.code, 'text')} THEN {gone_on(rules, ladder, 's', binder).valid_until}"
        for ladder in renewed
    ]
    return f"CASE s.ladder {' '.join(whens)} ELSE s.valid_until END" if whens else "s.valid_until"


async def _tell(night: _Night, ladder: Ladder, due: Sequence[asyncpg.Record]) -> None:
    if not due:
        return
    ends = {row["member_id"]: row["valid_until"] for row in due}
    events = [
        {
            "id": str(uuid7()),
            "member_id": str(reading.row["id"]),
            "ladder": ladder.code,
            "valid_until": ends[reading.row["id"]].isoformat(),
            "data": _data(reading, ends[reading.row["id"]], night.teller),
        }
        for reading in await _falling(night, ladder, list(ends))
    ]
    await connection().execute(_TELL, current().tenant_id, events, night.now)


async def _falling(night: _Night, ladder: Ladder, members: list[UUID]) -> list[Reading]:
    """Those of the members whose tier nothing keeps, with their values."""
    index = night.rules.ladders.index(ladder)
    values = Values(night.rules, [index], Ids.SOME)
    for use in values.uses[index]:
        for part in parts(use.leaf):
            values.leaf(part, index, in_retain=use.in_retain)
    kept = keeps(values, index)
    sql = f"WITH {values.ctes()}\nSELECT * FROM v WHERE NOT {kept} ORDER BY v.id"
    moment = night.moment
    rows = await connection().fetch(sql, current().tenant_id, members, *values.binder.values(moment))
    return [Reading(values, row, index, ladder, moment) for row in rows]


def _data(reading: Reading, valid_until: date, teller: Teller) -> dict[str, Any]:
    """What the chain's own systems need to tell the member: until when, and what would keep the tier; in the chain's
    language too, ready to be sent.
    """
    grace_until = valid_until + timedelta(days=reading.ladder.policy.grace_days)
    return {
        "ladder": reading.ladder.code,
        "tier": reading.row[f"s{reading.index}_tier"],
        "valid_until": valid_until.isoformat(),
        "grace_until": grace_until.isoformat(),
        "keeps": told_keeps(reading, teller),
        "text": _text(reading, valid_until, grace_until, teller),
    }


def _text(reading: Reading, valid_until: date, grace_until: date, teller: Teller) -> str:
    held, until = reading.held, teller.day(valid_until)
    condition = None if held is None else held.retain or held.qualify
    if held is None or condition is None:  # a tier that the rules have dropped: nothing keeps it
        return teller.sentence(teller.say("the tier ends on %(day)s", day=until))
    said = {"tier": teller.named(held.names), "day": until, "what": condition_text(condition, teller)}
    if grace_until == valid_until:
        return teller.sentence(teller.say("%(tier)s ends on %(day)s; it is kept by %(what)s", **said))
    grace = teller.day(grace_until)
    message = n_("%(tier)s ends on %(day)s, with grace until %(grace)s; it is kept by %(what)s")
    return teller.sentence(teller.say(message, grace=grace, **said))
