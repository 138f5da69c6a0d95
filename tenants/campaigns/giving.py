"""Gives: the shares of a campaign that members get, each once a period, and what comes with them.

One transaction does it all: the campaign's row is held against a stop, the members' rows are locked in id order, the
shares are claimed (a claim that is there already gives nothing: jobs may run twice), and what was claimed is granted.
Who is in the control group has a share too, and nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.campaigns.audience import audience_of
from tenants.campaigns.control import IN_CONTROL
from tenants.campaigns.document import AnyCampaign, GrantCampaign, parse_campaign
from tenants.campaigns.granting import Due, can_give, grant
from tenants.campaigns.periods import period_of
from tenants.campaigns.telling import tell_later
from tenants.programme.windows import local_day

BATCH: Final = 500
"""Members whose locks one transaction holds."""

_HOLD: Final = """
SELECT c.document, c.started_at, t.timezone, clock_timestamp() + t.clock_offset AS now
  FROM campaign c JOIN tenant t ON t.tenant_id = c.tenant_id
 WHERE c.tenant_id = $1 AND c.id = $2 AND c.state = 'running' FOR SHARE OF c"""
_LOCK: Final = """
SELECT m.id, m.is_returning FROM member m
 WHERE m.tenant_id = $1 AND m.status = 'active' AND m.id = ANY ($2) ORDER BY m.id FOR NO KEY UPDATE"""
_SURVIVORS: Final = (
    "SELECT m.id, coalesce(m.merged_into, m.id) AS survivor FROM member m WHERE m.tenant_id = $1 AND m.id = ANY ($2)"
)
# Lateral, so that each is looked up: statistics lag behind a table that grows by a page at a time. A record that was
# merged into the member had its share for both.
_HAD: Final = """
SELECT n.id AS member_id, s.period FROM unnest($3::uuid[]) AS n (id) CROSS JOIN LATERAL (
    SELECT o.period FROM campaign_share o WHERE o.tenant_id = $1 AND o.campaign_id = $2 AND o.member_id = n.id
     UNION ALL
    SELECT o.period FROM campaign_share o JOIN member m ON m.tenant_id = $1 AND m.id = o.member_id
     WHERE m.merged_into = n.id AND o.tenant_id = $1 AND o.campaign_id = $2) s"""
_MERGED: Final = "SELECT EXISTS (SELECT FROM member WHERE tenant_id = $1 AND id = ANY ($2) AND merged_into IS NOT NULL)"
_CONTROL: Final = IN_CONTROL.format(campaign="$2::uuid", member="n.member_id", percent="$3::numeric")
_CLAIM: Final = f"""
INSERT INTO campaign_share AS s (tenant_id, campaign_id, member_id, period, is_control, source_id, at)
SELECT $1, $2, n.member_id, n.period, {_CONTROL}, n.source_id, $4
  FROM unnest($5::uuid[], $6::text[], $7::uuid[]) AS n (member_id, period, source_id)
 ORDER BY n.member_id, n.period
