"""Whom a run over the changed alone looks at: whoever holds the facts now, to the last one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from runs_over_http import Drain, NewChain, counts, long_standing, monthly_chain, ran
from support.chains import Chain
from support.till import bought, given_back, member

from saas.scope import tenant_scope
from tenants.tiers import batches
from tenants.tiers.changed import count_changed, lock_changed


@pytest.fixture
async def monthly(new_chain: NewChain) -> Chain:
    return await monthly_chain(new_chain)


async def merge(chain: Chain, survivor: str, other: str) -> None:
    answer = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("merges", [1, 2])
async def test_a_refund_of_a_merged_members_purchase_is_the_survivors(merges: int, monthly: Chain) -> None:
    first, second, third = [UUID(one) for one in await long_standing(monthly, 3)]
    sale = await bought(monthly, "1", 150, member_id=str(first))
    await merge(monthly, str(second), str(first))
    survivor = second
    if merges == 2:
        await merge(monthly, str(third), str(second))
        survivor = third
    since = datetime.now(UTC)
    back = await given_back(monthly, sale["id"], "r1", 150)
    assert back["member_id"] == str(first)  # facts keep whose they were
    async with tenant_scope(monthly.tenant_id):
        changed = await lock_changed(since, None, 10)
        assert changed == ([survivor], None)
        assert await count_changed(since, 10) == 1


async def test_who_has_left_ends_no_run(monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that finds fewer members than it may take isn't the last one for that."""
    await ran(monthly, drain)
    members = [await member(monthly) for _ in range(5)]
    for number, one in enumerate(members):
        await bought(monthly, str(number), 150, member_id=one)
    for one in members[:2]:
        assert (await monthly.http.delete(f"/v1/members/{one}")).is_success
    monkeypatch.setattr(batches, "BATCH", 2)
    assert await ran(monthly, drain) == counts(3, upgraded=3)
