"""Gives gifts: each once a member, tier and occasion, however often it is asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from saas.scope import connection, current
from tenants.coupons.granting import Locked
from tenants.coupons.ledger import Grant, grant
from tenants.programme.benefits import Gift as Benefit
from tenants.programme.document import Tier

Occasion = Literal["upgrade", "birthday"]

# What a record had before it was merged, its survivor has had.
_GIVEN: Final = """
SELECT DISTINCT r.id AS member_id, g.ladder, g.tier, g.year
  FROM unnest($2::uuid[]) r (id)
  JOIN member u ON u.tenant_id = $1 AND (u.id = r.id OR u.merged_into = r.id)
  JOIN gift g ON g.tenant_id = $1 AND g.member_id = u.id
 WHERE g.occasion = $3 AND g.taken_back_by IS NULL"""
_KEEP: Final = """
INSERT INTO gift AS g (tenant_id, member_id, occasion, ladder, tier, year, coupon, grant_id, given_at)
SELECT $1, x.member_id, $3, x.ladder, x.tier, x.year, x.coupon, x.grant_id, $4
  FROM jsonb_to_recordset($2) AS x (member_id uuid, ladder text, tier text, year smallint, coupon text, grant_id uuid)
 ORDER BY x.member_id, x.ladder, x.tier, x.coupon
ON CONFLICT (tenant_id, member_id, occasion, ladder, tier, year, coupon)
   DO UPDATE SET grant_id = excluded.grant_id, given_at = excluded.given_at, taken_back_by = NULL
   WHERE g.taken_back_by IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Gift:
    """What a member gets of a tier (codes). `year`: of a birthday, else 0. `source_id`: the decision, or what stands
    for the birthday.
    """

    member_id: UUID
    ladder: str
    tier: str
    year: int
    coupons: tuple[str, ...]
    source_id: UUID

    @property
    def key(self) -> tuple[UUID, str, str, int]:
        return self.member_id, self.ladder, self.tier, self.year


def coupons_of(tier: Tier, occasion: Occasion) -> tuple[str, ...]:
    """Codes of the coupons that the tier gives on the occasion, each once."""
    given = (benefit for benefit in tier.benefits if isinstance(benefit, Benefit) and benefit.occasion == occasion)
    return tuple(dict.fromkeys(benefit.coupon for benefit in given))


async def given_before(occasion: Occasion, members: Collection[UUID]) -> set[tuple[UUID, str, str, int]]:
    """Keys of what these members, or the records merged into them, have had. To be asked behind their locks."""
    rows = await connection().fetch(_GIVEN, current().tenant_id, list(members), occasion)
    return {(row["member_id"], row["ladder"], row["tier"], row["year"]) for row in rows}


async def give(
    occasion: Occasion, gifts: Sequence[Gift], locked: Locked, numbers: Mapping[UUID, int] | None = None
) -> None:
    """Gives what the members haven't had, and keeps that they have. The caller holds the locks of all of them.

    `numbers`: the members' numbers of the fact that the gifts belong to; without, each who gets something takes its
    next one. A coupon that the chain has no more gives nothing, now and later.
    """
    had = await given_before(occasion, {gift.member_id for gift in gifts})
    due = list({gift.key: gift for gift in reversed(gifts) if gift.key not in had}.values())[::-1]
    asked = [(gift, coupon) for gift in due for coupon in gift.coupons]
    grants = [
        Grant(coupon, gift.member_id, occasion, gift.source_id, (numbers or {}).get(gift.member_id))
        for gift, coupon in asked
    ]
    ids = await grant(grants, recorded_at=locked.recorded_at, today=locked.today)
    rows = [_row(gift, coupon, grant_id) for (gift, coupon), grant_id in zip(asked, ids, strict=True)]
    if rows:
        await connection().execute(_KEEP, current().tenant_id, rows, occasion, locked.recorded_at)


def _row(gift: Gift, coupon: str, grant_id: UUID | None) -> dict[str, Any]:
    return {
        "member_id": str(gift.member_id),
        "ladder": gift.ladder,
        "tier": gift.tier,
        "year": gift.year,
        "coupon": coupon,
        "grant_id": None if grant_id is None else str(grant_id),
    }
