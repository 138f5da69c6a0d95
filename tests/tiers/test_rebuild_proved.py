"""Whatever a chain lived through and however often it was rebuilt: a replay gives what is stored."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from minimal import minimal, told
from oracle.strategies import Case, cases
from oracle.walking import carry_out, opened, possible
from side_by_side import Product, product_for
from support.clock import owner, set_clock
from support.proof import unproved

from saas.scope import tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation

Drain = Callable[..., Awaitable[Any]]
EXAMPLES = int(os.environ.get("REBUILD_EXAMPLES", "4"))
PLANTED = {"top_up", "points"}  # as sums, without their facts


async def difference(case: Case, rebuilds: set[int], drain: Drain) -> str | None:
    """A rebuild behind each of the numbers of purchases in `rebuilds`, and one at the end; what isn't proved then."""
    product, oracle = await product_for(case, drain), opened(case)
    for step in case.steps:
        deed = possible(oracle, step, case)
        if deed is None or step.kind in PLANTED:
            continue
        done = await product.do(deed)
        carry_out(oracle, deed, done.at, done.counted_at)
        if step.wish.get("number") in rebuilds:
            await rebuilt(product)
            if wrong := await unproved(product.tenant_id):
                return f"behind {deed}: {wrong}"
    if wrong := await unproved(product.tenant_id):
        return f"at the end: {wrong}"
    await set_clock(product.tenant_id, max(step.at for step in case.steps) + timedelta(minutes=5))
    await rebuilt(product)
    for reason in await reasons(product):
        event(f"rebuilt: {reason}")
    if wrong := await unproved(product.tenant_id):
        return f"rebuilt at the end: {wrong}"
    return None


async def rebuilt(product: Product) -> None:
    async with tenant_scope(product.tenant_id):
        await start_recalculation(Request("rebuild"))
    done = await product.drain(product.tenant_id)
    assert done.failed == done.dead == 0


async def reasons(product: Product) -> list[str]:
    rows = await (await owner()).fetch(
        "SELECT DISTINCT reason FROM decision WHERE tenant_id = $1 ORDER BY 1", product.tenant_id
    )
    return [row["reason"] for row in rows]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases(most_steps=20), rebuilds=st.sets(st.integers(0, 19), max_size=2))
async def test_every_rebuilt_decision_is_proved(case: Case, rebuilds: set[int], drain: Drain) -> None:
    first = await difference(case, rebuilds, drain)
    if first is None:
        return

    async def differs(smaller: Case) -> bool:
        return bool(smaller.steps) and await difference(smaller, rebuilds, drain) is not None

    small = await minimal(case, differs)
    pytest.fail(f"{told(small)}\nrebuilt behind {rebuilds}\n{await difference(small, rebuilds, drain)}\n{first}")
