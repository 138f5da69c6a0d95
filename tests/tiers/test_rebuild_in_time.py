"""Of random histories of which everything was known in time a rebuild tells what was lived, publishes and all."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from known_in_time import known_in_time
from minimal import minimal
from minimal import told as shown
from oracle.strategies import Case, cases
from oracle.walking import carry_out, opened, possible
from side_by_side import Product, product_for
from support.clock import owner, set_clock
from support.proof import unproved
from test_oracle import expected, found

from saas.scope import tenant_scope
from tenants.tiers.recalculate import Request, start_recalculation

Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
EXAMPLES = int(os.environ.get("REBUILD_EXAMPLES", "4"))


async def _lived(product: Product) -> list[Json]:
    """Decisions and standings, as a rebuild has to find them again; what is written may be written again."""
    lived: list[Json] = []
    for table, tier in (("decision", "to_tier"), ("member_tier", "tier")):
        made = await (await owner()).fetch(
            f"SELECT member_id, ladder, effective_at, {tier}, reason, since, valid_from, valid_until, fell_on,"
            f" locked_until, may_rise{', from_tier, day, programme_version, facts' if tier == 'to_tier' else ', rank'}"
            f" FROM {table} WHERE tenant_id = $1 ORDER BY member_id, ladder, effective_at"
            f"{', seq' if tier == 'to_tier' else ''}",
            product.tenant_id,
        )
        lived += [{"table": table, **dict(row)} for row in made]
    return lived


def in_order(told: list[Json]) -> list[Json]:
    return sorted(told, key=lambda row: (str(row["member_id"]), row["ladder"], row["effective_at"]))


async def difference(case: Case, drain: Drain) -> str | None:
    """What a rebuild tells otherwise than it was lived, or than the plain evaluator tells it; None: nothing."""
    if not case.steps:
        return None
    product, oracle = await product_for(case, drain), opened(case)
    plain: list[Json] = []
    for step in case.steps:
        if (deed := possible(oracle, step, case)) is not None:
            done = await product.do(deed)
            if "occurred_at" in deed.what:
                deed.what["occurred_at"] = done.at
            plain += [expected(one, oracle, product) for one in carry_out(oracle, deed, done.at)]
    await set_clock(product.tenant_id, max(step.at for step in case.steps) + timedelta(minutes=5))
    before = await _lived(product)
    async with tenant_scope(product.tenant_id):
        await start_recalculation(Request("rebuild"))
    done_again = await product.drain(product.tenant_id)
    assert done_again.failed == done_again.dead == 0
    after = await _lived(product)
    for row in before:
        event(f"lived: {row['reason']}")
    if before != after:
        gone, new = [x for x in before if x not in after], [x for x in after if x not in before]
        return f"lived alone: {gone}\nrebuilt alone: {new}"
    again = [found(row) for row in await product.decisions()]
    if in_order(again) != in_order(plain):
        return f"rebuilt: {in_order(again)}\nplain evaluator: {in_order(plain)}"
    if unlike := await unproved(product.tenant_id):
        return f"not what a replay gives: {unlike}"
    return None


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(case=cases(most_members=3, most_steps=20).filter(lambda case: case.revisions).map(known_in_time))
async def test_what_was_known_in_time_is_decided_as_it_was(case: Case, drain: Drain) -> None:
    first = await difference(case, drain)
    if first is None:
        return

    async def differs(smaller: Case) -> bool:
        return await difference(known_in_time(smaller), drain) is not None

    small = known_in_time(await minimal(case, differs))
    pytest.fail(f"{shown(small)}\n{await difference(small, drain)}\nbefore it was made small:\n{first}")
