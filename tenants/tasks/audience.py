"""For whom a rule is now: a segment's members, or those who hold one of its tiers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.campaigns.audience import audience_of
from tenants.campaigns.control import in_control
from tenants.campaigns.document import AnyCampaign, parse_campaign
from tenants.campaigns.periods import EVER, box_period
from tenants.campaigns.when import Always, Between, MonthDays, TimeBox, Weekdays, Yearly
from tenants.programme.versions import current_programme
from tenants.segments.properties import TierProperty
from tenants.segments.selecting import Segment, segment_of

_RUNNING: Final = "SELECT id, document FROM campaign WHERE tenant_id = $1 AND state = 'running' ORDER BY id"


async def audience(rule: asyncpg.Record) -> Segment | None:
    """As the system sees it, staff's ladders too; None where what the rule names is gone: then it is for nobody.

    A tier that was renamed or replaced since is what became of it.
    """
    if rule["segment"] is not None:
        return await audience_of(rule["segment"])
    rules = await current_programme()
    ladder = rules.ladder(rule["ladder"])
    if ladder is None:
        return None
    lineage = rules.lineage.get(ladder.code, {})
    codes = [code if ladder.tier(code) is not None else lineage.get(code, code) for code in rule["tiers"]]
    known = sorted({code for code in codes if ladder.tier(code) is not None})
    if not known:
        return None
    condition = TierProperty.model_validate({"property": "tier", "ladder": ladder.code, "in": known})
    return await segment_of(condition, by_system=True)


@dataclass(frozen=True, slots=True)
class Reason:
    """A campaign that gives a reason to call, and the period in which it does so once a member."""

    campaign_id: UUID
    campaign: AnyCampaign
    period: str

    async def among(self, members: Sequence[UUID]) -> list[UUID]:
        """Those of these members whom the campaign is for. Its control group is left alone: who is called is no longer
        somebody who got nothing.
        """
        found: Collection[UUID] = members
        if self.campaign.audience is not None:
            segment = await audience_of(self.campaign.audience)
            found = set() if segment is None else await segment.among(members)
        percent = self.campaign.control_percent
        return [one for one in members if one in found and not in_control(self.campaign_id, one, percent)]


@dataclass(frozen=True, slots=True)
class Reasons:
    """`today`: the campaigns that hold today. `lasting`: those of which open tasks stay."""

    today: list[Reason]
    lasting: list[UUID]


async def reasons(today: date) -> Reasons:
    """The running campaigns that have days: what an event triggers is for one member at a time, and begins for nobody
    else.
    """
    rows = await connection().fetch(_RUNNING, current().tenant_id)
    holding, lasting = [], []
    for row in rows:
        campaign: Any = parse_campaign(row["document"])
        if not isinstance(campaign.when, TimeBox):
            continue
        if not (isinstance(campaign.when, Between) and campaign.when.last < today):
            lasting.append(row["id"])
        if campaign.when.holds(today):
            holding.append(Reason(row["id"], campaign, _period(campaign.when, today)))
    return Reasons(holding, lasting)


def _period(box: TimeBox, today: date) -> str:
    """Once for as long as it runs; each year where it comes once a year. A member's day each week is one reason, not
    one a week.
    """
    match box:
        case Yearly():
            return box_period(box, today)
        case Always() | Between() | Weekdays() | MonthDays():
            return EVER
