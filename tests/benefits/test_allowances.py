"""Free uses over HTTP: counted when used, by the period of the local day, for whoever holds the tier."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from rules import Json, allowance, at, set_tier, with_benefits
from support.chains import Chain
from support.clock import owner, set_clock
from support.programme import change_programme
from support.till import member, rows

NewChain = Callable[..., Awaitable[Chain]]


async def take(chain: Chain, who: str, product: str = "class", **body: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/members/{who}/allowances/{product}/use", json=body)


async def taken(chain: Chain, who: str, product: str = "class", **body: Any) -> Json:
    answer = await take(chain, who, product, **body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def give_up(chain: Chain, who: str, use: str, product: str = "class") -> httpx.Response:
    return await chain.http.post(f"/v1/members/{who}/allowances/{product}/uses/{use}/undo")


async def left(chain: Chain, who: str) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Count, used and left by product and period."""
    answer = await chain.http.get(f"/v1/members/{who}/allowances")
    assert answer.status_code == 200, answer.text
    return {(a["product"], a["per"]): (a["count"], a["used"], a["left"]) for a in answer.json()["data"]}


@pytest.fixture
async def gym(chain: Chain) -> Chain:
    """Silver has 2 classes a month, gold 4."""
    await with_benefits(chain, silver=[allowance("class", "month", 2)], gold=[allowance("class", "month", 4)])
    return chain


@pytest.fixture
async def who(gym: Chain) -> str:
    found = await member(gym)
    await set_tier(gym, found, "silver")
    return found


async def test_uses_are_counted_until_none_is_left(gym: Chain, who: str) -> None:
    await set_clock(gym.tenant_id, at("2026-11-22 12:00"))
    first = await taken(gym, who, branch_id=gym.branch_id)
    assert first["allowance"] == {
        "product": "class",
        "per": "month",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "count": 2,
        "used": 1,
        "left": 1,
    }
    assert (first["member_id"], first["branch_id"], first["undone"]) == (who, gym.branch_id, False)
    assert (await taken(gym, who))["allowance"]["left"] == 0
    refused = await take(gym, who)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/allowance-used-up")
    assert refused.json()["again_on"] == "2026-12-01"
    assert "Dec 1, 2026" in refused.json()["detail"]
    assert await left(gym, who) == {("class", "month"): (2, 2, 0)}


async def test_a_new_period_has_new_uses(gym: Chain, who: str) -> None:
    await set_clock(gym.tenant_id, at("2026-11-30 23:59:30"))
    await taken(gym, who)
    await taken(gym, who)
    await set_clock(gym.tenant_id, at("2026-12-01 00:00:00"))
    assert await left(gym, who) == {("class", "month"): (2, 0, 2)}
    assert (await taken(gym, who))["allowance"]["from"] == "2026-12-01"


async def test_a_period_is_of_local_days(new_chain: NewChain) -> None:
    """The night the clocks go back has an hour twice; the day ends once."""
    zone = ZoneInfo("America/New_York")
    chain = await new_chain(timezone="America/New_York")
    await with_benefits(chain, regular=[allowance("class", "day", 1)])
    who = await member(chain)
    await set_clock(chain.tenant_id, at("2026-11-01 01:30", zone))
    await taken(chain, who)
    await set_clock(chain.tenant_id, at("2026-11-01 01:30", zone).replace(fold=1))
    assert (await take(chain, who)).status_code == 409
    await set_clock(chain.tenant_id, at("2026-11-01 23:59:58", zone))
    assert (await take(chain, who)).status_code == 409
    await set_clock(chain.tenant_id, at("2026-11-02 00:00", zone))
    await taken(chain, who)


async def test_the_tier_held_now_decides(gym: Chain, who: str) -> None:
    await taken(gym, who)
    await set_tier(gym, who, "gold")
    assert await left(gym, who) == {("class", "month"): (4, 1, 3)}
    for _ in range(2):
        await taken(gym, who)
    await set_tier(gym, who, "silver")
    assert await left(gym, who) == {("class", "month"): (2, 3, 0)}
    assert (await take(gym, who)).status_code == 409
    await set_tier(gym, who, "regular")
    assert await left(gym, who) == {}
    refused = await take(gym, who)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-allowance")


