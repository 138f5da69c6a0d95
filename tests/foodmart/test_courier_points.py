"""FoodMart's year 1997 at the till, day by day, under the courier's rules with a tenth of their thresholds: each
member's points against answers that two other programs computed (`list_points_floor_0.1`).

Over HTTP for every tenth member (FOODMART_WHOLE=1: for all, minutes instead of seconds); for all of them by the same
arithmetic on a plain walk through the tickets.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from foodmart.scale import scaled
from foodmart.test_foodmart import DATA, EVERY, MEMBERS, imported, rows
from purchases import purse
from support.chains import Chain
from support.clock import owner, set_clock
from support.drift import drift
from support.plan_held import give_plan
from support.proof import unproved

from industry_templates.loader import get
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import points_of, rate_of
from tenants.programme.leaves import BoughtLeaf

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"FoodMart's data is not at {DATA.name}: ../shared is missing"
)
TILLS = 3
"""Members shop at several tills at once; each keeps to one."""
ALL = 803_223


def tickets() -> list[dict[str, str]]:
    """In the order in which they happened, as the answers take them."""
    return sorted(rows("purchases.csv.gz"), key=lambda row: (row["occurred_at"], row["purchase_id"]))


def answers() -> dict[str, int]:
    return {row["member_id"]: int(row["list_points_floor_0.1"]) for row in rows("expected/members_expected.csv.gz")}


async def open_chain(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> tuple[Chain, dict[str, str]]:
    """The chain with its members, and its branches' ids by number."""
    chain = await new_chain(template="courier", timezone="UTC")
    await give_plan(chain.tenant_id, "chain")  # it has 24 stores
    rules = scaled(get("courier").programme, Decimal("0.1"))
    assert (await chain.http.put("/v1/programme/draft", json=rules.dump())).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    members = await imported(chain, drain, "members", MEMBERS, EVERY)
    assert (members["state"], members["imported"]) == ("done", 10_281 // EVERY)
    branches = {}
    for row in rows("branches.csv.gz"):
        body = {"code": f"B{row['branch_id']}", "name": row["name"]}
        made = await chain.http.post("/v1/branches", json=body)
        assert made.status_code == 201, made.text
        branches[row["branch_id"]] = made.json()["id"]
    return chain, branches


async def sell(chain: Chain, items: list[dict[str, Any]]) -> int:
    """One till's tickets of a day, in their order; how many points they earned."""
    answer = await chain.http.post("/v1/purchases:batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["data"]
    assert {outcome["status"] for outcome in outcomes} == {201}
    return sum(outcome["points_earned"] for outcome in outcomes)


def test_every_members_points_by_a_plain_walk() -> None:
    rules = scaled(get("courier").programme, Decimal("0.1"))
    (ladder,) = rules.ladders
    steps = [(tier.code, tier.qualify.gte or 0) for tier in ladder.tiers if isinstance(tier.qualify, BoughtLeaf)]
    assert [gte for _, gte in steps] == [5000, 10_000, 30_000]
    spent: Counter[str] = Counter()
    earned: Counter[str] = Counter()
    for row in tickets():
        member, amount = row["member_id"], int(row["amount_cents"])
        tier = next((code for code, gte in reversed(steps) if spent[member] >= gte), "regular")
        rate = rate_of(rules.points.per_unit, benefits_of(rules, {ladder.code: tier}).multiplier, ())
        earned[member] += points_of(amount, rate, 2)
        spent[member] += amount
    assert {n: earned[n] for n, points in answers().items() if earned[n] != points} == {}
    assert earned.total() == ALL


async def test_members_points_at_the_till(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> None:
    chain, branches = await open_chain(new_chain, drain)
    known = await (await owner()).fetch("SELECT external_id, id FROM member WHERE tenant_id = $1", chain.tenant_id)
    members = {row["external_id"]: str(row["id"]) for row in known}
    sampled = [row for row in tickets() if int(row["member_id"]) % EVERY == 0]
    earned = 0
    for moment, day in groupby(sampled, key=lambda row: row["occurred_at"]):
        opening = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        await set_clock(chain.tenant_id, opening + timedelta(minutes=1))
        tills: list[list[dict[str, Any]]] = [[] for _ in range(TILLS)]
        for row in day:
            item = {
                "member_id": members[row["member_id"]],
                "branch_id": branches[row["branch_id"]],
                "external_id": row["purchase_id"],
                "occurred_at": opening.isoformat(),
                "amount": int(row["amount_cents"]),
                "external_amounts": True,
            }
            tills[int(row["member_id"]) // EVERY % TILLS].append(item)
        earned += sum(await asyncio.gather(*(sell(chain, items) for items in tills if items)))
    expected = {number: points for number, points in answers().items() if int(number) % EVERY == 0}
    assert earned == sum(expected.values())
    assert EVERY > 1 or earned == ALL

    balances = await (await owner()).fetch(
        "SELECT m.external_id, coalesce(a.open - a.debt, 0) AS balance FROM member m LEFT JOIN points_account a"
        " ON a.tenant_id = m.tenant_id AND a.member_id = m.id WHERE m.tenant_id = $1",
        chain.tenant_id,
    )
    found = {row["external_id"]: row["balance"] for row in balances}
    assert {n: found[n] for n in expected if found[n] != expected[n]} == {}
    assert found.keys() == expected.keys()
    assert await drift(chain) == []
    await purse.balanced(chain)
    assert await unproved(chain.tenant_id) == []
