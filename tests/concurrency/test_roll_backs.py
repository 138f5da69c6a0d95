"""Two owners go back at the same instant, to one version or to two: one after the other, or one is told to wait."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain
from support.drift import drift
from support.proof import unproved
from support.till import bought, member, rows

Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
LIFE: Json = {"type": "lifetime"}


def card(silver: int, gold: int) -> Json:
    def tier(rank: int, code: str, gte: int | None) -> Json:
        qualify = None if gte is None else {"metric": "spend", "window": LIFE, "gte": gte}
        return {"code": code, "rank": rank, "names": {"zh-CN": code, "en": code}, "qualify": qualify}

    policy = {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "months", "months": 12}}
    tiers = [tier(0, "base", None), tier(1, "silver", silver), tier(2, "gold", gold)]
    return {"code": "card", "names": {"zh-CN": "card", "en": "card"}, "tiers": tiers, "policy": policy}


async def published(chain: Chain, drain: Drain, ladder: Json, transition: str) -> None:
    document = (await chain.http.get("/v1/programme")).json() | {"ladders": [copy.deepcopy(ladder)]}
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    answer = await chain.http.post("/v1/programme/draft/publish", json={"transition": transition})
    assert answer.status_code == 200, answer.text
    await through(chain, drain)


async def through(chain: Chain, drain: Drain) -> None:
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0


async def standings(chain: Chain) -> dict[str, Any]:
    return {str(row["member_id"]): (row["tier"], row["valid_until"]) for row in await rows(chain, "member_tier")}


@pytest.mark.parametrize("targets", [(2, 2), (2, 3), (3, 2)])
async def test_two_roll_backs_at_once(chain: Chain, drain: Drain, targets: tuple[int, int]) -> None:
    await published(chain, drain, card(1_000, 5_000), "grandfather")
    held: dict[int, dict[str, Any]] = {}
    for number, amount in enumerate((1_500, 2_500, 4_500, 6_000)):
        await bought(chain, f"b{number}", amount, member_id=await member(chain, name=f"m{number}"))
    held[2] = await standings(chain)
    await published(chain, drain, card(2_000, 4_000), "now")
    held[3] = await standings(chain)
    await published(chain, drain, card(3_000, 9_000), "now")

    async def back(target: int) -> Any:
        return await chain.http.post(f"/v1/programme/versions/{target}/rollback", json={"note": str(target)})

    answers = await asyncio.gather(*(back(target) for target in targets))
    await through(chain, drain)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 200], [200, 409]), [answer.text for answer in answers]
    refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert refused <= {"/problems/recalculation-running"}, refused
    versions = sorted(await rows(chain, "programme_version"), key=lambda row: row["version"])
    made = [row for row in versions if row["version"] > 4]
    assert [row["version"] for row in made] == list(range(5, 5 + statuses.count(200)))
    last = made[-1]["rolled_back_to"]
    assert (await chain.http.get("/v1/programme")).json()["version"] == made[-1]["version"]
    assert await standings(chain) == held[last]
    runs = [row for row in await rows(chain, "recalculation") if row["cause"] == "programme"]
    assert all(row["finished_at"] for row in runs)
    assert [row["programme_version"] for row in runs if row["programme_version"] > 4] == [
        row["version"] for row in made
    ]
    assert await drift(chain) == []
    assert await unproved(chain.tenant_id) == []
