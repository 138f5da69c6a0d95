"""Who is compared: the members whom a campaign reached, and those of its control group."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.campaigns.audience import audience_of
from tenants.campaigns.control import IN_CONTROL
from tenants.campaigns.document import AnyCampaign

PATIENCE: Final = 10.0
"""Seconds for finding an audience; a larger one is compared as far as it was found."""
_PAGE: Final = 10_000

# The survivors of merged records, each once: reached if one of its records was.
_SHARES: Final = """
SELECT coalesce(m.merged_into, m.id) AS member_id, bool_and(x.is_control) AS is_control, min(x.at) AS since
  FROM campaign_share x JOIN member m ON m.tenant_id = $1 AND m.id = x.member_id
 WHERE x.tenant_id = $1 AND x.campaign_id = $2 GROUP BY 1"""
_CONTROL: Final = IN_CONTROL.format(campaign="$2::uuid", member="m.id", percent="$5::numeric")
_EVERYBODY: Final = f"""
SELECT m.id AS member_id, {_CONTROL} AS is_control, $4::timestamptz AS since
  FROM member m WHERE m.tenant_id = $1 AND m.status = 'active' AND m.created_at < $3"""
_LISTED: Final = f"""
SELECT m.id AS member_id, {_CONTROL} AS is_control, $4::timestamptz AS since FROM unnest($6::uuid[]) AS m (id)"""

# Net of refunds, without what bonus money paid where that doesn't count; undone purchases are none. Facts stay with
# the record that they were made for.
_BOUGHT: Final = """
WITH s AS MATERIALIZED ({members}),
r AS (SELECT s.*, s.member_id AS record FROM s
       UNION ALL SELECT s.*, o.id FROM s JOIN member o ON o.tenant_id = $1 AND o.merged_into = s.member_id)
SELECT r.is_control, count(DISTINCT r.member_id) AS members,
       count(DISTINCT r.member_id) FILTER (WHERE p.id IS NOT NULL) AS buyers, count(p.id) AS purchases,
       coalesce(sum(p.amount - p.uncounted - coalesce(b.refunded - b.uncounted, 0)), 0)::bigint AS spend
  FROM r
  LEFT JOIN (purchase p LEFT JOIN purchase_refunded b ON b.tenant_id = p.tenant_id AND b.purchase_id = p.id)
    ON p.tenant_id = $1 AND p.member_id = r.record AND p.occurred_at >= r.since AND p.occurred_at < $3{heard}
   AND (p.amount = 0 OR p.amount > coalesce(b.refunded, 0))
   AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)
 GROUP BY r.is_control"""

# Whatever happened since was heard of since, but for tills whose clocks are ahead: there is an index for that.
_HEARD: Final = " AND p.recorded_at >= $4::timestamptz - interval '1 day'"


@dataclass(frozen=True, slots=True)
class Group:
    """Members, those of them who bought, their standing purchases, and what they spent (minor units, net)."""

    members: int = 0
    buyers: int = 0
    purchases: int = 0
    spend: int = 0

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Group":
        return cls(row["members"], row["buyers"], row["purchases"], row["spend"])

    def shown(self) -> dict[str, Any]:
        """As JSON data, with what one member spent (minor units, rounded half up)."""
        counts = {name: getattr(self, name) for name in ("members", "buyers", "purchases", "spend")}
        return {**counts, "spend_per_member": _rounded(self.mean())}

    def mean(self) -> Decimal:
        """Spend per member; 0 of nobody."""
        return Decimal(self.spend) / self.members if self.members else Decimal(0)


@dataclass(frozen=True, slots=True)
class Groups:
    """`complete` is false where not all of the audience was looked at."""

    reached: Group
    control: Group
    complete: bool = True

    @classmethod
    def nobody(cls) -> "Groups":
        return cls(Group(), Group())

    def difference(self) -> dict[str, Any] | None:
        """What a reached member spent and bought more than one of the control group, and what that makes for all who
        were reached. None where there is nobody to compare.
        """
        if not self.reached.members or not self.control.members:
            return None
        more = self.reached.mean() - self.control.mean()
        rates = [Decimal(100 * group.buyers) / group.members for group in (self.reached, self.control)]
        return {
            "spend_per_member": _rounded(more),
            "buyers_percent": str((rates[0] - rates[1]).quantize(Decimal("0.01"), ROUND_HALF_UP)),
            "spend": _rounded(more * self.reached.members),
        }


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


async def groups_of_shares(campaign_id: UUID, until: datetime) -> Groups:
    """Who had a share, and what each bought from then on."""
    return await _groups(_BOUGHT.format(members=_SHARES, heard=""), [campaign_id, until], complete=True)


async def groups_of_audience(campaign_id: UUID, campaign: AnyCampaign, since: datetime, until: datetime) -> Groups:
    """Of a campaign that works at the till: its audience as it is now, and what it bought since the beginning."""
    arguments: list[Any] = [campaign_id, until, since, campaign.control_percent]
    if campaign.audience is None:
        return await _groups(_BOUGHT.format(members=_EVERYBODY, heard=_HEARD), arguments, complete=True)
    ids: list[UUID] = []
    segment = await audience_of(campaign.audience, patience=PATIENCE)
    before: UUID | None = None
    while segment is not None:
        page = await segment.page(before, _PAGE)
        ids += page.ids
        before = page.after
        if before is None or len(page.ids) < _PAGE:
            break
    return await _groups(_BOUGHT.format(members=_LISTED, heard=_HEARD), [*arguments, ids], complete=before is None)


async def _groups(sql: str, arguments: list[Any], *, complete: bool) -> Groups:
    rows = await connection().fetch(sql, current().tenant_id, *arguments)
    found = {row["is_control"]: Group.of(row) for row in rows}
    return Groups(found.get(False, Group()), found.get(True, Group()), complete)
