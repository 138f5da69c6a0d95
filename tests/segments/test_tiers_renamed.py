"""Segments and rules of tasks follow the tiers that they name: a tier that goes on under another code is followed, one
that is dropped only where that brings nobody else along; a draft says so before, a roll-back gives back.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from programme.card_chains import OLD, holders, ladder, publish, published, rolled_back, through
from segments.asking import NAMES, keep
from support.chains import Chain
from support.clock import set_clock
from support.midnights import work
from support.till import rows

Json = dict[str, Any]
Drain = Any
OF_THE_TEMPLATE = {"one_step_below"}


def in_tiers(*codes: str) -> Json:
    return {"property": "tier", "in": list(codes)}


@pytest.fixture
async def card(chain: Chain, drain: Drain) -> Chain:
    await published(chain, OLD, transition="grandfather")
    await through(chain, drain)
    return chain


async def condition(chain: Chain, segment: Json) -> Json:
    found: Json = (await chain.http.get(f"/v1/segments/{segment['id']}")).json()["condition"]
    return found


async def selected(chain: Chain, segment: Json) -> list[str]:
    answer = await chain.http.get(f"/v1/segments/{segment['id']}/members")
    assert answer.status_code == 200, answer.text
    return sorted(one["id"] for one in answer.json()["data"])


async def outdated(chain: Chain, segment: Json) -> bool:
    answer = await chain.http.get(f"/v1/segments/{segment['id']}/members")
    return answer.status_code != 200 and answer.json()["type"] == "/problems/segment-outdated"


async def followed(chain: Chain) -> list[Json]:
    found = (await chain.http.get("/v1/audit-log", params={"limit": 200})).json()["data"]
    return [one for one in found if one["action"].endswith(".follow") and one["detail"]["code"] not in OF_THE_TEMPLATE]


async def draft(chain: Chain, wanted: Json, language: str = "en") -> list[Json]:
    """Its warnings."""
    document = (await chain.http.get("/v1/programme")).json() | {"ladders": [wanted]}
    answer = await chain.http.put("/v1/programme/draft", json=document, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["warnings"] if one["params"]["of"] not in OF_THE_TEMPLATE]


RENAMED = ladder(("base", None), ("argent", 1_000), ("gold", 5_000))
WITHOUT_SILVER = ladder(("base", None), ("gold", 5_000))


async def test_a_renamed_tier_is_followed_and_a_roll_back_gives_it_back(card: Chain, drain: Drain) -> None:
    silver, _ = await holders(card, 1_000, 5_000)
    nested = {"all": [{"not": in_tiers("gold")}, in_tiers("silver", "gold"), {"property": "kind", "in": ["person"]}]}
    one, two = await keep(card, "one", in_tiers("silver")), await keep(card, "two", nested)
    await published(card, RENAMED, holders={"card": {"silver": "argent"}})
    assert await selected(card, one) == await selected(card, two) == [silver]
    assert await condition(card, one) == in_tiers("argent")
    assert (await condition(card, two))["all"][1] == in_tiers("argent", "gold")
    acts = await followed(card)
    assert {act["detail"]["code"]: act["detail"]["renamed"] for act in acts} == {
        code: {"card.silver": "card.argent"} for code in ("one", "two")
    }
    await through(card, drain)
    await rolled_back(card, 2, drain)
    assert await condition(card, one) == in_tiers("silver")
    assert await condition(card, two) == nested
    assert await selected(card, one) == [silver]
    await rolled_back(card, 3, drain)
    assert await condition(card, one) == in_tiers("argent")


async def test_what_somebody_changed_since_follows_a_roll_back_by_its_names(card: Chain, drain: Drain) -> None:
    one = await keep(card, "one", in_tiers("silver"))
    await published(card, RENAMED, holders={"card": {"silver": "argent"}})
    await through(card, drain)
    changed = await card.http.patch(f"/v1/segments/{one['id']}", json={"condition": in_tiers("argent", "gold")})
    assert changed.status_code == 200, changed.text
    await rolled_back(card, 2, drain)
    assert await condition(card, one) == in_tiers("silver", "gold")


async def test_nobody_else_comes_in_where_a_tier_is_dropped(card: Chain, drain: Drain) -> None:
    _, gold = await holders(card, 1_000, 5_000)
    alone, both = await keep(card, "alone", in_tiers("silver")), await keep(card, "both", in_tiers("silver", "gold"))
    await published(card, WITHOUT_SILVER, holders={"card": {"silver": "base"}})
    await through(card, drain)
    assert await outdated(card, alone)
    assert await condition(card, both) == in_tiers("gold")
    assert await selected(card, both) == [gold]
    assert {act["detail"]["code"]: act["detail"]["lost"] for act in await followed(card)} == {
        code: ["card.silver"] for code in ("alone", "both")
    }
    await rolled_back(card, 2, drain)
    assert await condition(card, both) == in_tiers("silver", "gold")
    assert not await outdated(card, alone)


async def test_tiers_that_become_one_are_followed_together(card: Chain, drain: Drain) -> None:
    members = await holders(card, 1_000, 5_000)
    alone, both = await keep(card, "alone", in_tiers("silver")), await keep(card, "both", in_tiers("silver", "gold"))
    one = ladder(("base", None), ("member", 1_000))
    await published(card, one, holders={"card": {"silver": "member", "gold": "member"}})
    assert await condition(card, both) == in_tiers("member")
    assert await selected(card, both) == sorted(members)
    assert await outdated(card, alone)


async def test_a_part_for_whom_nobody_is_left_is_left_out_beside_others(card: Chain, drain: Drain) -> None:
    person = {"property": "kind", "in": ["person"]}
    ways = {"any": [{"all": [in_tiers("silver"), person]}, {"all": [in_tiers("gold"), person]}]}
    one = await keep(card, "one", ways)
    two = await keep(card, "two", {"not": in_tiers("silver")})
    await published(card, WITHOUT_SILVER, holders={"card": {"silver": "base"}})
    await through(card, drain)
    assert await condition(card, one) == {"any": [{"all": [in_tiers("gold"), person]}]}
    assert await outdated(card, two)
    await rolled_back(card, 2, drain)
    assert await condition(card, one) == ways


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"gte": 2}, {"gte": 3}),
        ({"gte": 1}, {"gte": 1}),
        ({"lt": 2}, {"lt": 3}),
        ({"gte": 2, "lt": 3}, {"gte": 3, "lt": 20}),
        ({"lt": 20}, {"lt": 20}),
    ],
)
async def test_ranks_go_on_from_the_tier_that_they_meant(card: Chain, bounds: Json, expected: Json) -> None:
    one = await keep(card, "one", {"property": "tier", **bounds})
    await published(card, ladder(("base", None), ("bronze", 500), ("silver", 1_000), ("gold", 5_000)))
    assert await condition(card, one) == {"property": "tier", **expected}


async def test_ranks_between_which_others_have_come_are_listed(card: Chain) -> None:
    await published(card, ladder(("base", None), ("silver", 1_000), ("gold", 5_000), ("jade", 9_000)))
    one = await keep(card, "one", {"property": "tier", "gte": 2})
    await published(card, ladder(("base", None), ("gold", 1_000), ("silver", 5_000), ("jade", 9_000)))
    assert await condition(card, one) == in_tiers("gold", "jade")


async def test_the_main_ladder_is_named_once_it_isnt_the_main_one(card: Chain) -> None:
    one = await keep(card, "one", in_tiers("silver"))
    club = ladder(("guest", None), ("friend", 100), code="club")
    await published(card, club, OLD)
    assert await condition(card, one) == in_tiers("silver") | {"ladder": "card"}
    await published(card, club, holders={"card": None})
    assert await outdated(card, one)


async def test_a_draft_warns_of_what_names_a_tier_that_it_hasnt_got(card: Chain) -> None:
    await keep(card, "one", in_tiers("silver"))
    await keep(card, "other", in_tiers("gold"))
    rule = {"code": "call", "names": NAMES, "ladder": "card", "tiers": ["silver"], "every": {"type": "days", "days": 7}}
    assert (await card.http.post("/v1/tasks/rules", json=rule)).status_code == 201
    assert await draft(card, OLD) == []
    (segment, task) = await draft(card, WITHOUT_SILVER)
    assert segment["code"] == "segment-names-dropped-tier"
    assert segment["pointer"] == "/ladders/0/tiers"
    assert segment["params"] == {"of": "one", "ladder": "card", "tier": "silver"}
    assert segment["message"].startswith(
        "the segment “Regulars” names the tier “silver”, which the draft doesn't have."
    )
    assert task["code"] == "task-names-dropped-tier"
    (chinese, _) = await draft(card, WITHOUT_SILVER, "zh-CN")
    assert chinese["message"].startswith("人群“常客”引用了等级“silver”，草案中没有这个等级。")


async def test_a_rule_of_tasks_follows_and_doesnt_call_everybody(card: Chain, drain: Drain) -> None:
    rule = {"code": "call", "names": NAMES, "ladder": "card", "tiers": ["silver"], "every": {"type": "days", "days": 7}}
    made = (await card.http.post("/v1/tasks/rules", json=rule)).json()

    async def tiers() -> list[str]:
        found: list[str] = (await card.http.get(f"/v1/tasks/rules/{made['id']}")).json()["tiers"]
        return found

    await published(card, RENAMED, holders={"card": {"silver": "argent"}})
    await through(card, drain)
    assert await tiers() == ["argent"]
    await published(card, WITHOUT_SILVER, holders={"card": {"argent": "base"}})
    await through(card, drain)
    assert await tiers() == ["argent"]
    await rolled_back(card, 2, drain)
    assert await tiers() == ["silver"]
    assert [row["state"] for row in await rows(card, "task")] == []


async def test_a_waiting_publish_follows_in_the_name_of_who_asked_for_it(card: Chain, drain: Drain) -> None:
    one = await keep(card, "one", in_tiers("silver"))
    at = datetime.now(UTC) + timedelta(hours=1)
    waits = await publish(card, RENAMED, holders={"card": {"silver": "argent"}}, at=at.isoformat())
    assert waits.status_code == 202, waits.text
    assert await condition(card, one) == in_tiers("silver")
    await set_clock(card.tenant_id, at + timedelta(minutes=1))
    await work(card, drain)
    assert await condition(card, one) == in_tiers("argent")
    (act,) = await followed(card)
    assert act["actor"] == waits.json()["pending"]["by"] != "system"
