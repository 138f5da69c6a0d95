"""What a gift costs the till that lifts a member: one round trip more than the same purchase without."""

import pytest
from benchmarks.round_trips import RoundTrips, counted
from rules import gift, with_benefits
from support.chains import Chain
from support.till import bought, member


async def cost(chain: Chain, trips: RoundTrips, number: str, amount: int) -> int:
    """Of a new member's first purchase."""
    who = await member(chain)
    trips.reset()
    await bought(chain, number, amount, member_id=who)
    return trips.count


@pytest.mark.parametrize(("benefits", "more"), [([], 0), ([gift("hello", "birthday")], 0), ([gift("hello")], 1)])
async def test_a_gift_is_one_trip_and_only_where_there_is_one(
    chain: Chain, benefits: list[dict[str, str]], more: int
) -> None:
    await with_benefits(chain, silver=benefits)
    async with counted() as trips:
        for number, amount in (("A", 200_000), ("B", 50_000)):  # prepares the statements
            await cost(chain, trips, number, amount)
        without, with_gift = await cost(chain, trips, "T1", 200_000), await cost(chain, trips, "T2", 50_000)
    assert with_gift - without == more
