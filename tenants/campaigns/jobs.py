"""The campaigns' jobs, by name: what was triggered, what every night looks for, what members are told."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.campaigns import triggered
from tenants.campaigns.campaign import WALK_JOB
from tenants.campaigns.giving import give, hold
from tenants.campaigns.telling import JOB as TELL_JOB
from tenants.campaigns.telling import tell, tell_later
from tenants.campaigns.walking import next_page
from tenants.members.birthdays import LONGEST_AGO
from tenants.messages.daytime import until_morning
from tenants.nightly import this_night
from tenants.programme.windows import local_day
from tenants.triggers import JOBS

NIGHT_JOB: Final = "campaigns.night"
WAIT: Final = timedelta(minutes=1)

# The ladders decide at this midnight, and who has to hear of it is found, before campaigns look at anybody.
_DECIDING: Final = """
SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name IN ('tiers', 'tier-notices') AND next_at <= $2)
    OR EXISTS (SELECT FROM outbox WHERE tenant_id = $1 AND dead_at IS NULL
                                    AND payload ->> 'schedule' IN ('tiers', 'tier-notices'))
    OR EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL AND cause = 'schedule')"""
_RUNNING: Final = "SELECT id, document FROM campaign WHERE tenant_id = $1 AND state = 'running' ORDER BY id"
_ON_ITS_DAY: Final = "birthday"


@job(JOBS["joined"])
async def joined(payload: dict[str, Any]) -> None:
    """`{member_id}`"""
    await triggered.joined(UUID(payload["member_id"]))


@job(JOBS["purchase"])
async def bought(payload: dict[str, Any]) -> None:
    """`{purchase_id}`"""
    await triggered.bought(UUID(payload["purchase_id"]))


@job(JOBS["tier_reached"])
async def raised(payload: dict[str, Any]) -> None:
    """`{decision_ids}`, or `{recalculation_id, after}`: a run's, behind a decision."""
    if "recalculation_id" in payload:
        after = UUID(payload["after"]) if "after" in payload else UUID(int=0)
        await triggered.raised_by_run(UUID(payload["recalculation_id"]), after)
    else:
        await triggered.raised([UUID(one) for one in payload["decision_ids"]])


@job(JOBS["referral"])
async def brought(payload: dict[str, Any]) -> None:
    """`{member_ids}`: who was brought."""
    await triggered.brought([UUID(one) for one in payload["member_ids"]])


@job(NIGHT_JOB)
async def night(payload: dict[str, Any]) -> None:
    """Every running campaign looks for those whom it has something for on the day that begins. Of a day that was
    missed only birthdays are made up for, up to `LONGEST_AGO`: the rest is looked at as it is now, tonight.
    """
    rows = await connection().fetch(_RUNNING, current().tenant_id)
    if not rows:
        return
    now = await this_night()
    if await connection().fetchval(_DECIDING, current().tenant_id, now.now):
        await enqueue(NIGHT_JOB, payload, delay=WAIT)
        return
    day = local_day(datetime.fromisoformat(payload["due_at"]), ZoneInfo(now.zone.key))
    for row in rows:
        of_birthdays = row["document"]["when"]["type"] == _ON_ITS_DAY and now.today - day <= LONGEST_AGO
        if day == now.today or of_birthdays:
            asked = {"campaign_id": str(row["id"]), "day": day.isoformat(), "schedule": payload["schedule"]}
            await enqueue(WALK_JOB, asked)


@job(WALK_JOB)
async def walk(payload: dict[str, Any]) -> None:
    """`{campaign_id, day, after}`: gives to one page of those whom it finds on the local day (today without one), and
    queues the page behind it.
    """
    held = await hold(UUID(payload["campaign_id"]))
    if held is None:
        return
    day = date.fromisoformat(payload["day"]) if "day" in payload else held.today
    page = await next_page(held, day, payload.get("after"))
    if page is None:
        return
    if page.candidates:
        await give(held, page.candidates, audience=not page.asked)
    if page.after is not None:
        await enqueue(WALK_JOB, {**payload, "after": list(page.after)}, direct=True)


@job(TELL_JOB)
async def tell_holders(payload: dict[str, Any]) -> None:
    """`{campaign_id, shares}`: sends the text, if the campaign still runs; by day, though the job came late."""
    held = await hold(UUID(payload["campaign_id"]))
    if held is None:
        return
    shares = {UUID(share_id): says for share_id, says in payload["shares"]}
    if until_morning(held.now, held.zone) is None:
        await tell(held.id, held.campaign, shares)
    else:
        await tell_later(held.id, list(shares.items()), held.now, held.zone)