ON CONFLICT DO NOTHING RETURNING s.id, s.member_id, s.period, s.is_control"""


class MovedError(RuntimeError):
    """The job is rolled back and runs again."""


@dataclass(frozen=True, slots=True)
class Held:
    """A running campaign that can't be stopped before the scope ends. `today` is the tenant's local day."""

    id: UUID
    campaign: AnyCampaign
    started_at: datetime
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may get a share, and for what: `reason` tells one occasion from another where the campaign doesn't limit how
    often it is had; `says` are values of its message (`date`, `points`, `missing`), as they are written.
    """

    member_id: UUID
    source_id: UUID
    reason: str
    says: Mapping[str, str] = field(default_factory=dict)
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share that was claimed just now, and not for the control group."""

    id: UUID
    member_id: UUID
    says: Mapping[str, str]


async def hold(campaign_id: UUID) -> Held | None:
    """The campaign, if it runs; stopping it waits from now on."""
    row = await connection().fetchrow(_HOLD, current().tenant_id, campaign_id)
    if row is None:
        return None
    zone = ZoneInfo(row["timezone"])
    return Held(campaign_id, parse_campaign(row["document"]), row["started_at"], row["now"], zone)


async def give(
    held: Held, candidates: Sequence[Candidate], *, audience: bool = True, newcomers: Collection[UUID] = ()
) -> list[Share]:
    """Gives to those of the candidates (at most `BATCH`) who are active, are in the audience (asked unless the caller
    has: `audience=False`), and have had no share for this yet. `newcomers` are welcomed: those of them who were
    members before get nothing.
    """
    campaign = held.campaign
    if isinstance(campaign, GrantCampaign) and not await can_give(campaign):
        return []
    found = await _fresh(held, await _survivors(candidates))
    if not found:
        return []
    locked = await _lock({one.member_id for one in found})
    welcome = set((await _merged(newcomers)).values())
    able = {row["id"] for row in locked if not (row["is_returning"] and row["id"] in welcome)}
    if audience and campaign.audience is not None and able:
        able &= await _in_audience(campaign.audience, able)
    shares = await _claim(held, await _fresh(held, [one for one in found if one.member_id in able]))
    if shares:
        if isinstance(campaign, GrantCampaign):
            await grant(campaign, [Due(share.id, share.member_id) for share in shares])
        if campaign.message is not None:
            await tell_later(held.id, [(share.id, share.says) for share in shares], held.now, held.zone)
    return shares


async def lock_in_order(candidates: Sequence[Candidate]) -> None:
    """To be called before more than one campaign gives to several members in a transaction: each would lock its own."""
    await _lock({one.member_id for one in await _survivors(candidates)})


async def _lock(members: Collection[UUID]) -> list[asyncpg.Record]:
    """Those of the members who are active. Raises MovedError where one was merged while we waited for it."""
    rows = await connection().fetch(_LOCK, current().tenant_id, sorted(members))
    missing = sorted(set(members) - {row["id"] for row in rows})
    if missing and await connection().fetchval(_MERGED, current().tenant_id, missing):
        raise MovedError("a member was merged meanwhile: the next try finds the survivor")
    return rows


async def _survivors(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates under the ids of those who they were merged into, if they were."""
    survivor = await _merged([one.member_id for one in candidates])
    return [replace(one, member_id=survivor[one.member_id]) for one in candidates if one.member_id in survivor]


async def _merged(members: Collection[UUID]) -> dict[UUID, UUID]:
    if not members:
        return {}
    rows = await connection().fetch(_SURVIVORS, current().tenant_id, sorted(members))
    return {row["id"]: row["survivor"] for row in rows}


async def _in_audience(code: str, members: Collection[UUID]) -> set[UUID]:
    segment = await audience_of(code)
    return set() if segment is None else await segment.among(sorted(members))


def _by_period(held: Held, candidates: Sequence[Candidate]) -> dict[tuple[UUID, str], Candidate]:
    """The first candidate of each member and period."""
    found: dict[tuple[UUID, str], Candidate] = {}
    for one in candidates:
        found.setdefault((one.member_id, _period(held, one)), one)
    return found


def _period(held: Held, candidate: Candidate) -> str:
    once = held.campaign.once
    if once is None:
        return candidate.reason
    if once == "year" and candidate.year is not None:
        return str(candidate.year)
    return period_of(once, held.today)


async def _fresh(held: Held, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those who have had no share for this yet; for certain only behind their locks."""
    asked = _by_period(held, candidates)
    members = sorted({member_id for member_id, _ in asked})
    rows = await connection().fetch(_HAD, current().tenant_id, held.id, members)
    had = {(row["member_id"], row["period"]) for row in rows}
    return [one for place, one in asked.items() if place not in had]


async def _claim(held: Held, candidates: Sequence[Candidate]) -> list[Share]:
    """The shares of those who had none in the period yet, less the control group's."""
    asked = _by_period(held, candidates)
    rows: list[asyncpg.Record] = await connection().fetch(
        _CLAIM,
        current().tenant_id,
        held.id,
        held.campaign.control_percent,
        held.now,
        [member_id for member_id, _ in asked],
        [period for _, period in asked],
        [one.source_id for one in asked.values()],
    )
    return [
        Share(row["id"], row["member_id"], asked[row["member_id"], row["period"]].says)
        for row in sorted(rows, key=lambda row: (row["member_id"], row["id"]))
        if not row["is_control"]
    ]
