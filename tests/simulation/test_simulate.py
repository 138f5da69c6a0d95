"""A simulation over HTTP: who would move, from where to where, branch by branch, with names."""

import json

import pytest
from simulated import CARD, Drain, Json, NewChain, card_chain, ladder, movers, moves, simulated, spend, tier
from support.chains import Chain
from support.till import bought, member, rows


def asking(silver: int, gold: int) -> Json:
    tiers = [tier(0, "regular"), tier(1, "silver", spend(silver)), tier(2, "gold", spend(gold))]
    return {"ladders": [ladder("card", *tiers)]}


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    return await card_chain(new_chain)


async def three(chain: Chain) -> list[str]:
    """Members who spent 50.00, 200.00 and 800.00: a regular one, silver, gold."""
    found = [await member(chain, name=name) for name in ("甲", "乙", "丙")]
    for number, (one, amount) in enumerate(zip(found, (5_000, 20_000, 80_000), strict=True)):
        await bought(chain, str(number), amount, member_id=one)
    return found


async def test_who_moves_and_who_stays(chain: Chain, drain: Drain) -> None:
    ids = await three(chain)
    result = await simulated(chain, drain, asking(4_000, 100_000))
    assert (result["members"], result["winners"], result["losers"]) == (3, 1, 1)
    assert moves(result) == {("regular", "silver"): 1, ("silver", "silver"): 1, ("gold", "silver"): 1}
    assert [row["from"] for row in result["moves"]] == ["regular", "silver", "gold"]
    assert {row["branch_id"] for row in result["branches"]} == {chain.branch_id}
    told = {sample["name"]: (sample["direction"], sample["from"], sample["to"]) for sample in result["samples"]}
    assert told == {"甲": ("up", "regular", "silver"), "丙": ("down", "gold", "silver")}
    assert {sample["branch_id"] for sample in result["samples"]} == {chain.branch_id}
    assert result["as_of"].startswith("2031-03-20T12:00:0")
    found = await movers(chain, result["job_id"])
    assert {row["member_id"]: row["to"] for row in found} == {ids[0]: "silver", ids[2]: "silver"}
    (loser,) = await movers(chain, result["job_id"], direction="down", ladder="card")
    assert (loser["name"], loser["from"], loser["direction"]) == ("丙", "gold", "down")
    assert await movers(chain, result["job_id"], ladder="other") == []
    taken = [row for row in await rows(chain, "audit") if row["action"] == "programme.simulation_export"]
    assert {row["target"] for row in taken} == {f"job:{result['job_id']}"}
    assert sorted(len(json.loads(row["detail"])) for row in taken) == [0, 1, 2]


async def test_upward_only_nobody_falls(chain: Chain, drain: Drain) -> None:
    await three(chain)
    result = await simulated(chain, drain, asking(4_000, 100_000), transition="up_only")
    assert (result["winners"], result["losers"]) == (1, 0)
    assert moves(result) == {("regular", "silver"): 1, ("silver", "silver"): 1, ("gold", "gold"): 1}
    assert CARD["code"] == "card"
