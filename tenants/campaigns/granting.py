"""What a campaign's shares bring their members: points and coupons, each with its share as the source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.campaigns.document import GrantCampaign
from tenants.coupons.coupon import definition_named
from tenants.coupons.ledger import Grant
from tenants.coupons.ledger import grant as grant_coupons
from tenants.numbers import TAKE
from tenants.points.book import Book, Fact
from tenants.points.ledger import ACCOUNT, account_of, post
from tenants.points.lots import lot_of
from tenants.programme.asked import asks_for_points
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.tiers.evaluate import evaluate_fact

_RULES: Final = """
SELECT programme_version, timezone, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"""
_ACCOUNTS: Final = f"""
SELECT m.id, {ACCOUNT.format(member="m.id")} AS account FROM member m WHERE m.tenant_id = $1 AND m.id = ANY ($2)"""


@dataclass(frozen=True, slots=True)
class Due:
    """A share whose member gets what the campaign gives."""

    share_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class _Now:
    rules: Programme
    at: datetime
    zone: ZoneInfo


async def can_give(campaign: GrantCampaign) -> bool:
    """Whether there is anything left to give: points, or a coupon that hasn't ended."""
    if campaign.points or campaign.coupon is None:
        return True
    given = await definition_named(campaign.coupon)
    return given is not None and not given.ended


async def grant(campaign: GrantCampaign, due: Sequence[Due]) -> None:
    """Gives it, under the members' locks, which the caller holds: one number of each member for all that it gets.
    Points may lift a tier, so its ladders are evaluated.
    """
    rows = await connection().fetch(TAKE, current().tenant_id, sorted({one.member_id for one in due}))
    numbers: dict[UUID, int] = {row["id"]: row["seq"] for row in rows}
    row = await connection().fetchrow(_RULES, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    now = _Now(await programme(row["programme_version"]), row["now"], ZoneInfo(row["timezone"]))
    if campaign.coupon is not None:
        asked = [Grant(campaign.coupon, x.member_id, "campaign", x.share_id, numbers[x.member_id]) for x in due]
        await grant_coupons(asked, recorded_at=now.at, today=local_day(now.at, now.zone))
    if campaign.points:
        await _accrue(campaign.points, due, numbers, now)
        if asks_for_points(now.rules):
            for one in due:
                await evaluate_fact(
                    one.member_id, now.rules.version, now.at, now.zone.key, "campaign", one.share_id, None
                )


async def _accrue(points: int, due: Sequence[Due], numbers: dict[UUID, int], now: _Now) -> None:
    rows = await connection().fetch(_ACCOUNTS, current().tenant_id, sorted(numbers))
    books = {row["id"]: Book(account_of(row["account"])) for row in rows}
    today, actor = local_day(now.at, now.zone), current().principal.actor
    lot = lot_of(points, now.rules.points, today)
    for one in due:
        seq, version = numbers[one.member_id], now.rules.version
        fact = Fact(one.member_id, seq, one.share_id, now.at, today, actor, version=version)
        books[one.member_id].accrue(fact, "campaign", lot)
    await post([posting for book in books.values() for posting in book.postings])
