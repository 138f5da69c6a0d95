"""How large a programme may be: as many different leaves as one statement can carry."""

from typing import Any

from support.chains import Chain
from support.till import bought, member

Json = dict[str, Any]
MONTHS_24 = {"type": "rolling_months", "months": 24}
SPENT = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 1}


def leaf(n: int) -> Json:
    """One of any number of different leaves, the first 300 of them over windows of the member's own."""
    metric = ("spend", "purchases", "max_purchase")[n % 3]
    window = {"type": "membership_year", "offset": -(n // 3)} if n < 300 else {"type": "rolling_days", "days": n}
    return {"metric": metric, "window": window, "gte": 10**13}


def with_leaves(document: Json, different: int) -> Json:
    """The document with so many different leaves on its one ladder, each twice; every tier asks for one yuan too."""
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:1]
    leaves = [SPENT, *(leaf(n) for n in range(different - 1))]
    for rank, start in enumerate(range(0, different, 60), start=1):
        asked = {"names": {"zh-CN": "级", "en": "Tier"}, "qualify": {"any": [SPENT, *leaves[start : start + 60]]}}
        ladder["tiers"] += [{"code": f"t{rank}", **asked}, {"code": f"u{rank}", **asked}]
    for rank, tier in enumerate(ladder["tiers"]):
        tier["rank"] = rank
    return document


async def test_256_different_leaves_are_the_most_and_they_work(chain: Chain) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    refused = await chain.http.put("/v1/programme/draft", json=with_leaves(document, 257))
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/ladders", "too-many-leaves")
    assert error["message"] == "at most 256 conditions; here are 257"

    kept = await chain.http.put("/v1/programme/draft", json=with_leaves(document, 256))
    assert kept.status_code == 200, kept.text
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    one = await member(chain)
    made = await bought(chain, "1", 1, member_id=one)
    assert made["tier"]["after"] == "u5"
    assert (await chain.http.get(f"/v1/members/{one}/tier")).json()["next"] is None


async def test_each_ladder_has_leaves_of_its_own_and_retain_a_lifetime_of_its_own(chain: Chain) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    with_leaves(document, 128)
    ladder = document["ladders"][0]
    document["ladders"].append({**ladder, "code": "second"})
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    ladder["tiers"][1]["retain"] = {"metric": "spend", "window": MONTHS_24, "gte": 1}
    one_more = await chain.http.put("/v1/programme/draft", json=document)
    assert (one_more.status_code, one_more.json()["errors"][0]["pointer"]) == (422, "/ladders")
    ladder["tiers"][1]["retain"] = {**SPENT, "gte": 2}
    whole_life = await chain.http.put("/v1/programme/draft", json=document)
    assert (whole_life.status_code, whole_life.json()["errors"][0]["pointer"]) == (422, "/ladders")
    ladder["tiers"][1]["retain"] = leaf(0)
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
