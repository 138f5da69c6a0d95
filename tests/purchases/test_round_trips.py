"""A purchase asks the database at most five times, BEGIN and COMMIT included, whatever it decides, discounts, earns and
who pays; the member's consent takes up to two more.
"""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from benchmarks.round_trips import RoundTrips, counted
from purchases import purse
from support.chains import Chain
from support.clock import owner

from saas.scope import connection, tenant_scope

MOST = 5
MOST_WITH_CONSENT = 7
_NUMBERS = itertools.count()


@pytest.fixture
async def trips(chain: Chain) -> AsyncIterator[RoundTrips]:
    """The chain's requests, from now on through one counted connection."""
    del chain  # signed up before, past the proxy
    async with counted() as found:
        yield found


class Till:
    """Posts purchases of one member and counts what each cost. The first of a kind also prepares statements."""

    def __init__(self, chain: Chain, trips: RoundTrips, who: dict[str, str]) -> None:
        self.chain, self.trips, self.who = chain, trips, who

    async def sell(self, amount: int, *, keyed: bool = False) -> tuple[int, dict[str, Any]]:
        number = str(next(_NUMBERS))
        body = {
            **self.who,
            "branch_id": self.chain.branch_id,
            "external_id": number,
            "amount": amount,
            "external_amounts": True,
        }
        self.trips.reset()
        headers = {"Idempotency-Key": number} if keyed else {}
        answer = await self.chain.http.post("/v1/purchases", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return self.trips.count, answer.json()


async def till(chain: Chain, trips: RoundTrips, phone: str, *, by_phone: bool = False) -> Till:
    answer = await chain.http.post("/v1/members", json={"phone": phone, "name": "王秀"})
    assert answer.status_code == 201, answer.text
    return Till(chain, trips, {"phone": phone} if by_phone else {"member_id": answer.json()["id"]})


async def test_the_counter_counts(chain: Chain, trips: RoundTrips) -> None:
    async with tenant_scope(chain.tenant_id):
        trips.reset()
        await connection().execute("SELECT 1; SELECT 2")
        assert trips.count == 1
        await connection().execute("SELECT 3")
    assert trips.count == 3


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_purchase_that_decides_nothing(chain: Chain, trips: RoundTrips, keyed: bool) -> None:
    one = await till(chain, trips, "13800000001")
    await one.sell(100, keyed=keyed)
    count, answer = await one.sell(100, keyed=keyed)
    assert answer["decision_id"] is None
    assert count <= MOST


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_purchase_that_lifts_the_member(chain: Chain, trips: RoundTrips, keyed: bool) -> None:
    await (await till(chain, trips, "13800000001")).sell(100, keyed=keyed)  # prepares the statements
    one = await till(chain, trips, "13800000002")
    count, answer = await one.sell(500_000, keyed=keyed)
    assert answer["tier"] == {"ladder": "card", "before": "regular", "after": "diamond"}
    assert count <= MOST


async def test_a_purchase_by_phone(chain: Chain, trips: RoundTrips) -> None:
    one = await till(chain, trips, "13800000001", by_phone=True)
    await one.sell(100)
    count, answer = await one.sell(50_000)
    assert answer["tier"]["after"] == "silver"
    assert count <= MOST


async def test_a_purchase_without_a_member_asks_less(chain: Chain, trips: RoundTrips) -> None:
    nobody = Till(chain, trips, {})
    await nobody.sell(100)
    count, _ = await nobody.sell(100)
    assert count < MOST


EARN = {"per_unit": "1", "redeem": {"points": 1, "amount": 1}}


class Customer:
    """A member of a tier with money, points and coupons, who buys again and again."""

    def __init__(self, chain: Chain, trips: RoundTrips, who: str, coupons: list[str]) -> None:
        self.chain, self.trips, self.who, self.coupons = chain, trips, who, coupons

    async def buys(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        lines = [{"sku": "A", "amount": 1000}, {"category": "tea", "amount": 4000}]
        body = purse.basket(self.chain, member_id=self.who, lines=lines, **fields)
        self.trips.reset()
        answer = await self.chain.http.post("/v1/purchases", json=body)
        assert answer.status_code == 201, answer.text
        return self.trips.count, answer.json()

    async def in_full(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        return await self.buys(
            coupons=[self.coupons.pop()],
            points_to_redeem=100,
            wallet_amount=500,
            tenders=[{"type": "cash", "amount": 2800}],
            **fields,
        )


async def customer(chain: Chain, trips: RoundTrips, **wallet: Any) -> Customer:
    member_prices = {"type": "price_list", "code": "member"}
    await purse.prices(chain, "member", {"A": 500})
    tiers = purse.ladder([], [purse.discount("10"), purse.times("2"), member_prices])
    await purse.rules(chain, tiers, points=EARN, wallet=wallet)
    who = await purse.holder(chain, "t1")
    await purse.money(chain, who, 100_000)
    await purse.points(chain, who, 10_000)
    return Customer(chain, trips, who, [await purse.given(chain, who, "amount", 700) for _ in range(4)])


async def test_a_purchase_that_is_discounted_and_earns(chain: Chain, trips: RoundTrips) -> None:
    one = await customer(chain, trips)
    await one.buys()
    count, answer = await one.buys()
    assert (answer["paid"], answer["points_earned"]) == (4100, 82)
    assert count <= MOST


async def test_a_purchase_with_everything(chain: Chain, trips: RoundTrips) -> None:
    one = await customer(chain, trips)
    await one.in_full()
    count, answer = await one.in_full()
    assert (answer["paid"], answer["points_redeemed"], answer["wallet"]["principal"]) == (3400, 100, 500)
    assert count <= MOST


async def test_a_purchase_with_everything_and_consent(chain: Chain, trips: RoundTrips) -> None:
    one = await customer(chain, trips, confirm_above=100)
    assert (await chain.http.put(f"/v1/members/{one.who}/pin", json={"pin": "246810"})).status_code == 204
    counts = []
    for _ in range(2):
        code = (await chain.http.post(f"/v1/members/{one.who}/wallet-codes", json={})).json()["code"]
        counts.append((await one.in_full(wallet_consent={"type": "qr", "code": code}))[0])
    assert counts[1] <= MOST_WITH_CONSENT
    counts = [(await one.in_full(wallet_consent={"type": "pin", "pin": "246810"}))[0] for _ in range(2)]
    assert counts[1] <= MOST_WITH_CONSENT


async def test_a_campaign_without_an_audience_costs_no_round_trip(chain: Chain, trips: RoundTrips) -> None:
    one = await customer(chain, trips)
    document = {
        "code": "deal",
        "names": purse.NAMES,
        "when": {"type": "always"},
        "type": "discount",
        "offer": {"type": "amount", "amount": 2000, "minimum": 1000},
    }
    await (await owner()).execute(
        "INSERT INTO campaign (tenant_id, code, document, state, source, created_at, started_at)"
        " VALUES ($1, 'deal', to_jsonb($2::json), 'running', 'tenant', now(), now())",
        chain.tenant_id,
        json.dumps(document),
    )
    await one.buys()
    count, answer = await one.buys()
    assert answer["discounts"] == [{"type": "campaign", "code": "deal", "amount": 2000}]
    assert count <= MOST