async def test_of_two_ladders_the_larger_count_holds(chain: Chain) -> None:
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    for tier in ladders[0]["tiers"]:
        tier["benefits"] = [allowance("class", "month", 3), allowance("sauna", "year", 1)]
    names = {"zh-CN": "甲", "en": "A"}
    second = {
        **ladders[0],
        "code": "level",
        "names": names,
        "tiers": [
            {"code": "one", "names": names, "rank": 0, "benefits": [allowance("class", "month", 5)]},
        ],
    }
    await change_programme(chain, ladders=[ladders[0], second])
    who = await member(chain)
    assert await left(chain, who) == {("class", "month"): (5, 0, 5), ("sauna", "year"): (1, 0, 1)}


async def test_of_two_periods_the_one_that_ends_first_is_used(chain: Chain) -> None:
    await with_benefits(chain, regular=[allowance("class", "month", 2), allowance("class", "week", 1)])
    await set_clock(chain.tenant_id, at("2026-11-18 12:00"))
    who = await member(chain)
    assert [(await taken(chain, who))["allowance"]["per"] for _ in range(3)] == ["week", "month", "month"]
    assert (await take(chain, who)).status_code == 409
    await set_clock(chain.tenant_id, at("2026-11-24 12:00"))
    assert (await taken(chain, who))["allowance"]["per"] == "week"


async def test_a_use_is_taken_back_once(gym: Chain, who: str) -> None:
    used = [(await taken(gym, who))["id"] for _ in range(2)]
    for _ in range(2):
        back = await give_up(gym, who, used[0])
        assert back.status_code == 200
        assert (back.json()["undone"], back.json()["allowance"]["left"]) == (True, 1)
    assert sorted(row["uses"] for row in await rows(gym, "allowance_use")) == [-1, 1, 1]
    await taken(gym, who)
    assert (await take(gym, who)).status_code == 409
    log = (await gym.http.get("/v1/audit-log")).json()["data"]
    assert [one["action"] for one in log].count("allowance.undo") == 1


async def test_a_use_of_a_period_that_is_over_is_taken_back_there(gym: Chain, who: str) -> None:
    await set_clock(gym.tenant_id, at("2026-11-30 12:00"))
    use = (await taken(gym, who))["id"]
    await set_clock(gym.tenant_id, at("2026-12-01 12:00"))
    assert (await give_up(gym, who, use)).json()["allowance"] is None
    assert await left(gym, who) == {("class", "month"): (2, 0, 2)}


async def test_what_is_not_there_cannot_be_taken_back(gym: Chain, who: str) -> None:
    other = await member(gym)
    await set_tier(gym, other, "silver")
    use = (await taken(gym, who))["id"]
    for url in (
        f"/v1/members/{other}/allowances/class/uses/{use}/undo",
        f"/v1/members/{who}/allowances/sauna/uses/{use}/undo",
        f"/v1/members/{who}/allowances/%00/uses/{use}/undo",
        f"/v1/members/{who}/allowances/class/uses/{uuid4()}/undo",
        f"/v1/members/{uuid4()}/allowances/class/uses/{use}/undo",
    ):
        assert (await gym.http.post(url)).status_code == 404, url
    assert (await gym.http.get(f"/v1/members/{uuid4()}/allowances")).status_code == 404
    assert (await take(gym, who, "%00")).status_code == 409


async def test_the_callers_own_number_counts_once(gym: Chain, who: str) -> None:
    first = await taken(gym, who, external_id="K1", branch_id=gym.branch_id)
    again = await take(gym, who, external_id="K1", branch_id=gym.branch_id)
    assert (again.status_code, again.json()) == (200, first)
    other = await take(gym, who, external_id="K1")
    assert (other.status_code, other.json()["type"]) == (409, "/problems/external-id-conflict")
    friend = await member(gym)
    await set_tier(gym, friend, "silver")
    assert (await take(gym, friend, external_id="K1", branch_id=gym.branch_id)).status_code == 409
    await give_up(gym, who, first["id"])
    assert (await take(gym, who, external_id="K1", branch_id=gym.branch_id)).json()["undone"] is True


