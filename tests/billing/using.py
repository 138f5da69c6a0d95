"""A chain whose members do what counts and what doesn't, and what is said of its use."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from support.chains import Chain
from support.clock import owner
from support.programme import change_programme

from saas.outbox import enqueue
from saas.scope import tenant_scope

Json = dict[str, Any]
JOB = "billing.usage"
_numbers = count(1)


def number() -> str:
    return f"n{next(_numbers)}"


async def ask(chain: Chain, url: str, body: Json | None = None, method: str = "POST") -> Json:
    answer = await chain.http.request(method, url, json=body)
    assert answer.is_success, f"{method} {url}: {answer.text}"
    told: Json = answer.json() if answer.content else {}
    return told


async def member(chain: Chain, **fields: Any) -> str:
    made: str = (await ask(chain, "/v1/members", {"name": "王秀", **fields}))["id"]
    return made


async def buy(chain: Chain, who: str | None, amount: int = 10_000, **fields: Any) -> Json:
    body = {"branch_id": chain.branch_id, "external_id": number(), "amount": amount, "external_amounts": True}
    return await ask(chain, "/v1/purchases", {**body, **({"member_id": who} if who else {}), **fields})


async def top_up(chain: Chain, who: str, amount: int = 10_000) -> Json:
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": number(), "amount": amount}
    return await ask(chain, "/v1/wallet/top-ups", body)


async def visit(chain: Chain, who: str) -> Json:
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": number(), "kind": "check_in"}
    return await ask(chain, "/v1/activities", body)


async def sell_pass(chain: Chain, who: str) -> str:
    last = (datetime.now(UTC) + timedelta(days=900)).date().isoformat()
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": number(), "product": "x"}
    made: str = (await ask(chain, "/v1/passes", {**body, "uses": 5, "price": 1_000, "valid_until": last}))["id"]
    return made


async def use_pass(chain: Chain, pass_id: str) -> Json:
    return await ask(chain, f"/v1/passes/{pass_id}/use", {"branch_id": chain.branch_id})


async def give_points(chain: Chain, who: str, points: int = 100) -> None:
    await ask(chain, "/v1/points/adjust", {"member_id": who, "points": points, "reason": "x"})


async def spend_points(chain: Chain, who: str) -> Json:
    return await ask(chain, "/v1/points/redeem", {"member_id": who, "points": 1, "branch_id": chain.branch_id})


async def reward(chain: Chain) -> str:
    body = {"code": number(), "names": {"zh-CN": "甲", "en": "A"}, "points": 1}
    made: str = (await ask(chain, "/v1/rewards", body))["id"]
    return made


async def claim(chain: Chain, reward_id: str, who: str) -> str:
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": number()}
    made: str = (await ask(chain, f"/v1/rewards/{reward_id}/claim", body))["id"]
    return made


async def coupon(chain: Chain, who: str) -> str:
    """One that the member holds."""
    off = {"value": {"type": "amount", "amount": 1}, "valid_days": 900}
    made = await ask(chain, "/v1/coupons", {"code": number(), "names": {"zh-CN": "甲", "en": "A"}, **off})
    given = await ask(chain, f"/v1/coupons/{made['id']}/grant", {"member_id": who, "reason": "x"})
    grant: str = given["coupons"][0]["id"]
    return grant


async def use_coupon(chain: Chain, grant: str) -> Json:
    body = {"grant_id": grant, "branch_id": chain.branch_id, "external_id": number(), "amount": 1}
    return await ask(chain, "/v1/coupons/redeem", body)


async def free_classes(chain: Chain) -> None:
    """For everybody."""
    ladders = (await ask(chain, "/v1/programme", method="GET"))["ladders"]
    for tier in ladders[0]["tiers"]:
        tier["benefits"] += [{"type": "allowance", "product": "class", "per": "year", "count": 100}]
    await change_programme(chain, ladders=ladders)


async def use_class(chain: Chain, who: str) -> Json:
    return await ask(chain, f"/v1/members/{who}/allowances/class/use", {"branch_id": chain.branch_id})


async def counted(chain: Chain, drain: Any) -> dict[str, str]:
    """Who counts in the present period after a night's job, and by what."""
    await run(chain, drain)
    return await listed(chain)


async def run(chain: Chain, drain: Any) -> None:
    """The night's job, without its network."""
    async with tenant_scope(chain.tenant_id):
        await enqueue(JOB, {})
    done = await drain(chain.tenant_id)
    assert (done.failed, done.dead) == (0, 0)


async def listed(chain: Chain, **query: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: dict[str, str] = {}
    while True:
        answer = await chain.http.get("/v1/billing/usage/members", params={"limit": 3, **query, **cursor})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        found |= {row["member_id"]: row["kind"] for row in told["data"]}
        if told["next_cursor"] is None:
            return found
        cursor = {"cursor": told["next_cursor"]}


async def subscribe(chain: Chain, start: datetime, end: datetime, customer: str | None = None, **fields: Any) -> None:
    """Our copy of a subscription, as a webhook's job would have written it."""
    values = {
        "subscription_id": f"sub_{number()}",
        "stripe_status": "active",
        "plan": "starter",
        "revision": "2026-11",
        "currency": "CNY",
        "period_start": start,
        "period_end": end,
        **fields,
    }
    conn = await owner()
    columns, marks = ", ".join(values), ", ".join(f"${n}" for n in range(2, len(values) + 2))
    await conn.execute("DELETE FROM subscription WHERE tenant_id = $1", chain.tenant_id)
    await conn.execute(
        f"INSERT INTO subscription (tenant_id, {columns}) VALUES ($1, {marks})", chain.tenant_id, *values.values()
    )
    await conn.execute(
        "UPDATE tenant SET plan = $2, plan_revision = $3, status = 'active' WHERE tenant_id = $1",
        *(chain.tenant_id, values["plan"], values["revision"]),
    )
    if customer is not None:
        await conn.execute(
            "INSERT INTO billing_profile (tenant_id, customer_id) VALUES ($1, $2)"
            " ON CONFLICT (tenant_id) DO UPDATE SET customer_id = excluded.customer_id",
            *(chain.tenant_id, customer),
        )


async def many_buy(chain: Chain, members: int) -> None:
    """New members with a purchase each, written directly, on the chain's clock."""
    await (await owner()).execute(
        "WITH m AS (INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
        " SELECT $1, uuidv7(), '2026-01-01', 'api', now() FROM generate_series(1, $3::integer) RETURNING id)"
        " INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,"
        " amount, source, programme_version, actor)"
        " SELECT $1, m.id, $2, 1, m.id::text, t.now, t.now, t.now::date, 1, 'api', 1, 'x' FROM m"
        " CROSS JOIN (SELECT clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1) t",
        *(chain.tenant_id, chain.branch_id, members),
    )
    await (await owner()).execute("ANALYZE member, purchase")  # as the server does by itself, sooner or later
