"""Rewards: their points, pieces and tiers, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from claiming import NAMES, at_fault, books_are_right, claim, claimed, earn, end, problem, reward, stock
from support.chains import Chain
from support.till import member, rows

Json = dict[str, Any]


async def test_sign_up_brings_the_templates_rewards(new_chain: Callable[..., Awaitable[Chain]]) -> None:
    chain = await new_chain(template="tea")
    found = {one["code"]: one for one in (await chain.http.get("/v1/rewards")).json()["data"]}
    caddy, gaiwan = found["tea-caddy"], found["gaiwan"]
    assert (caddy["points"], caddy["stock"], caddy["floor"], caddy["source"]) == (2000, None, None, "template")
    rules = (await chain.http.get("/v1/programme")).json()
    assert gaiwan["floor"] == {"ladder": rules["ladders"][0]["code"], "tier": "silver"}
    assert (await chain.http.get(f"/v1/rewards/{gaiwan['id']}")).json() == gaiwan


async def test_a_reward_is_made_changed_and_ended(chain: Chain) -> None:
    made = await reward(chain, "cup", stock=3, floor={"ladder": "card", "tier": "silver"})
    assert (made["stock"], made["floor"], made["ended_at"]) == (3, {"ladder": "card", "tier": "silver"}, None)
    again = await chain.http.post("/v1/rewards", json={"code": "cup", "names": NAMES, "points": 1})
    assert problem(again) == (409, "code-taken")
    url = f"/v1/rewards/{made['id']}"
    changed = (await chain.http.patch(url, json={"points": 150, "floor": None, "names": {**NAMES, "en": "B"}})).json()
    assert (changed["points"], changed["floor"], changed["names"]["en"], changed["stock"]) == (150, None, "B", 3)
    ended = (await chain.http.patch(url, json={"ended": True})).json()["ended_at"]
    assert ended is not None
    assert (await chain.http.patch(url, json={"points": 160})).json()["ended_at"] == ended
    assert (await chain.http.patch(url, json={"ended": False})).json()["ended_at"] is None
    assert (await chain.http.get("/v1/rewards?limit=200")).json()["data"][-1]["id"] == made["id"]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"points": 0}, ("/points", "too-small")),
        ({"points": 1.5}, ("/points", "wrong-type")),
        ({"stock": -1}, ("/stock", "too-small")),
        ({"floor": {"ladder": "nowhere", "tier": "silver"}}, ("/floor/ladder", "unknown-ladder")),
        ({"floor": {"ladder": "card", "tier": "nobody"}}, ("/floor/tier", "unknown-tier")),
        ({"floor": {"ladder": "card"}}, ("/floor/tier", "required")),
        ({"colour": "red"}, ("/colour", "unknown-field")),
    ],
)
async def test_what_a_reward_may_not_say(chain: Chain, fields: Json, fault: tuple[str, str]) -> None:
    answer = await chain.http.post("/v1/rewards", json={"code": "x", "names": NAMES, "points": 1, **fields})
    assert at_fault(answer) == [fault]
    if "points" in fields or "floor" in fields:
        made = await reward(chain, "y")
        assert at_fault(await chain.http.patch(f"/v1/rewards/{made['id']}", json=fields)) == [fault]


async def test_pieces_come_and_go(chain: Chain) -> None:
    made = await reward(chain, "cup")
    url = f"/v1/rewards/{made['id']}/stock"
    assert at_fault(await chain.http.post(url, json={"pieces": 0})) == [("/pieces", "not-zero")]
    assert problem(await chain.http.post(url, json={"pieces": -1})) == (422, "reward-stock-too-low")
    assert (await chain.http.post(url, json={"pieces": 5})).json()["stock"] == 5
    assert (await chain.http.post(url, json={"pieces": -2})).json()["stock"] == 3
    refused = await chain.http.post(url, json={"pieces": -4})
    assert (problem(refused), refused.json()["stock"]) == ((422, "reward-stock-too-low"), 3)
    assert [row["pieces"] for row in await rows(chain, "reward_entry")] == [5, -2]
    assert (await chain.http.patch(f"/v1/rewards/{made['id']}", json={"unlimited": True})).json()["stock"] is None
    await books_are_right(chain)
    assert (await chain.http.post(url, json={"pieces": 1})).json()["stock"] == 1
    await books_are_right(chain)
    assert problem(await chain.http.post(f"/v1/rewards/{uuid4()}/stock", json={"pieces": 1})) == (404, "not-found")


async def test_a_piece_comes_back_where_one_was_taken(chain: Chain) -> None:
    """Claims of the time when pieces weren't counted took none."""
    made, who = await reward(chain, "cup"), await member(chain)
    await earn(chain, who, 300)
    uncounted = await claimed(chain, made["id"], who)
    assert (await chain.http.post(f"/v1/rewards/{made['id']}/stock", json={"pieces": 1})).json()["stock"] == 1
    counted = await claimed(chain, made["id"], who)
    assert await stock(chain, made["id"]) == 0
    assert problem(await claim(chain, made["id"], who)) == (409, "reward-out-of-stock")
    assert (await end(chain, uncounted["id"], "cancel")).status_code == 200
    assert await stock(chain, made["id"]) == 0
    assert (await end(chain, counted["id"], "cancel")).status_code == 200
    assert await stock(chain, made["id"]) == 1
    await books_are_right(chain)
