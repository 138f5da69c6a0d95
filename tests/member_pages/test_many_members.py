"""The members' list at work: saved views, one act for many, the list as a file, a number shown."""

import csv
import io
import re
from html import unescape
from typing import Any

import httpx
from support.browsing import csrf_of, log_in, logged_in, new_browser
from test_members_list_page import enrol, listed

from saas.scope import connection, tenant_scope


async def many(chain: Any, n: int, **fields: Any) -> list[str]:
    items = [{"name": f"M{k:04}", "external_id": f"x{k}", **fields} for k in range(n)]
    made = (await chain.http.post("/v1/members:batch", json={"items": items})).json()["data"]
    return [one["member"]["id"] if "member" in one else one["id"] for one in made]


async def post(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    token = csrf_of((await browser.get("/members")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


async def colleague(app: Any, chain: Any, role: str) -> Any:
    """Somebody hired, in a browser that is logged in."""
    from support.colleagues import PASSWORD, hire

    hired = await hire(app, chain, role=role)
    browser = new_browser(app)
    await log_in(browser, hired["email"], PASSWORD)
    return browser


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def tagged(chain: Any, tag: str) -> int:
    async with tenant_scope(chain.tenant_id):
        found: int = await connection().fetchval(
            "SELECT count(*) FROM member_tag WHERE tenant_id = $1 AND tag = $2", chain.tenant_id, tag
        )
    return found


async def test_a_view_is_a_tab_of_ones_own_or_of_everybodys(app: Any, chain: Any) -> None:
    await enrol(chain, name="林悦", tags=["vip"])
    await enrol(chain, name="王秀")
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members?tag=vip")).text
        assert "Save this view" in page
        assert "Save this view" not in (await browser.get("/members")).text
        saved = await post(browser, "/members/views", tag="vip", name="贵宾", everybody="yes")
        assert saved.headers["location"] == "/members?tag=vip&view=saved"
        assert (await post(browser, "/members/views", status="closed", name="Mine")).status_code == 303
        page = (await browser.get("/members?tag=vip")).text
        assert re.search(r'<a href="/members\?tag=vip" aria-current="page">贵宾</a>', page)
        assert "Save this view" not in page
        assert listed(page) == ["林悦"]
        again = await post(browser, "/members/views", tag="tea", name="贵宾", everybody="yes")
        assert again.status_code == 303  # the same name: its filters are these now
        assert 'href="/members?tag=tea"' in (await browser.get("/members")).text
        for name in ("", " ", "x" * 41):
            wrong = await post(browser, "/members/views", tag="a", name=name)
            assert wrong.headers["location"] == "/members?tag=a&view=unsaved"
        assert "Please give it a short name" in (await browser.get("/members?tag=a&view=unsaved")).text
        one = re.search(r'action="(/members/views/[0-9a-f-]+/remove)"', (await browser.get("/members?tag=tea")).text)
        assert one

        clerk = await colleague(app, chain, "clerk")
        page = (await clerk.get("/members?tag=tea")).text
        assert "贵宾" in page
        assert ">Mine<" not in page
        assert "Remove this view" not in page
        assert (await post(clerk, one[1])).status_code == 404
        assert (await post(clerk, "/members/views", tag="a", name="b", everybody="yes")).status_code == 403
        await clerk.aclose()

        assert (await post(browser, one[1])).headers["location"] == "/members?view=removed"
        assert "贵宾" not in (await browser.get("/members")).text
        assert (await post(browser, one[1])).status_code == 404


async def test_all_that_match_are_tagged_once(app: Any, chain: Any, drain: Any) -> None:
    await many(chain, 620, tags=["new"])
    await enrol(chain, name="other")
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members/bulk?all=1&tag=new")).text
        assert "Act on 620 members" in page
        fields = {"key": key_of(page), "all": "1", "by_tag": "new", "act": "tag", "tag": "２０２６  spring"}
        sent = [await post(browser, "/members/bulk", **fields) for _ in range(2)]
        assert [answer.headers["location"] for answer in sent] == [f"/members/bulk/{fields['key']}"] * 2
        run = sent[0].headers["location"]
        assert 'hx-trigger="every 1s"' in (await browser.get(run)).text
        await drain(chain.tenant_id)
        assert await tagged(chain, "2026 spring") == 620
        assert "Done: 620 members were changed." in (await browser.get(run)).text
        partial = (await browser.get(run, headers={"HX-Request": "true"})).text
        assert partial.lstrip().startswith('<div class="parts" id="run">')

        page = (await browser.get("/members/bulk?all=1")).text
        assert "Act on 621 members" in page
        more = {"key": key_of(page), "all": "1", "act": "untag", "tag": "new"}
        run = (await post(browser, "/members/bulk", **more)).headers["location"]
        await drain(chain.tenant_id)
        assert await tagged(chain, "new") == 0
        assert "621 were looked at" in (await browser.get(run)).text
        acts = [row for row in (await chain.http.get("/v1/audit-log")).json()["data"] if row["action"] == "member.bulk"]
        assert [(row["detail"]["act"], row["detail"]["members"]) for row in acts] == [("untag", 621), ("tag", 620)]


async def test_the_ticked_get_a_coupon(app: Any, chain: Any, drain: Any) -> None:
    ids = await many(chain, 3)
    coupon = {"code": "tea5", "names": {"zh-CN": "茶券", "en": "Tea"}, "value": {"type": "amount", "amount": 500}}
    made = (await chain.http.post("/v1/coupons", json={**coupon, "valid_days": 30})).json()
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members/bulk", params={"id": ids[:2]})).text
        assert "Act on 2 members" in page
        assert ">Tea</option>" in page
        fields = {"key": key_of(page), "id": ids[:2], "act": "coupon", "coupon_id": made["id"], "tag": "left over"}
        run = (await post(browser, "/members/bulk", **fields)).headers["location"]
        await drain(chain.tenant_id)
        assert "Done: 2 members were changed." in (await browser.get(run)).text
        for member, held in zip(ids, (1, 1, 0), strict=True):
            assert len((await chain.http.get(f"/v1/members/{member}/coupons")).json()["data"]) == held


async def test_what_is_wrong_with_an_act_is_said_and_nothing_done(app: Any, chain: Any) -> None:
    (one,) = await many(chain, 1)
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"/members/bulk?id={one}")).text
        for fields, about in (
            ({"act": "tag", "tag": ""}, "about-tag"),
            ({"act": "tag", "tag": "x" * 65}, "about-tag"),
            ({"act": "nothing", "tag": "x"}, ""),
            ({"act": "coupon"}, ""),
        ):
            answer = await post(browser, "/members/bulk", key=key_of(page), id=one, **fields)
            assert answer.status_code == 422, fields
            assert about in answer.text
            assert key_of(answer.text) == key_of(page)
        assert (await post(browser, "/members/bulk", key="x", id=one, act="tag", tag="y")).status_code == 404
        assert (await browser.get("/members/bulk")).status_code == 404
        assert (await browser.get("/members/bulk?id=x")).status_code == 404
        assert (await browser.get("/members/bulk?all=1&tier=card:none")).status_code == 422
        assert "Nobody is meant" in (await browser.get("/members/bulk?all=1&tag=nobody")).text
    analyst = await colleague(app, chain, "analyst")
    assert 'id="bulk"' not in (await analyst.get("/members")).text
    assert (await analyst.get("/members/bulk?all=1")).status_code == 403
    await analyst.aclose()


async def test_an_act_can_be_cancelled(app: Any, chain: Any, drain: Any) -> None:
    await many(chain, 3)
    async with logged_in(app, chain) as browser:
        key = key_of((await browser.get("/members/bulk?all=1")).text)
        run = (await post(browser, "/members/bulk", key=key, all="1", act="tag", tag="x")).headers["location"]
        assert (await post(browser, f"{run}/cancel")).status_code == 303
        await drain(chain.tenant_id)
        assert await tagged(chain, "x") == 0
        assert "Cancelled" in (await browser.get(run)).text


async def test_the_file_has_whom_the_filters_find_and_runs_nothing(app: Any, chain: Any) -> None:
    await enrol(chain, name="=HYPERLINK(1)", phone="18112348654", tags=["vip", "茶,客"], card_no="0012")
    await enrol(chain, name="王秀")
    await many(chain, 520, tags=["bulk"])
    async with logged_in(app, chain) as browser:
        page = unescape((await browser.get("/members?tag=vip")).text)
        assert 'href="/members/export.csv?tag=vip"' in page
        answer = await browser.get("/members/export.csv?tag=vip")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert dict(zip(head, row, strict=True)) | {"Joined on": ""} == {
            **dict.fromkeys(head, ""),
            "Name": "'=HYPERLINK(1)",
            "Phone": "18112348654",
            "Card number": "0012",
            "Tags": "vip, 茶,客",
            "Points": "0",
            "Stored value": "0.00",
            "Visits": "0",
            head[12]: row[12],
        }
        assert row[12] != ""  # the tier
        rows = list(csv.reader(io.StringIO((await browser.get("/members/export.csv?tag=bulk")).text)))
        assert len({row[0] for row in rows[1:]}) == 520
        assert (await browser.get("/members/export.csv?tier=card:none")).status_code == 422
    acts = [row for row in (await chain.http.get("/v1/audit-log")).json()["data"] if row["action"] == "member.export"]
    assert [row["detail"] for row in acts] == [{"filters": {"tag": tag}, "phones": True} for tag in ("bulk", "vip")]
    analyst = await colleague(app, chain, "analyst")
    assert "181 **** 8654" in (await analyst.get("/members/export.csv?tag=vip")).text
    await analyst.aclose()
    clerk = await colleague(app, chain, "clerk")
    assert (await clerk.get("/members/export.csv")).status_code == 403
    assert "export.csv" not in (await clerk.get("/members")).text
    await clerk.aclose()


async def test_a_number_is_shown_in_its_row_and_kept_in_mind(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654")
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members")).text
        assert f'hx-post="/members/{lin}?number"' in page
        token = csrf_of(page)
        shown = await browser.post(f"/members/{lin}?number", headers={"HX-Request": "true", "X-CSRF-Token": token})
        assert shown.text.strip() == '<span class="row-phone">+8618112348654</span>'
    acts = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert acts.count("member.reveal") == 1


async def test_members_of_a_branch(app: Any, chain: Any) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "五角场店"})).json()["id"]
    await enrol(chain, name="林悦", branch_id=other)
    await enrol(chain, name="王秀", branch_id=chain.branch_id)
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"/members?branch_id={other}")).text
        assert listed(page) == ["林悦"]
        assert f'<option value="{other}" selected>五角场店</option>' in page
        assert (await browser.get("/members?branch_id=x")).status_code == 422
    found = (await chain.http.get(f"/v1/members?branch_id={other}")).json()["data"]
    assert [one["name"] for one in found] == ["林悦"]
