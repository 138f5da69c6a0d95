"""After a rebuild, too, every decision is proved from facts and rules; one that is wrong is named."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from lives import Lived, live, post
from support.chains import Chain
from support.clock import owner
from support.midnights import work
from support.proof import unproved
from support.till import bought, member, rows

from tenants.replay.rebuilt import rebuild

_ONE = (
    "id = (SELECT id FROM decision WHERE tenant_id = $1 AND member_id = '{first}' AND ladder = 'card'"
    " AND recorded_at = (SELECT max(evaluated_at) FROM recalculation_batch b JOIN recalculation r"
    " ON r.id = b.recalculation_id AND r.tenant_id = b.tenant_id WHERE b.tenant_id = $1 AND r.cause = 'rebuild')"
    " ORDER BY seq LIMIT 1)"
)
FAULTS = {
    "another tier": f"UPDATE decision SET to_tier = 'gold', to_rank = 2 WHERE tenant_id = $1 AND {_ONE}",
    "another reason": f"UPDATE decision SET reason = 'renew' WHERE tenant_id = $1 AND {_ONE}",
    "another value": (
        f"UPDATE decision SET facts = facts || '{{{{\"referrals/lifetime\": 9}}}}'::jsonb"
        f" WHERE tenant_id = $1 AND {_ONE}"
    ),
    "another validity": f"UPDATE decision SET valid_until = valid_until + 1 WHERE tenant_id = $1 AND {_ONE}",
    "another instant": (
        f"UPDATE decision SET effective_at = effective_at + interval '1 s' WHERE tenant_id = $1 AND {_ONE}"
    ),
    "other rules": f"UPDATE decision SET programme_version = 1 WHERE tenant_id = $1 AND {_ONE}",
    "one that is missing": f"DELETE FROM decision WHERE tenant_id = $1 AND {_ONE}",
}


@pytest.fixture(scope="module")
async def rebuilt_life(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> Lived:
    """Rebuilt in its middle, and again at its end: all that is decided is a rebuild's."""
    lived = await live(new_chain, drain, rebuilt=True)
    await post(lived.chain, "/v1/programme/recalculate", {"rebuild": True})
    await work(lived.chain, drain)
    return lived


async def test_every_decision_of_a_rebuild_is_proved(rebuilt_life: Lived) -> None:
    assert await unproved(rebuilt_life.chain.tenant_id) == []
    decisions = await rows(rebuilt_life.chain, "decision")
    reasons = Counter(row["reason"] for row in decisions)
    assert {"upgrade", "downgrade", "manual"} <= set(reasons), reasons
    assert {"purchase", "referral", "recalculation"} <= {row["cause"] for row in decisions}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wrong_decision_of_a_rebuild_is_named(fault: str, rebuilt_life: Lived) -> None:
    conn, chain, tenant_id = await owner(), rebuilt_life.chain, rebuilt_life.chain.tenant_id
    before = await rows(chain, "decision")
    try:
        done = await conn.execute(FAULTS[fault].format(first=rebuilt_life.first), tenant_id)
        assert done.endswith(" 1"), "nothing was planted"
        found = await unproved(tenant_id)
    finally:
        await _put_back(before, tenant_id)
    assert {one.kind for one in found} == {"decision"}, found
    assert {str(one.member_id) for one in found} == {rebuilt_life.first}
    assert await unproved(tenant_id) == []


async def _put_back(before: list[dict[str, Any]], tenant_id: object) -> None:
    """A fault has to be committed to be seen by a replay."""
    conn, names = await owner(), list(before[0])
    columns, values = ", ".join(f'"{name}"' for name in names), ", ".join(f"${n + 1}" for n in range(len(names)))
    async with conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute("DELETE FROM decision WHERE tenant_id = $1", tenant_id)
        await conn.executemany(
            f"INSERT INTO decision ({columns}) VALUES ({values})", [list(row.values()) for row in before]
        )


async def test_what_a_later_rebuild_made_anew_is_walked_once(
    chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[object] = []

    def counted(person: Any, facts: Any, batch: Any, entries: Any) -> None:
        walked.append(batch.run_id)
        rebuild(person, facts, batch, entries)

    monkeypatch.setattr("tenants.replay.walk.rebuild", counted)
    one = await member(chain)
    for n in range(2):
        await bought(chain, f"day {n}", 60_000, member_id=one)
        for _ in range(3):
            await post(chain, "/v1/programme/recalculate", {"rebuild": True})
            await work(chain, drain)
            await post(chain, "/v1/programme/recalculate", {})
            await work(chain, drain)
    assert await unproved(chain.tenant_id) == []
    assert len(walked) == len(set(walked)) == 2
