"""What staff do for one member by hand: a tier, points, a coupon; a clerk with somebody above."""

import re
from typing import Any

import httpx
from support.at_the_counter import PIN, clerk_of, give_pin
from support.browsing import csrf_of, logged_in
from support.colleagues import hire

from saas.scope import connection, tenant_scope


async def enrolled(chain: Any) -> str:
    answer = await chain.http.post("/v1/members", json={"name": "林悦", "phone": "18112348654"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def act_of(page: str) -> str:
    found = re.search(r'name="act" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def send(browser: httpx.AsyncClient, who: str, act: str, **fields: str) -> httpx.Response:
    page = (await browser.get(f"/members/{who}/by-hand")).text
    sent = {"_csrf": csrf_of(page), "act": act_of(page), **fields}
    return await browser.post(f"/members/{who}/by-hand/{act}", data=sent)


async def tier_of(chain: Any, who: str) -> tuple[str, str | None]:
    current = (await chain.http.get(f"/v1/members/{who}/tier")).json()["current"]
    return current["code"], current["locked_until"]


async def balance_of(chain: Any, who: str) -> int:
    held: int = (await chain.http.get(f"/v1/members/{who}/points")).json()["balance"]
    return held


async def test_a_tier_is_set_until_a_day_and_unlocked(app: Any, chain: Any) -> None:
    who = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"/members/{who}/by-hand")).text
        gold = re.findall(r'<option value="([a-z_]+/gold)"', page)[0]
        before = await tier_of(chain, who)
        for fields, at in (
            ({"tier_reason": "老客户"}, "tier_tier"),
            ({"tier_tier": gold}, "tier_reason"),
            ({"tier_tier": gold.replace("gold", "nothing"), "tier_reason": "x"}, "tier_tier"),
            ({"tier_tier": "nothing/gold", "tier_reason": "x"}, "tier_tier"),
            ({"tier_tier": gold, "tier_reason": "x", "tier_locked_until": "2020-01-01"}, "tier_locked_until"),
            ({"tier_tier": gold, "tier_reason": "x", "tier_locked_until": "2020-02-30"}, "tier_locked_until"),
        ):
            wrong = await send(browser, who, "tier", **fields)
            assert (wrong.status_code, f'id="about-{at}"' in wrong.text) == (422, True), (fields, wrong.text)
            assert all(f'value="{value}"' in wrong.text for value in fields.values() if "nothing" not in value), (
                "what was typed stays"
            )
        assert await tier_of(chain, who) == before

        done = await send(browser, who, "tier", tier_tier=gold, tier_reason="老客户", tier_locked_until="2030-06-30")
        assert done.headers["location"] == f"/members/{who}?done=tier", done.text
        assert "The tier is set." in (await browser.get(done.headers["location"])).text
        assert await tier_of(chain, who) == ("gold", "2030-06-30")
        page = (await browser.get(f"/members/{who}/by-hand")).text
        assert "is held by hand until Jun 30, 2030" in page
        assert (await send(browser, who, "unlock", unlock_ladder=gold.split("/")[0])).status_code == 303
        tier, locked_until = await tier_of(chain, who)
        assert (tier != "gold", locked_until) == (True, None), "the rules decided"
        assert "is held by hand until" not in (await browser.get(f"/members/{who}/by-hand")).text
        assert (await send(browser, who, "nothing")).status_code == 404


async def test_points_and_a_coupon_are_given_once(app: Any, chain: Any) -> None:
    who = await enrolled(chain)
    coupon = {"code": "hand", "names": {"zh-CN": "茶券", "en": "Tea"}, "value": {"type": "amount", "amount": 500}}
    made = await chain.http.post("/v1/coupons", json={**coupon, "valid_days": 30})
    assert made.status_code == 201, made.text
    async with logged_in(app, chain) as browser:
        for points, reason, at in (
            ("", "x", "points"),
            ("0", "x", "points"),
            ("1.5", "x", "points"),
            ("-1", "", "reason"),
            ("99999999999999999999", "x", "points"),
        ):
            wrong = await send(browser, who, "points", points_points=points, points_reason=reason)
            assert (wrong.status_code, f'id="about-points_{at}"' in wrong.text) == (422, True), (points, wrong.text)
        below = await send(browser, who, "points", points_points="-1", points_reason="x")
        assert (below.status_code, 'role="alert"' in below.text) == (422, True), below.text

        page = (await browser.get(f"/members/{who}/by-hand")).text
        given = {"_csrf": csrf_of(page), "act": act_of(page), "points_points": "+1,200", "points_reason": "道歉"}
        for _ in range(2):  # a double click
            done = await browser.post(f"/members/{who}/by-hand/points", data=given)
            assert done.headers["location"] == f"/members/{who}?done=points", done.text
        assert await balance_of(chain, who) == 1200

        empty = await send(browser, who, "coupon")
        assert (empty.status_code, 'id="about-coupon_coupon_id"' in empty.text) == (422, True)
        gift = {"_csrf": csrf_of(page), "act": act_of(page), "coupon_coupon_id": made.json()["id"]}
        for _ in range(2):
            done = await browser.post(f"/members/{who}/by-hand/coupon", data=gift)
            assert done.headers["location"] == f"/members/{who}?done=coupon", done.text
        assert (await browser.get(done.headers["location"])).text.count("<span>Tea</span>") == 1
        nobody = {**gift, "coupon_coupon_id": who}
        assert (await browser.post(f"/members/{who}/by-hand/coupon", data=nobody)).status_code == 404


async def test_a_clerk_needs_somebody_above(app: Any, chain: Any) -> None:
    who = await enrolled(chain)
    manager = await hire(app, chain, role="manager")
    await give_pin(chain, manager["id"])
    async with clerk_of(app, chain) as clerk:
        points = {"points_points": "1001", "points_reason": "x"}
        refused = await send(clerk, who, "points", **points)
        assert (refused.status_code, 'name="pin"' in refused.text) == (403, True)
        wrong = await send(clerk, who, "points", **points, approver=manager["id"], pin="0000")
        assert 'name="pin"' in wrong.text
        assert PIN not in wrong.text
        assert await balance_of(chain, who) == 0
        done = await send(clerk, who, "points", **points, approver=manager["id"], pin=PIN)
        assert done.status_code == 303, done.text
        assert await balance_of(chain, who) == 1001

        page = (await clerk.get(f"/members/{who}/by-hand")).text
        gold = {"tier_tier": re.findall(r'<option value="([a-z_]+/gold)"', page)[0], "tier_reason": "x"}
        refused = await send(clerk, who, "tier", **gold)
        assert (refused.status_code, refused.text.count('name="pin"')) == (403, 1)
        assert (await tier_of(chain, who))[0] != "gold"
        assert (await send(clerk, who, "tier", **gold, approver=manager["id"], pin=PIN)).status_code == 303
        assert (await tier_of(chain, who))[0] == "gold"
    async with tenant_scope(chain.tenant_id):
        used = "SELECT count(*) FROM approval WHERE tenant_id = $1 AND used_at IS NOT NULL"
        assert await connection().fetchval(used, chain.tenant_id) == 2


async def test_who_only_reads_acts_on_nobody(app: Any, chain: Any) -> None:
    who = await enrolled(chain)
    async with clerk_of(app, chain, role="analyst") as analyst:
        assert "/by-hand" not in (await analyst.get(f"/members/{who}")).text
        assert (await analyst.get(f"/members/{who}/by-hand")).status_code == 403
        answer = await analyst.post(f"/members/{who}/by-hand/points", data={"points_points": "5", "points_reason": "x"})
        assert answer.status_code == 403
    assert await balance_of(chain, who) == 0
