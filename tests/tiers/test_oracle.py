"""The compiled SQL against the plain evaluator: decision by decision, value by value."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from oracle.plain import Chain as Oracle
from oracle.plain import Decision
from oracle.strategies import Case, PurchaseStep, Step, cases, walk
from support.clock import owner, set_clock
from uuid_utils.compat import uuid7

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import LeafUse
from tenants.programme.conditions import parse_condition
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.record import record_purchase
from tenants.tiers.recalculate import Request, start_recalculation

Drain = Callable[[], Awaitable[Any]]
EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "60"))


async def tenant_for(case: Case) -> tuple[UUID, dict[str, UUID], UUID]:
    """A tenant of its own for a case, its members by the case's names, and its branch."""
    conn = await owner()
    tenant_id, branch_id = uuid7(), uuid7()
    await conn.execute(
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version) VALUES ($1, 'case', $2, 'general', 'en', $3, $4, 'trialing', 'trial', 1)",
        tenant_id,
        str(tenant_id),
        case.timezone,
        case.programme["currency"],
    )
    await conn.execute("INSERT INTO branch VALUES ($1, $2, 'main', 'Main', 'own')", tenant_id, branch_id)
    await conn.execute(
        "INSERT INTO programme_version VALUES ($1, 1, $2::text::jsonb, now(), 'test')",
        tenant_id,
        json.dumps({**case.programme, "version": 1}),
    )
    members = {name: uuid7() for name in case.members}
    await conn.executemany(
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at) VALUES ($1, $2, $3, 'api', now())",
        [(tenant_id, members[name], joined) for name, joined in case.members.items()],
    )
    return tenant_id, members, branch_id


def key_of(place: str, programme: dict[str, Any], ladder: str) -> str:
    """The product's name of a leaf that the oracle names by its place."""
    tier, which, *path = place.split("/")
    found: Any = next(t for x in programme["ladders"] if x["code"] == ladder for t in x["tiers"] if t["code"] == tier)[
        which
    ]
    for step in path:
        found = found[int(step)] if step.isdigit() else found[step]
    leaf = parse_condition(found)
    return LeafUse(leaf, 0, which == "retain").key  # type: ignore[arg-type]


def told(decision: Decision, members: dict[str, UUID], programme: dict[str, Any]) -> dict[str, Any]:
    return {
        "ladder": decision.ladder,
        "member_id": members[decision.member],
        "effective_at": decision.effective_at,
        "from_tier": decision.from_tier,
        "to_tier": decision.to_tier,
        "reason": decision.reason,
        "valid_until": decision.valid_until,
        "day": decision.day,
        "facts": {key_of(place, programme, decision.ladder): value for place, value in decision.facts.items()},
    }


async def made(tenant_id: UUID, after: UUID) -> list[dict[str, Any]]:
    async with tenant_scope(tenant_id):
        rows = await connection().fetch(
            "SELECT id, ladder, member_id, effective_at, from_tier, to_tier, reason, valid_until, day, facts"
            " FROM decision WHERE tenant_id = $1 AND id > $2 ORDER BY id",
            tenant_id,
            after,
        )
    return [dict(row) for row in rows]


async def purchase(tenant_id: UUID, member_id: UUID, branch_id: UUID, step: PurchaseStep) -> Any:
    fact = step["purchase"]
    await set_clock(tenant_id, step["recorded_at"])
    body = PurchaseBody(
        member_id=member_id,
        branch_id=branch_id,
        external_id=fact["external_id"],
        occurred_at=fact["occurred_at"],
        amount=fact["amount"],
        external_amounts=True,
    )
    async with tenant_scope(tenant_id):
        return await record_purchase(body)


def in_order(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(decisions, key=lambda d: (str(d["member_id"]), d["ladder"]))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases())
async def test_every_decision_is_the_plain_evaluators(case: Case, drain: Drain) -> None:
    tenant_id, members, branch_id = await tenant_for(case)
    oracle = Oracle(case.programme, case.timezone)
    for name, joined_on in case.members.items():
        oracle.add_member(name, joined_on)
    seen = UUID(int=0)
    for step in case.steps:
        if "purchase" in step:
            answer = await purchase(tenant_id, members[step["purchase"]["member"]], branch_id, step)
            known: Step = {"purchase": step["purchase"], "recorded_at": answer.recorded_at}
        else:
            known = step
            await set_clock(tenant_id, step["recalculate"])
            async with tenant_scope(tenant_id):
                await start_recalculation(Request("schedule", as_of=step["recalculate"]))
            await drain()
        expected = [told(decision, members, case.programme) for decision in walk(oracle, known)]
        found = await made(tenant_id, seen)
        if found:
            seen = max(row["id"] for row in found)
        for row in found:
            del row["id"]
        assert in_order(found) == in_order(expected)
