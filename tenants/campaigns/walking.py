"""For whom a campaign has something without anybody having done anything: looked for every night, page by page.

Birthdays, points and tiers that are about to end, who has come into a segment, and, while its days last, everybody in
the audience of a campaign that gives or tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.i18n import tongue
from saas.scope import connection, current
from tenants.campaigns.audience import audience_of
from tenants.campaigns.giving import BATCH, Candidate, Held
from tenants.campaigns.missing import gaps, in_words
from tenants.campaigns.periods import box_period, period_of
from tenants.campaigns.when import OnBirthday, OnPointsExpiring, OnSegmentEntered, OnTierExpiring, TimeBox
from tenants.campaigns.wording import Chain, chain, tier_name
from tenants.members.birthdays import kept

After = Sequence[str]
"""Where the next page begins; JSON data."""

_NOT_YET: Final = """NOT EXISTS (SELECT FROM campaign_share s WHERE s.tenant_id = $1 AND s.campaign_id = $2
                      AND s.member_id = {member} AND s.period = {period})"""
_EVERYBODY: Final = """
SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.status = 'active' AND m.id > $2 ORDER BY m.id LIMIT $3"""
_BIRTHDAYS: Final = """
SELECT m.id, k.year FROM unnest($2::text[], $3::integer[], $4::integer[]) AS k (calendar, mark, year)
  JOIN member m ON m.tenant_id = $1 AND m.birthday_calendar = k.calendar AND m.kept_on = k.mark
 WHERE m.status = 'active' AND m.id > $5 ORDER BY m.id LIMIT $6"""
_LOTS: Final = f"""
SELECT l.expires_on, l.member_id, sum(l."left")::bigint AS points FROM points_lot l
 WHERE l.tenant_id = $1 AND l."left" > 0 AND l.expires_on BETWEEN $3 AND $4 AND (l.expires_on, l.member_id) > ($5, $6)
   AND {_NOT_YET.format(member="l.member_id", period="coalesce($7::text, l.expires_on::text)")}
 GROUP BY l.expires_on, l.member_id ORDER BY l.expires_on, l.member_id LIMIT $8"""
# What was told before the campaign began isn't told again.
_NOTICES: Final = f"""
SELECT n.valid_until, n.member_id, n.ladder, n.event_id, e.data FROM tier_notice n
  JOIN LATERAL (SELECT o.at, o.data FROM event o WHERE o.tenant_id = $1 AND o.id = n.event_id UNION ALL
                SELECT o.at, o.data FROM event_new o WHERE o.tenant_id = $1 AND o.id = n.event_id) e ON e.at >= $3
 WHERE n.tenant_id = $1 AND n.valid_until >= $4 AND n.ladder = ANY ($5)
   AND (n.valid_until, n.member_id, n.ladder) > ($6, $7, $8)
   AND {_NOT_YET.format(member="n.member_id", period="coalesce($9::text, n.ladder || ' ' || n.valid_until)")}
 ORDER BY n.valid_until, n.member_id, n.ladder LIMIT $10"""
# Who was inside under a record that was merged since is inside still, and comes in no second time.
_UNITE: Final = """
WITH merged AS (
    DELETE FROM campaign_inside AS i USING member o
     WHERE i.tenant_id = $1 AND i.campaign_id = $2 AND o.tenant_id = $1 AND o.id = i.member_id
       AND o.merged_into IS NOT NULL RETURNING o.merged_into)
INSERT INTO campaign_inside AS i (tenant_id, campaign_id, member_id)
SELECT DISTINCT $1::uuid, $2::uuid, m.merged_into FROM merged m ORDER BY m.merged_into
ON CONFLICT DO NOTHING"""
_ENTERED: Final = """
WITH gone AS (
    DELETE FROM campaign_inside AS i WHERE i.tenant_id = $1 AND i.campaign_id = $2
       AND i.member_id >= $3 AND i.member_id < $4 AND i.member_id <> ALL ($5)),
come AS (
    INSERT INTO campaign_inside AS i (tenant_id, campaign_id, member_id)
    SELECT $1, $2, n.id FROM unnest($5::uuid[]) AS n (id) ORDER BY n.id
    ON CONFLICT DO NOTHING RETURNING i.member_id)
