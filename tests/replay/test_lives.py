"""Whatever a chain lived through, a replay of its facts gives what is stored."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from lives import Lived, live
from support.chains import Chain
from support.proof import unproved
from support.till import rows


async def test_a_life_with_some_of_everything(a_life: Lived) -> None:
    assert await unproved(a_life.chain.tenant_id) == []
    reasons = Counter(row["reason"] for row in await rows(a_life.chain, "decision"))
    assert {"upgrade", "renew", "downgrade", "late", "manual", "merge", "refund"} <= set(reasons), reasons
    causes = {row["cause"] for row in await rows(a_life.chain, "decision")}
    assert {"purchase", "referral", "top_up", "undo", "recalculation", "manual", "merge", "refund"} <= causes, causes


async def test_a_life_with_a_rebuild_in_it(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> None:
    lived = await live(new_chain, drain, rebuilt=True)
    assert await unproved(lived.chain.tenant_id) == []