async def test_a_merge_unites_what_was_used(gym: Chain, who: str) -> None:
    other = await member(gym)
    await set_tier(gym, other, "silver")
    use = (await taken(gym, other, external_id="K1"))["id"]
    assert (await gym.http.post(f"/v1/members/{who}/merge", json={"other_id": other})).status_code == 200
    assert await left(gym, who) == await left(gym, other) == {("class", "month"): (2, 1, 1)}
    assert (await take(gym, other, external_id="K1")).status_code == 200
    assert (await give_up(gym, other, use)).json()["allowance"]["left"] == 2
    assert (await taken(gym, other))["member_id"] == who


async def test_who_has_left_uses_nothing(gym: Chain, who: str) -> None:
    use = (await taken(gym, who))["id"]
    assert (await gym.http.delete(f"/v1/members/{who}")).status_code == 204
    assert await left(gym, who) == {}
    assert (await take(gym, who)).json()["type"] == "/problems/member-closed"
    assert (await give_up(gym, who, use)).json()["type"] == "/problems/member-closed"


async def test_a_suspended_chain_writes_nothing(gym: Chain, who: str) -> None:
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", gym.tenant_id)
    assert (await take(gym, who)).json()["type"] == "/problems/tenant-closed"
    assert await left(gym, who) == {("class", "month"): (2, 0, 2)}


async def test_a_key_of_branches_names_one_of_them(gym: Chain, who: str) -> None:
    made = await gym.http.post("/v1/branches", json={"code": "b2", "name": "二店"})
    second = made.json()["id"]
    body = {"name": "till", "scopes": ["purchases:write"], "branch_ids": [second]}
    key = (await gym.http.post("/v1/api-keys", json=body)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    url = f"/v1/members/{who}/allowances/class"
    mine = (await taken(gym, who))["id"]
    assert (await gym.http.post(f"{url}/use", json={}, headers=headers)).status_code == 422
    elsewhere = await gym.http.post(f"{url}/use", json={"branch_id": gym.branch_id}, headers=headers)
    assert elsewhere.status_code == 403
    theirs = await gym.http.post(f"{url}/use", json={"branch_id": second}, headers=headers)
    assert theirs.status_code == 201
    assert (await gym.http.post(f"{url}/uses/{mine}/undo", headers=headers)).status_code == 403
    assert (await gym.http.post(f"{url}/uses/{theirs.json()['id']}/undo", headers=headers)).status_code == 200
    await gym.http.patch(f"/v1/branches/{second}", json={"closed": True})
    assert (await take(gym, who, branch_id=second)).json()["type"] == "/problems/branch-closed"
    assert (await take(gym, who, branch_id=str(uuid4()))).json()["type"] == "/problems/unknown-branch"


async def test_of_sixteen_at_once_one_gets_the_last_class(gym: Chain, who: str) -> None:
    await taken(gym, who)
    answers = await asyncio.gather(*(take(gym, who, external_id=f"K{n}") for n in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} == {"/problems/allowance-used-up"}
    assert await left(gym, who) == {("class", "month"): (2, 2, 0)}


async def test_of_sixteen_undos_one_counts(gym: Chain, who: str) -> None:
    use = (await taken(gym, who))["id"]
    answers = await asyncio.gather(*(give_up(gym, who, use) for _ in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert await left(gym, who) == {("class", "month"): (2, 0, 2)}
    numbers = [row["seq"] for row in await rows(gym, "allowance_use")]
    assert len(set(numbers)) == len(numbers) == 2


async def test_one_number_from_two_members_at_once_counts_once(gym: Chain, who: str) -> None:
    friends = [who, *[await member(gym) for _ in range(5)]]
    for friend in friends[1:]:
        await set_tier(gym, friend, "silver")
    answers = await asyncio.gather(*(take(gym, friend, external_id="K") for friend in friends))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
