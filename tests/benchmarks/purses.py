"""What members have to pay with: points, stored value, coupons; and rules under which all of it counts."""

import json
from typing import Any, Final

from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, NOW, PROGRAMME, TODAY, Made
from tests.benchmarks.load import COUPON

_LADDER: Final = PROGRAMME["ladders"][0]
_GIVEN: Final = [{"type": "discount", "percent": "10"}, {"type": "points_multiplier", "multiplier": "1.5"}]
_RULES: Final[dict[str, Any]] = {
    **PROGRAMME,
    "ladders": [{**_LADDER, "tiers": [{**tier, "benefits": _GIVEN} for tier in _LADDER["tiers"]]}],
    "points": {"per_unit": "1", "redeem": {"points": 1, "amount": 1}},
}
_TERMS: Final = {"value": {"type": "amount", "amount": 100}}
_MEMBERS: Final = f"generate_series({FIRST_MEMBER}, {FIRST_MEMBER - 1} + $2::bigint) AS i"
_ID: Final = MEMBER_ID.format("i")
_COUPON: Final = COUPON.replace("{:03d}", "%s").replace("{}", "%s")
_PURSES: Final = (
    "INSERT INTO points_account SELECT $1, {id}, 1000000, 0 FROM {members}",
    """
    INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
    SELECT $1, {id}, {id}, 0, 'opening', {id}, 1000000, 1000000, $3, $4, 'bench' FROM {members}""",
    "INSERT INTO points_lot SELECT $1, {id}, {id}, 1000000, 1000000, $3, $3, NULL FROM {members}",
    "INSERT INTO wallet_account SELECT $1, {id}, 100000000, 20000000 FROM {members}",
    """
    INSERT INTO wallet_lot
    SELECT $1, {id}, {id}, NULL, 100000000, 20000000, 100000000, 20000000, 0, 0, $4 FROM {members}""",
    """
    INSERT INTO coupon_grant (tenant_id, id, coupon_id, code, member_id, granted_to, terms, valid_from, valid_until,
                              state, occasion, source_id, granted_at)
    SELECT $1, format({coupon}, lpad(n::text, 3, '0'), i)::uuid, c.id, c.code, {id}, {id}, c.terms, $3, $3 + 30,
           'open', 'by_hand', uuidv7(), $4
      FROM coupon c, {members}, generate_series(0, {coupons} - 1) AS n WHERE c.tenant_id = $1""",
)

_EARNED: Final = "format('00000000-0000-7000-a0%s-%s', lpad(n::text, 2, '0'), i)::uuid"
_MOVED: Final = (
    """
    INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
    SELECT $1, {earned}, {id}, n, 'earn', {earned}, 10, n * 10, $3, $4, 'bench'
      FROM {members}, generate_series(1, 10) AS n""",
    """
    INSERT INTO points_lot SELECT $1, {earned}, {id}, 10, 10, $3, $3, $3 - 1
      FROM {members}, generate_series(1, 1) AS n""",
    """
    INSERT INTO wallet_entry (tenant_id, member_id, seq, kind, source_id, debit, credit, amount, principal_after,
                              bonus_after, recorded_at, actor)
    SELECT $1, {id}, n, 'opening', uuidv7(), 'opening', 'principal', 10, n * 10, 0, $4, 'bench'
      FROM {members}, generate_series(1, 10) AS n""",
)


async def fill_purses(owner: Any, made: Made, coupons: int) -> None:
    """Rules with benefits, and every member with money, points and so many coupons of one kind."""
    await owner.execute(
        "UPDATE programme_version SET document = $2::text::jsonb WHERE tenant_id = $1",
        made.tenant_id,
        json.dumps(_RULES),
    )
    await owner.execute(
        "INSERT INTO coupon (tenant_id, code, names, terms, valid_days, source, created_at)"
        " VALUES ($1, 'c', '{}', $2::text::jsonb, 31, 'tenant', $3)",
        made.tenant_id,
        json.dumps(_TERMS),
        NOW,
    )
    for statement in _PURSES:
        text = statement.format(id=_ID, members=_MEMBERS, coupons=coupons, coupon=f"'{_COUPON}'")
        typed = f"WITH given AS (SELECT $3::date, $4::timestamptz) {text}"
        await owner.execute(typed, made.tenant_id, made.members, TODAY, NOW)
    await owner.execute("VACUUM (ANALYZE) points_account, points_lot, wallet_account, wallet_lot, coupon_grant")


async def fill_statements(owner: Any, made: Made) -> None:
    """Ten movements of points and ten of the wallet for everybody, and a lot of points that expired yesterday."""
    for statement in _MOVED:
        text = statement.format(id=_ID, members=_MEMBERS, earned=_EARNED)
        typed = f"WITH given AS (SELECT $3::date, $4::timestamptz) {text}"
        await owner.execute(typed, made.tenant_id, made.members, TODAY, NOW)
    await owner.execute("VACUUM (ANALYZE) wallet_entry, points_lot, points_entry")
