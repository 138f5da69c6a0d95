"""Rewards as staff use them: defined, stocked, claimed for a member, handed out, called off."""

import re
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.sending import hidden, rows, said_of, send

NEW = {"names_zh-CN": "茶杯", "points": "100", "stock": "2"}
AT = "/rewards"


async def enrol(chain: Any, points: int, **fields: Any) -> str:
    member: str = (await chain.http.post("/v1/members", json=fields)).json()["id"]
    given = {"member_id": member, "points": points, "reason": "a test"}
    assert (await chain.http.post("/v1/points/adjust", json=given)).status_code == 201
    return member


async def made(browser: Any, **changes: str) -> str:
    answer = await send(browser, "/rewards/new", AT, **{**NEW, **changes})
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/rewards/([0-9a-f-]{36})\?done=made", answer.headers["location"])
    assert found
    return found[1]


async def balance(chain: Any, member: str) -> int:
    points: int = (await chain.http.get(f"/v1/members/{member}/points")).json()["balance"]
    return points


async def test_a_reward_is_defined_changed_and_stocked(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        reward_id = await made(browser, floor="card:silver", names_en="A cup")
        at = f"/rewards/{reward_id}"
        kept = (await chain.http.get(f"/v1{at}")).json()
        assert (kept["points"], kept["stock"], kept["floor"]) == (100, 2, {"ladder": "card", "tier": "silver"})
        assert kept["code"].startswith("a-cup-")
        assert "Silver and above" in (await browser.get(at)).text
        await send(browser, f"{at}/edit", AT, **{"names_zh-CN": "大茶杯", "points": "250", "floor": ""})
        assert rows((await browser.get(AT)).text)[0] == "大茶杯"
        assert (await send(browser, f"{at}/stock", AT, pieces="5", way="came")).headers[
            "location"
        ] == f"{at}?done=stocked"
        await send(browser, f"{at}/stock", AT, pieces="3", way="gone")
        kept = (await chain.http.get(f"/v1{at}")).json()
        assert (kept["points"], kept["stock"], kept["floor"]) == (250, 4, None)
        for pieces in ("", "0", "x", "99999999999"):
            refused = await send(browser, f"{at}/stock", AT, pieces=pieces, way="came")
            assert (refused.status_code, said_of(refused.text, "pieces") is None) == (422, False), pieces
        below = await send(browser, f"{at}/stock", AT, pieces="5", way="gone")
        assert (below.status_code, "stock" in below.text) == (422, True)
        await send(browser, f"{at}/stock", AT, unlimited="yes")
        assert (await chain.http.get(f"/v1{at}")).json()["stock"] is None
        await send(browser, f"{at}/end", AT, ended="yes")
        assert "大茶杯" not in rows((await browser.get(AT)).text)
        assert "大茶杯" in rows((await browser.get(f"{AT}?state=ended")).text)


async def test_a_floor_follows_its_tier_and_is_never_dropped_by_saving(app: Any, chain: Any) -> None:
    """The tier was called otherwise when the reward was defined, or is gone: a form that didn't know it would let
    everybody claim.
    """
    async with logged_in(app, chain) as browser:
        at = f"/rewards/{await made(browser, floor='card:gold')}"
        ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
        gold = next(tier for tier in ladders[0]["tiers"] if tier["code"] == "gold")
        for code in ("aurum", None):
            gold["code"] = code or "gone"
            if code is None:  # nobody holds it; what follows from its going is somebody else's test
                sql = "UPDATE reward SET tier = 'vanished' WHERE tenant_id = $1 AND id = $2::text::uuid"
                await (await owner()).execute(sql, chain.tenant_id, at.rpartition("/")[2])
            else:
                document = (await chain.http.get("/v1/programme")).json() | {"ladders": ladders}
                assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
                asked = {"holders": {"card": {"gold": "aurum"}}, "transition": "next_purchase"}
                published = await chain.http.post("/v1/programme/draft/publish", json=asked)
                assert published.status_code == 200, published.text
            page = (await browser.get(f"{at}/edit")).text
            chosen = re.search(r'<option value="(card:[^"]+)" selected', page)
            assert chosen, page
            saved = await send(browser, f"{at}/edit", AT, **{**NEW, "names_zh-CN": "杯", "floor": chosen[1]})
            assert saved.status_code == 303, saved.text
            assert (await chain.http.get(f"/v1{at}")).json()["floor"] is not None
        opened = await send(browser, f"{at}/edit", AT, **{**NEW, "floor": ""})
        assert (opened.status_code, (await chain.http.get(f"/v1{at}")).json()["floor"]) == (303, None)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("points", {"points": ""}),
        ("points", {"points": "0"}),
        ("points", {"points": "1.5"}),
        ("points", {"points": "1,5"}),
        ("stock", {"stock": "-1"}),
        ("stock", {"stock": "many"}),
        ("names_zh-CN", {"names_zh-CN": "x" * 201}),
        ("floor", {"floor": "card:platinum"}),
        ("floor", {"floor": "nowhere:gold"}),
        ("code", {"code": "Ü"}),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(app: Any, shop: Any, field: str, changes: dict[str, str]) -> None:
    async with logged_in(app, shop) as browser:
        answer = await send(browser, "/rewards/new", AT, **{**NEW, "names_en": "kept as typed", **changes})
        assert answer.status_code == 422
        assert said_of(answer.text, field), answer.text
        assert 'value="kept as typed"' in answer.text


async def test_a_claim_is_made_once_handed_out_and_another_called_off(app: Any, chain: Any) -> None:
    lin = await enrol(chain, 250, name="林悦", phone="18112348654")
    async with logged_in(app, chain) as browser:
        reward_id = await made(browser)
        at = f"/rewards/{reward_id}"
        page = (await send(browser, f"{at}/claim", AT, who="8654")).text
        assert "250 points" in page
        fields = {"act": hidden(page, "act"), "branch_id": chain.branch_id}
        places = {(await send(browser, f"{at}/claim/{lin}", AT, **fields)).headers["location"] for _ in range(2)}
        assert len(places) == 1
        assert await balance(chain, lin) == 150
        (first,) = (place.partition("?")[0] for place in places)
        assert rows((await browser.get("/rewards/claims")).text) == ["林悦"]
        assert rows((await browser.get("/rewards/claims", params={"q": "8654"})).text) == ["林悦"]
        assert rows((await browser.get("/rewards/claims", params={"q": "nobody"})).text) == []
        done = await send(browser, f"{first}/collect", AT, **{"from": "list"})
        assert done.headers["location"] == "/rewards/claims?done=collected"
        again = await send(browser, f"{first}/collect", AT, **{"from": "list"})
        assert (again.status_code, "handed" in again.text.lower()) == (409, True)
        assert rows((await browser.get("/rewards/claims")).text) == []
        page = (await send(browser, f"{at}/claim", AT, who="林悦")).text
        second = (await send(browser, f"{at}/claim/{lin}", AT, act=hidden(page, "act"))).headers["location"]
        assert await balance(chain, lin) == 50
        await send(browser, f"{second.partition('?')[0]}/cancel", AT)
        assert await balance(chain, lin) == 150
        assert (await chain.http.get(f"/v1{at}")).json()["stock"] == 1
        page = (await browser.get(at)).text
        assert rows(page) == ["林悦", "林悦"]
        waiting = (await chain.http.get("/v1/rewards/claims")).json()["data"]
        assert waiting == []
        states = [one["state"] for one in (await chain.http.get(f"/v1{at}/claims")).json()["data"]]
        assert states == ["cancelled", "collected"]


async def test_what_cant_be_claimed_is_refused_in_words(app: Any, chain: Any) -> None:
    poor = await enrol(chain, 99, name="Poor", phone="13900008654")
    async with logged_in(app, chain) as browser:
        at = f"/rewards/{await made(browser)}"
        page = (await send(browser, f"{at}/claim", AT, who="Poor")).text
        refused = await send(browser, f"{at}/claim/{poor}", AT, act=hidden(page, "act"), branch_id=chain.branch_id)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
        assert await balance(chain, poor) == 99
        empty = await send(browser, f"{at}/claim", AT, who="")
        assert (empty.status_code, said_of(empty.text, "who")) == (422, "required")
        assert "Nobody found" in (await send(browser, f"{at}/claim", AT, who="nobody")).text
        odd = await send(browser, f"{at}/claim/{poor}", AT, act=hidden(page, "act"), branch_id="x")
        assert (odd.status_code, said_of(odd.text, "branch_id") is None) == (422, False)


async def test_who_is_bound_to_a_branch_hands_out_there_only(app: Any, chain: Any, colleague: Any) -> None:
    lin = await enrol(chain, 500, name="林悦")
    second = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    reward = {"code": "cup", "names": {"zh-CN": "杯", "en": "Cup"}, "points": 100}
    reward_id = (await chain.http.post("/v1/rewards", json=reward)).json()["id"]
    claims = [
        (await chain.http.post(f"/v1/rewards/{reward_id}/claim", json={"member_id": lin, "branch_id": at})).json()["id"]
        for at in (chain.branch_id, second)
    ]
    async with logged_in(app, await colleague(chain, "clerk", branch_ids=[second])) as browser:
        page = (await browser.get("/rewards/claims")).text
        assert claims[1] in page
        assert claims[0] not in page
        token = csrf_of(page)
        refused = await browser.post(f"/rewards/claims/{claims[0]}/collect", data={"_csrf": token})
        assert refused.status_code == 403
        assert "/edit" not in (await browser.get(f"/rewards/{reward_id}")).text
        assert (await browser.post("/rewards/new", data={"_csrf": token, **NEW})).status_code == 403
        done = await browser.post(f"/rewards/claims/{claims[1]}/collect", data={"_csrf": token})
        assert done.status_code == 303
