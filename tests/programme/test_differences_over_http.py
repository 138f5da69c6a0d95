"""Differences between versions as an owner reads them, over HTTP."""

import copy
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain

Json = dict[str, Any]
NewChain = Callable[..., Awaitable[Chain]]
CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    return await new_chain(template="general")


async def draft(chain: Chain, change: Callable[[Json], None]) -> None:
    document: Json = copy.deepcopy((await chain.http.get("/v1/programme")).json())
    change(document)
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text


async def diff(chain: Chain, version: int | str, language: str = "en", **query: Any) -> list[tuple[str, str, str]]:
    answer = await chain.http.get(
        f"/v1/programme/versions/{version}/diff", params=query, headers={"Accept-Language": language}
    )
    assert answer.status_code == 200, answer.text
    return [(one["pointer"], one["kind"], one["text"]) for one in answer.json()["data"]]


def dearer(document: Json) -> None:
    gold = document["ladders"][0]["tiers"][2]
    gold["qualify"]["any"][0]["gte"] = 300_000
    gold["benefits"].append({"type": "gift", "occasion": "birthday", "coupon": "birthday"})


async def test_a_draft_and_its_version_tell_the_same(chain: Chain) -> None:
    await draft(chain, dearer)
    expected = [
        (
            "/ladders/0/tiers/2/qualify/any/0",
            "changed",
            "“Gold”: to reach it: spend of ¥2,000.00 in all becomes ¥3,000.00.",
        ),
    ]
    found = await diff(chain, "draft")
    assert found[:1] == expected
    assert [kind for _, kind, _ in found] == ["changed", "added"]
    assert found[1][0] == "/ladders/0/tiers/2/benefits/1"
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    assert await diff(chain, 2) == found
    (chinese, _) = await diff(chain, 2, "zh-CN")
    assert chinese[2] == "“金卡”：升级条件：累计消费满 ¥2,000.00，改为 ¥3,000.00。"
    back = await diff(chain, 1, against=2)
    assert [kind for _, kind, _ in back] == ["changed", "removed"]
    assert await diff(chain, 2, against=2) == []


async def test_coupons_price_lists_and_branches_have_the_names_that_the_chain_gave_them(chain: Chain) -> None:
    coupon = {
        "code": "tea-10",
        "names": {"zh-CN": "十元茶券", "en": "Ten off tea"},
        "value": {"type": "amount", "amount": 1000},
        "valid_days": 30,
    }
    made = await chain.http.post("/v1/coupons", json=coupon)
    assert made.status_code == 201, made.text
    listed = {"names": {"zh-CN": "会员价", "en": "Member prices"}, "prices": []}
    assert (await chain.http.put("/v1/price-lists/inner", json=listed)).is_success
    code = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]

    def change(document: Json) -> None:
        document["ladders"][0]["tiers"][1]["benefits"] += [
            {"type": "gift", "occasion": "upgrade", "coupon": "tea-10"},
            {"type": "price_list", "code": "inner"},
        ]
        document["stacking"]["branches"] = [code]

    await draft(chain, change)
    english = [text for _, _, text in await diff(chain, "draft")]
    chinese = [text for _, _, text in await diff(chain, "draft", "zh-CN")]
    assert english[:2] == [
        "“Silver”: benefits: the coupon “Ten off tea” when it is reached is added.",
        "“Silver”: benefits: the price list “Member prices” is added.",
    ]
    assert chinese[0] == "“银卡”：权益：增加升级时赠送优惠券“十元茶券”。"
    assert chinese[1] == "“银卡”：权益：增加价目表“会员价”。"
    assert "instead of all branches" in english[2]


async def test_a_tier_that_is_renamed_goes_on(chain: Chain) -> None:
    def rename(document: Json) -> None:
        document["ladders"][0]["tiers"][2] |= {"code": "sun", "names": {"zh-CN": "太阳", "en": "Sun"}}

    await draft(chain, rename)
    published = await chain.http.post("/v1/programme/draft/publish", json={"holders": {"card": {"gold": "sun"}}})
    assert published.status_code == 200, published.text
    assert await diff(chain, 2) == [
        ("/ladders/0/tiers/2/code", "renamed", "“Gold” goes on as “Sun”: who holds the one holds the other."),
        ("/ladders/0/tiers/2/names/zh-CN", "renamed", "“Gold”: the Chinese name: “太阳” instead of “金卡”."),
        ("/ladders/0/tiers/2/names/en", "renamed", "“Gold”: the English name: “Sun” instead of “Gold”."),
    ]
    assert (await diff(chain, 1, against=2))[0][2] == "“Sun” goes on as “Gold”: who holds the one holds the other."


async def test_tiers_that_change_places_come_and_go(chain: Chain) -> None:
    def change(document: Json) -> None:
        base, silver, gold, _ = document["ladders"][0]["tiers"]
        new = {"code": "star", "names": {"zh-CN": "星", "en": "Star"}, "benefits": []}
        new["qualify"] = {"metric": "purchases", "window": {"type": "calendar_month"}, "gte": 3}
        tiers = [base, gold, silver, new]
        document["ladders"][0]["tiers"] = [tier | {"rank": rank} for rank, tier in enumerate(tiers)]

    await draft(chain, change)
    found = {text for _, _, text in await diff(chain, "draft")}
    assert found == {
        "The tier “Diamond” is dropped.",
        "New tier “Star” (reached by: at least 3 purchases this month), above “Silver”.",
        "“Silver” stands above “Gold” now.",
    }
    assert "新增等级“星”（升级条件：本月满 3 笔消费），位于“银卡”之上。" in {
        text for _, _, text in await diff(chain, "draft", "zh-CN")
    }