SELECT c.member_id FROM come c ORDER BY c.member_id"""
_BEGINNING: Final = UUID(int=0)
_END: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """Who may get a share now. `after`: where the next page begins, None at the end. `asked`: they are known to be in
    the audience.
    """

    candidates: list[Candidate]
    after: After | None
    asked: bool = False


async def next_page(held: Held, day: date, after: After | None) -> Page | None:
    """The next of those for whom the campaign has something on the local day `day`, behind `after`. None: it isn't one
    that looks for anybody, or not on this day.
    """
    campaign, when = held.campaign, held.campaign.when
    match when:
        case OnBirthday():
            return await _birthdays(day + timedelta(days=when.days_before), after)
        case OnPointsExpiring():
            return await _expiring_points(held, when.days, after)
        case OnTierExpiring():
            return await _expiring_tiers(held, after)
        case OnSegmentEntered():
            return await _entered(held, after)
        case _ if isinstance(when, TimeBox) and when.holds(held.today) and _speaks(held):
            period = box_period(when, held.today) if campaign.once is None else period_of(campaign.once, held.today)
            return await _everybody(held, period, after)
    return None


def _speaks(held: Held) -> bool:
    """What only changes prices or points has nothing to bring to anybody, but may be announced."""
    return held.campaign.type in {"grant", "message"} or held.campaign.message is not None


async def _birthdays(day: date, after: After | None) -> Page:
    marks = [(one.calendar, mark, one.year) for one in kept(day) for mark in one.marks]
    columns = [list(column) for column in zip(*marks, strict=True)]
    start = UUID(after[0]) if after else _BEGINNING
    rows = await connection().fetch(_BIRTHDAYS, current().tenant_id, *columns, start, BATCH)
    found = [Candidate(row["id"], row["id"], f"birthday {row['year']}", year=row["year"]) for row in rows]
    return Page(found, [str(rows[-1]["id"])] if len(rows) == BATCH else None)


async def _everybody(held: Held, period: str, after: After | None) -> Page:
    """The whole audience, also those who had their share of the period: `give` knows."""
    audience = held.campaign.audience
    if audience is None:
        start = UUID(after[0]) if after else _BEGINNING
        rows = await connection().fetch(_EVERYBODY, current().tenant_id, start, BATCH)
        ids: list[UUID] = [row["id"] for row in rows]
        following = ids[-1] if len(ids) == BATCH else None
    else:
        segment = await audience_of(audience)
        if segment is None:
            return Page([], None)
        page = await segment.page(UUID(after[0]) if after else None, BATCH)
        ids, following = page.ids, page.after
    found = [Candidate(one, held.id, period) for one in ids]
    return Page(found, None if following is None else [str(following)], asked=True)


async def _entered(held: Held, after: After | None) -> Page:
    """Those in the segment who weren't in it when it was last looked at; all of them the first time."""
    segment = None if held.campaign.audience is None else await audience_of(held.campaign.audience)
    if segment is None:
        return Page([], None)
    if not after:
        await connection().execute(_UNITE, current().tenant_id, held.id)
    before = UUID(after[0]) if after else _END
    page = await segment.page(before, BATCH)
    first = page.after or _BEGINNING
    rows = await connection().fetch(_ENTERED, current().tenant_id, held.id, first, before, page.ids)
    found = [Candidate(row["member_id"], held.id, held.today.isoformat()) for row in rows]
    return Page(found, None if page.after is None else [str(page.after)], asked=True)


async def _expiring_points(held: Held, days: int, after: After | None) -> Page:
    start = (date.fromisoformat(after[0]), UUID(after[1])) if after else (date.min, _BEGINNING)
    span = held.today, held.today + timedelta(days=days)
    rows = await connection().fetch(_LOTS, current().tenant_id, held.id, *span, *start, _limit(held), BATCH)
    teller = await chain() if rows else None
    found = [_points(row, teller) for row in rows if teller is not None]
    last = rows[-1] if len(rows) == BATCH else None
    return Page(found, None if last is None else [last["expires_on"].isoformat(), str(last["member_id"])])


def _points(row: asyncpg.Record, teller: Chain) -> Candidate:
    words = tongue(teller.language)
    says = {"points": words.number(row["points"]), "date": words.day(row["expires_on"])}
    return Candidate(row["member_id"], row["member_id"], row["expires_on"].isoformat(), says)


async def _expiring_tiers(held: Held, after: After | None) -> Page:
    start = (date.fromisoformat(after[0]), UUID(after[1]), after[2]) if after else (date.min, _BEGINNING, "")
    teller = await chain()
    ladders = [ladder.code for ladder in teller.rules.ladders if ladder.visibility == "members"]
    rows = await connection().fetch(
        _NOTICES,
        current().tenant_id,
        held.id,
        held.started_at,
        held.today,
        ladders,
        *start,
        _limit(held),
        BATCH,
    )
    last = rows[-1] if len(rows) == BATCH else None
    following = None if last is None else [last["valid_until"].isoformat(), str(last["member_id"]), last["ladder"]]
    return Page([_tier(row, teller) for row in rows], following)


def _tier(row: asyncpg.Record, teller: Chain) -> Candidate:
    told: dict[str, Any] = row["data"]
    lacks = gaps((told.get("keeps") or {}).get("conditions"))
    says = {
        "tier": tier_name(teller, row["ladder"], told["tier"]),
        "date": tongue(teller.language).day(row["valid_until"]),
        "missing": in_words(lacks, teller.language, teller.currency),
    }
    return Candidate(row["member_id"], row["event_id"], f"{row['ladder']} {row['valid_until']}", says)


def _limit(held: Held) -> str | None:
    """The period of the campaign's `once`; None without: then each occasion is one of its own."""
    return None if held.campaign.once is None else period_of(held.campaign.once, held.today)
