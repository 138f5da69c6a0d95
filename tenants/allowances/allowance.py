"""What a member may use free of charge, and what of it is used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.allowances.periods import Per, Period, period_of
from tenants.programme.benefits import Allowance as Benefit
from tenants.programme.document import Programme, Tier
from tenants.tiers.held import tiers_held

_USED: Final = """
SELECT u.product, u.per, sum(u.uses)::int AS used FROM allowance_use u
  JOIN unnest($3::text[], $4::text[], $5::date[]) x (product, per, period)
    ON x.product = u.product AND x.per = u.per AND x.period = u.period
 WHERE u.tenant_id = $1 AND u.member_id = ANY ($2::uuid[])
 GROUP BY u.product, u.per"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many free uses in this period; `used` of them are gone, more than `count` where a tier was lost meanwhile."""

    product: str
    per: Per
    period: Period
    count: int
    used: int

    @property
    def left(self) -> int:
        return max(0, self.count - self.used)

    def shown(self) -> dict[str, Any]:
        return {
            "product": self.product,
            "per": self.per,
            "from": self.period.first,
            "to": self.period.last,
            "count": self.count,
            "used": self.used,
            "left": self.left,
        }


def given(tiers: Iterable[Tier]) -> dict[tuple[str, Per], int]:
    """What the tiers give, by product and period. Of several that give the same, the largest count holds."""
    found: dict[tuple[str, Per], int] = {}
    for tier in tiers:
        for benefit in tier.benefits:
            if isinstance(benefit, Benefit):
                key = benefit.product, benefit.per
                found[key] = max(found.get(key, 0), benefit.count)
    return found


async def allowances_of(records: Sequence[UUID], rules: Programme, today: date) -> list[Allowance]:
    """The member's allowances on a local day, by product, the shortest period first. `records`: the member's id and
    then those of the records that were merged into it, whose uses count too.
    """
    counts = given(tier for _, tier in await tiers_held(records[0], rules))
    periods = {(product, per): period_of(per, today) for product, per in counts}
    rows = await connection().fetch(
        _USED,
        current().tenant_id,
        list(records),
        [product for product, _ in periods],
        [per for _, per in periods],
        [period.first for period in periods.values()],
    )
    used = {(row["product"], row["per"]): row["used"] for row in rows}
    found = [Allowance(*key, period, counts[key], used.get(key, 0)) for key, period in periods.items()]
    return sorted(found, key=lambda one: (one.product, one.period.last, one.period.last - one.period.first))
