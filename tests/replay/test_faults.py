"""Each fault that is planted in what is stored is found, and named: its kind, whose it is, what it should be."""

import pytest
from lives import Lived
from planting import planted

_MEMBER = "tenant_id = $1 AND member_id = '{first}'"
_DECISION = (
    "id = (SELECT id FROM decision WHERE tenant_id = $1 AND member_id = '{first}' AND ladder = 'card'"
    " ORDER BY seq LIMIT 1)"
)
_LOT = "tenant_id = $1 AND id = (SELECT id FROM points_lot WHERE tenant_id = $1 ORDER BY id LIMIT 1)"

FAULTS: dict[str, tuple[str, set[str]]] = {
    "another tier": (
        f"UPDATE decision SET to_tier = 'gold', to_rank = 2 WHERE tenant_id = $1 AND {_DECISION}",
        {"decision"},
    ),
    "another reason": (f"UPDATE decision SET reason = 'renew' WHERE tenant_id = $1 AND {_DECISION}", {"decision"}),
    "another value": (
        (
            "UPDATE decision SET facts = facts || '{{\"referrals/lifetime\": 9}}'::jsonb"
            f" WHERE tenant_id = $1 AND {_DECISION}"
        ),
        {"decision"},
    ),
    "another validity": (
        f"UPDATE decision SET valid_until = valid_until + 1 WHERE tenant_id = $1 AND {_DECISION}",
        {"decision"},
    ),
    "another instant": (
        f"UPDATE decision SET effective_at = effective_at + interval '1 s' WHERE tenant_id = $1 AND {_DECISION}",
        {"decision"},
    ),
    "other rules": (f"UPDATE decision SET programme_version = 1 WHERE tenant_id = $1 AND {_DECISION}", {"decision"}),
    "another standing before it": (
        f"UPDATE decision SET before = '{{{{}}}}' WHERE {_MEMBER} AND before <> '{{{{}}}}'",
        {"decision"},
    ),
    "a decision that is missing": (f"DELETE FROM decision WHERE tenant_id = $1 AND {_DECISION}", {"decision"}),
    "a decision too many": (
        (
            "INSERT INTO decision (tenant_id, member_id, ladder, seq, reason, from_tier, to_tier, from_rank, to_rank,"
            " effective_at, recorded_at, day, since, valid_from, programme_version, facts, cause, cause_id)"
            " SELECT tenant_id, member_id, ladder, seq, reason, from_tier, to_tier, from_rank, to_rank, effective_at,"
            " recorded_at, day, since, valid_from, 2, facts, cause, uuidv7() FROM decision"
            f" WHERE tenant_id = $1 AND {_DECISION}"
        ),
        {"decision"},
    ),
    "the tier held": (f"UPDATE member_tier SET rank = rank + 1 WHERE {_MEMBER} AND ladder = 'card'", {"tier"}),
    "a lock from nowhere": (
        (
            "UPDATE member_tier SET locked_until = '2031-07-03', valid_until = '2031-12-31'"
            f" WHERE {_MEMBER} AND ladder = 'card'"
        ),
        {"tier"},
    ),
    "no tier held": (f"DELETE FROM member_tier WHERE {_MEMBER} AND ladder = 'card'", {"tier"}),
    "a mark for a recheck": (
        "INSERT INTO tier_recheck VALUES ($1, '{first}', 'card', now(), uuidv7())",
        {"recheck"},
    ),
    "a day's spend": (f"UPDATE member_day SET spend = spend + 1 WHERE {_MEMBER}", {"day"}),
    "a day that is gone": (f"DELETE FROM member_day WHERE {_MEMBER}", {"day"}),
    "a month's largest": (f"UPDATE member_month SET max_purchase = max_purchase + 1 WHERE {_MEMBER}", {"month"}),
    "the total": (f"UPDATE member_total SET purchases = purchases + 1 WHERE {_MEMBER}", {"total"}),
    "a measure": (
        f"UPDATE measure_day SET facts = facts + 1 WHERE {_MEMBER} AND measure = 'category:tea'",
        {"measure"},
    ),
    "a measure of a month": (
        f"UPDATE measure_month SET total = total - 1 WHERE {_MEMBER} AND measure = 'points'",
        {"measure"},
    ),
    "a sale's points": (
        (
            "UPDATE purchase SET pricing = pricing || '{{\"points\": 999}}'::jsonb"
            f" WHERE {_MEMBER} AND pricing ->> 'points' IS NOT NULL"
        ),
        {"points"},
    ),
    "a lot's last day": (f"UPDATE points_lot SET expires_on = expires_on + 1 WHERE {_LOT}", {"lot"}),
    "a lot's first day": (f"UPDATE points_lot SET spendable_from = spendable_from - 1 WHERE {_LOT}", {"lot"}),
    "a top-up's bonus": (f"UPDATE top_up SET bonus = bonus + 1 WHERE {_MEMBER}", {"bonus"}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named(fault: str, a_life: Lived) -> None:
    sql, kinds = FAULTS[fault]
    found = await planted(a_life.chain, sql.format(first=a_life.first))
    assert {one.kind for one in found} == kinds, found
    assert all(one.expected != one.stored and set(one.why) == {"zh-CN", "en"} for one in found)
    if "{first}" in sql:
        assert {str(one.member_id) for one in found} == {a_life.first}