async def test_warnings_of_a_draft_are_in_the_same_words(chain: Chain) -> None:
    document: Json = (await chain.http.get("/v1/programme")).json()
    document["ladders"][0]["tiers"][1]["qualify"]["any"][0]["gte"] = 210_000
    asked = "spend of ¥2,100.00 in all, and there spend of ¥2,000.00 in all"
    said = {}
    for language in ("zh-CN", "en"):
        kept = await chain.http.put("/v1/programme/draft", json=document, headers={"Accept-Language": language})
        said[language] = [(one["code"], one["message"]) for one in kept.json()["warnings"]]
    assert said == {
        "zh-CN": [
            (
                "lower-asks-more",
                "“银卡”的要求高于其上级“金卡”：累计消费满 ¥2,100.00，而后者为累计消费满 ¥2,000.00。",
            )
        ],
        "en": [("lower-asks-more", f"“Silver” asks for more than “Gold” above it: {asked}.")],
    }


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("1/diff", 404, "not-found"),
        ("0/diff", 404, "not-found"),
        ("9/diff", 404, "not-found"),
        ("9999999999/diff", 404, "not-found"),
        ("1/diff?against=7", 404, "not-found"),
        ("1/diff?against=0", 422, "validation-failed"),
        ("1/diff?against=draft", 422, "validation-failed"),
        ("draft/diff", 404, "draft-missing"),
    ],
)
async def test_what_isnt_there_has_no_differences(chain: Chain, path: str, status: int, problem: str) -> None:
    answer = await chain.http.get(f"/v1/programme/versions/{path}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")


async def test_a_draft_tells_what_becomes_of_who_holds_what_goes(chain: Chain) -> None:
    for of_the_template in (await chain.http.get("/v1/segments")).json()["data"]:
        assert (await chain.http.delete(f"/v1/segments/{of_the_template['id']}")).is_success
    silver, gold = [(await chain.http.post("/v1/members", json={"name": f"m{n}"})).json()["id"] for n in range(2)]
    for who, tier in ((silver, "silver"), (gold, "gold")):
        body = {"tier": tier, "reason": "moved here"}
        assert (await chain.http.put(f"/v1/members/{who}/tier", json=body)).is_success
    segment = {
        "code": "silvers",
        "names": {"zh-CN": "银卡会员", "en": "Silver members"},
        "condition": {"property": "tier", "in": ["silver"]},
    }
    assert (await chain.http.post("/v1/segments", json=segment)).status_code == 201

    def change(document: Json) -> None:
        base, _, gold_tier, _ = document["ladders"][0]["tiers"]
        new = gold_tier | {"rank": 2, "code": "star", "names": {"zh-CN": "星", "en": "Star"}}
        document["ladders"][0]["tiers"] = [base, gold_tier | {"rank": 1}, new]

    await draft(chain, change)

    async def of_tiers(language: str, **query: str) -> list[str]:
        found = await diff(chain, "draft", language, **query)
        gone = ("is dropped", "goes on", "egment", "取消", "人群", "延续")
        return [text for _, _, text in found if any(word in text for word in gone) and "step" not in text]

    assert await of_tiers("en") == [
        "The tier “Silver” is dropped; 1 member holds it, and it isn't said what becomes of that.",
        "The tier “Diamond” is dropped.",
        "The segment “Silver members” names “Silver” and is for nobody then: change it.",
    ]
    merged = json.dumps({"card": {"silver": "gold", "diamond": "star"}})
    assert (await of_tiers("en", holders=merged))[:2] == [
        "The tier “Silver” is dropped; the 1 member who holds it gets “Gold”.",
        "“Diamond” goes on as “Star”: who holds the one holds the other.",
    ]
    assert (await of_tiers("zh-CN", holders=merged))[0] == "取消等级“银卡”，持有它的 1 位会员转为“金卡”。"
    renamed = json.dumps({"card": {"silver": "star", "diamond": "gold"}})
    assert "The segment “Silver members” names “Star” instead of “Silver” then." in await of_tiers(
        "en", holders=renamed
    )
    assert "人群“银卡会员”随之由“银卡”改为“星”。" in await of_tiers("zh-CN", holders=renamed)


async def test_a_draft_without_a_ladder_tells_how_many_stand_on_it(chain: Chain) -> None:
    who = (await chain.http.post("/v1/members", json={"name": "m"})).json()["id"]
    held = {"tier": "silver", "reason": "moved here"}
    assert (await chain.http.put(f"/v1/members/{who}/tier", json=held)).is_success

    def change(document: Json) -> None:
        document["ladders"][0] |= {"code": "club"}

    await draft(chain, change)
    unsaid, said = [await diff(chain, "draft", **query) for query in ({}, {"holders": '{"card": null}'})]
    assert unsaid[0][2].endswith("is dropped; 1 member holds a tier of it, and it isn't said what becomes of that.")
    assert said[0][2].endswith("is dropped; the tier that 1 member holds stays as history.")


@pytest.mark.parametrize(
    ("holders", "error"),
    [
        ('{"card": {"silver": "nothing"}}', ("/holders/card/silver", "unknown-tier")),
        ('{"nothing": {"silver": "gold"}}', ("/holders/nothing", "unknown-ladder")),
        ("silver", ("/holders", "invalid")),
        ('{"card": ["silver"]}', ("/holders", "wrong-type")),
    ],
)
async def test_holders_are_sent_to_what_the_draft_has(chain: Chain, holders: str, error: tuple[str, str]) -> None:
    await draft(chain, dearer)
    answer = await chain.http.get("/v1/programme/versions/draft/diff", params={"holders": holders})
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [error]
