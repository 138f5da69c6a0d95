"""A purchase asks the database at most five times, BEGIN and COMMIT included, whatever it decides."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from benchmarks.round_trips import RoundTrips, counted
from support.chains import Chain

from saas.scope import connection, tenant_scope

MOST = 5
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
