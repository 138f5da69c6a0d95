"""Many members, few pieces: as many get one as there are."""

import asyncio
from collections import Counter

from claiming import balance, books_are_right, claim, claimed, earn, end, reward, stock
from support.chains import Chain
from support.till import member, rows

TILLS = 32


async def test_32_members_and_five_pieces(chain: Chain) -> None:
    made = await reward(chain, "race", stock=5)
    people = [await member(chain) for _ in range(TILLS)]
    for who in people:
        await earn(chain, who, 100)
    answers = await asyncio.gather(*(claim(chain, made["id"], who) for who in people))
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: TILLS - 5}
    balances = Counter([await balance(chain, who) for who in people])
    assert balances == {0: 5, 100: TILLS - 5}
    assert await stock(chain, made["id"]) == 0
    await books_are_right(chain)


async def test_32_tills_one_member_with_points_for_three(chain: Chain) -> None:
    made, who = await reward(chain, "race", stock=5), await member(chain)
    await earn(chain, who, 350)
    answers = await asyncio.gather(*(claim(chain, made["id"], who) for _ in range(TILLS)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 422: TILLS - 3}
    assert (await balance(chain, who), await stock(chain, made["id"])) == (50, 2)
    (person,) = await rows(chain, "member")
    assert person["seq"] == 4  # who was refused took no number
    await books_are_right(chain)


async def test_one_claim_sent_many_times(chain: Chain) -> None:
    made, who = await reward(chain, "race", stock=5), await member(chain)
    await earn(chain, who, 1000)
    answers = await asyncio.gather(*(claim(chain, made["id"], who, external_id="C") for _ in range(TILLS)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: TILLS - 1}
    assert len({answer.text for answer in answers}) == 1
    (person,) = await rows(chain, "member")
    assert (person["seq"], await balance(chain, who)) == (2, 900)
    await books_are_right(chain)


async def test_cancelled_collected_claimed_and_stocked_at_once(chain: Chain) -> None:
    made = await reward(chain, "race", stock=8)
    people = [await member(chain) for _ in range(4)]
    for who in people:
        await earn(chain, who, 1000)
    claims = [(await claimed(chain, made["id"], who))["id"] for who in people for _ in range(2)]

    async def restock(pieces: int) -> int:
        url = f"/v1/rewards/{made['id']}/stock"
        return (await chain.http.post(url, json={"pieces": pieces})).status_code

    outcomes = await asyncio.gather(
        *(end(chain, one, "cancel") for one in claims),
        *(end(chain, one, "collect") for one in claims),
        *(claim(chain, made["id"], who) for who in people for _ in range(3)),
        *(restock(pieces) for pieces in (1, -1, 2, -2)),
    )
    for cancelled, collected in zip(outcomes[:8], outcomes[8:16], strict=True):
        assert {cancelled.status_code, collected.status_code} == {200, 409}  # type: ignore[union-attr]
    await books_are_right(chain)
