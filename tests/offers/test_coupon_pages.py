"""Coupons as staff use them: defined, given, printed, found, used up, taken back."""

import gzip
import re
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import hidden, rows, said_of, send

NEW = {
    "names_zh-CN": "新客立减",
    "value_type": "amount",
    "value_amount": "12.50",
    "minimum": "１００",
    "categories": "茶，coffee",
    "days": "valid_days",
    "valid_days": "30",
    "combines_tier_discount": "yes",
    "where": "all",
}


async def enrol(chain: Any, **fields: Any) -> str:
    answer = await chain.http.post("/v1/members", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def made(browser: Any, **changes: str) -> str:
    """A coupon made by the form; its id."""
    answer = await send(browser, "/coupons/new", **{**NEW, **changes})
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/coupons/([0-9a-f-]{36})\?done=made", answer.headers["location"])
    assert found
    return found[1]


async def held_by(chain: Any, member_id: str) -> list[dict[str, Any]]:
    return list((await chain.http.get(f"/v1/members/{member_id}/coupons")).json()["data"])


async def test_a_coupon_is_defined_as_it_was_typed_and_changed(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        kept = (await chain.http.get(f"/v1/coupons/{coupon_id}")).json()
        assert kept["value"] == {"type": "amount", "amount": 1250}
        assert kept["minimum"] == 10_000
        assert kept["categories"] == ["茶", "coffee"]
        assert kept["names"] == {"zh-CN": "新客立减", "en": "新客立减"}
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", kept["code"])
        assert kept["combines"] == {"tier_discount": True, "campaign": False, "coupons": False}
        page = (await browser.get(f"/coupons/{coupon_id}")).text
        assert "¥12.50 off" in page
        assert "From ¥100.00 on" in page
        form = (await browser.get(f"/coupons/{coupon_id}/edit")).text
        assert 'value="12.50"' in form
        answer = await send(
            browser,
            f"/coupons/{coupon_id}/edit",
            **{**NEW, "value_type": "percent", "value_percent": "15.5", "minimum": "", "days": "fixed"},
            valid_until="2099-12-31",
        )
        assert answer.headers["location"] == f"/coupons/{coupon_id}?done=changed"
        kept = (await chain.http.get(f"/v1/coupons/{coupon_id}")).json()
        assert kept["value"] == {"type": "percent", "percent": "15.5"}
        assert (kept["minimum"], kept["valid_days"], kept["valid_until"]) == (0, None, "2099-12-31")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("value_amount", {"value_amount": ""}),
        ("value_amount", {"value_amount": "ten"}),
        ("value_amount", {"value_amount": "-3"}),
        ("value_amount", {"value_amount": "0"}),
        ("value_amount", {"value_amount": "1.005"}),
        ("value_amount", {"value_amount": "9" * 17}),
        ("value_percent", {"value_type": "percent", "value_percent": "101"}),
        ("value_percent", {"value_type": "percent", "value_percent": "0"}),
        ("value_type", {"value_type": "gold"}),
        ("names_zh-CN", {"names_zh-CN": " "}),
        ("names_zh-CN", {"names_zh-CN": "x" * 201}),
        ("code", {"code": "Not A Code"}),
        ("valid_days", {"valid_days": "0"}),
        ("valid_days", {"valid_days": "soon"}),
        ("valid_until", {"days": "fixed", "valid_until": ""}),
        ("valid_until", {"days": "fixed", "valid_from": "2099-02-01", "valid_until": "2099-01-01"}),
        ("valid_until", {"days": "fixed", "valid_until": "31.12.2099"}),
        ("branches", {"where": "some", "branches": "no-such"}),
        ("branches", {"where": "some"}),
        ("value_amount", {"value_amount": "12,5"}),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    app: Any, shop: Any, field: str, changes: dict[str, str]
) -> None:
    async with logged_in(app, shop) as browser:
        before = rows((await browser.get("/coupons")).text)
        answer = await send(browser, "/coupons/new", **{**NEW, "minimum": "77.70", **changes})
        assert answer.status_code == 422
        assert said_of(answer.text, field), answer.text
        assert 'value="77.70"' in answer.text
        assert rows((await browser.get("/coupons")).text) == before


async def test_saving_a_form_widens_nothing_and_clears_what_was_cleared(app: Any, chain: Any) -> None:
    shut = (await chain.http.post("/v1/branches", json={"code": "shut", "name": "老店"})).json()["id"]
    body = {
        "code": "narrow",
        "names": {"zh-CN": "老店券", "en": "Old shop"},
        "value": {"type": "amount", "amount": 500},
        "branches": ["shut"],
        "categories": ["烟、酒", "茶（进口）"],
        "valid_from": "2031-01-01",
        "valid_until": "2031-12-31",
    }
    made_ = await chain.http.post("/v1/coupons", json=body)
    assert made_.status_code == 201, made_.text
    at = f"/coupons/{made_.json()['id']}"
    assert (await chain.http.patch(f"/v1/branches/{shut}", json={"closed": True})).status_code == 200
    async with logged_in(app, chain) as browser:
        form = (await browser.get(f"{at}/edit")).text
        assert re.search(r'name="branches" value="shut" checked', form)
        shown = re.search(r'<textarea id="field-categories"[^>]*>([^<]*)</textarea>', form)
        assert shown
        fields = {
            "names_zh-CN": "老店券",
            "value_type": "amount",
            "value_amount": "5.00",
            "where": "some",
            "branches": "shut",
            "categories": f"{shown[1]}\r\n烟，糖（散）",
            "days": "fixed",
            "valid_from": "",
            "valid_until": "2031-12-31",
        }
        saved = await send(browser, f"{at}/edit", **fields)
        assert saved.status_code == 303, saved.text
    kept = (await chain.http.get(f"/v1{at}")).json()
    assert kept["branches"] == ["shut"]
    assert kept["categories"] == ["烟、酒", "茶（进口）", "烟", "糖（散）"]
    assert (kept["valid_from"], kept["valid_until"]) == (None, "2031-12-31")


async def test_members_are_looked_up_before_anything_is_given(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654", card_no="8000123")
    bo = await enrol(chain, name="Bo", phone="13900008654")
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        at = f"/coupons/{coupon_id}"
        page = (await send(browser, f"{at}/give", who="181 1234 8654\nBo\n8654\nnobody", reason="sorry")).text
        assert await held_by(chain, lin) == []
        assert re.findall(r'value="([0-9a-f-]{36})" checked', page) == [lin, bo]  # 8654 fits both: staff choose
        assert "Nobody found:" in page
        assert "18112348654" not in page.replace("181 1234 8654", "")
        fields = {"act": hidden(page, "act"), "reason": hidden(page, "reason"), "member_ids": [lin, bo, lin]}
        for _ in range(2):  # a second click gives nothing more
            answer = await send(browser, f"{at}/give/members", **fields)
            assert answer.headers["location"] == f"{at}?done=given&n=2"
        assert len(await held_by(chain, lin)) == len(await held_by(chain, bo)) == 1
        page = (await browser.get(at)).text
        assert rows(page) == ["Bo", "林悦"] or rows(page) == ["林悦", "Bo"]
        assert rows((await browser.get(f"{at}?state=used")).text) == []
        entries = (await chain.http.get(f"/v1/coupons/grants/{(await held_by(chain, lin))[0]['id']}")).json()["entries"]
        assert entries[0]["reason"] == "sorry"


async def test_giving_to_nobody_to_strangers_and_to_who_has_left(app: Any, chain: Any) -> None:
    gone = await enrol(chain, name="Gone", phone="13800138000")
    await chain.http.delete(f"/v1/members/{gone}")
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        at = f"/coupons/{coupon_id}"
        empty = await send(browser, f"{at}/give", who="", segment="")
        assert (empty.status_code, said_of(empty.text, "who")) == (422, "required")
        many = await send(browser, f"{at}/give", who="\n".join(str(n) for n in range(1001)))
        assert (many.status_code, said_of(many.text, "who") is None) == (422, False)
        page = (await send(browser, f"{at}/give", who="Nobody")).text
        act = hidden(page, "act")
        unticked = await send(browser, f"{at}/give/members", act=act)
        assert (unticked.status_code, said_of(unticked.text, "who")) == (422, "required")
        for wrong in (gone, "01970000-0000-7000-8000-000000000001"):
            refused = await send(browser, f"{at}/give/members", act=act, member_ids=wrong)
            assert refused.status_code == 422, refused.text
        assert (await send(browser, f"{at}/give/members", act="x", member_ids=gone)).status_code == 400


async def test_a_segment_is_counted_then_given_by_a_job(app: Any, chain: Any, drain: Any) -> None:
    for n in range(3):
        await enrol(chain, name=f"M{n}", phone=f"1380013800{n}", tags=["vip"])
    await enrol(chain, name="Other", phone="13800138009")
    vip = {"code": "vips", "names": {"zh-CN": "贵宾", "en": "VIPs"}, "condition": {"property": "tag", "in": ["vip"]}}
    assert (await chain.http.post("/v1/segments", json=vip)).status_code == 201
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        at = f"/coupons/{coupon_id}"
        wrong = await send(browser, f"{at}/give", segment="no-such")
        assert (wrong.status_code, said_of(wrong.text, "segment")) == (422, "there is no such segment")
        page = (await send(browser, f"{at}/give", segment="vips")).text
        assert "3 members" in page
        fields = {"act": hidden(page, "act"), "segment": "vips"}
        places = {(await send(browser, f"{at}/give/segment", **fields)).headers["location"] for _ in range(2)}
        assert places == {f"{at}?job={fields['act']}"}
        part = await browser.get(f"{at}/jobs/{fields['act']}")
        assert "It is being given." in part.text
        assert "hx-get" in part.text
        await drain()
        part = await browser.get(f"{at}/jobs/{fields['act']}")
        assert "Given to 3 members." in part.text
        assert "hx-get" not in part.text
        assert (await chain.http.get(f"/v1/coupons/{coupon_id}")).json()["counts"]["open"] == 3


async def test_numbers_are_printed_once_and_the_sheet_comes_again(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        at = f"/coupons/{coupon_id}"
        act = hidden((await browser.get(at)).text, "act")
        for count in ("", "0", "1001", "many"):
            refused = await send(browser, f"{at}/print", act=act, count=count)
            assert (refused.status_code, said_of(refused.text, "count") is None) == (422, False), count
        places = {(await send(browser, f"{at}/print", act=act, count="30")).headers["location"] for _ in range(2)}
        assert places == {f"{at}/sheets/{act}"}
        assert (await chain.http.get(f"/v1/coupons/{coupon_id}")).json()["counts"]["open"] == 30
        sheet, numbers = f"{at}/sheets/{act}", []
        while sheet:
            page = (await browser.get(sheet)).text
            assert len(gzip.compress(page.encode())) < 20_000  # as it goes over the wire
            numbers += re.findall(r'class="code-number">([0-9A-Z-]{14})', page)
            following = re.search(r'href="([^"]+)" rel="next"', page)
            sheet = following[1] if following else ""
        assert len(set(numbers)) == 30
        file = await browser.get(f"{at}/sheets/{act}/numbers.csv")
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert [line.split(",")[0] for line in file.text.split("\r\n")[1:-1]] == [n.replace("-", "") for n in numbers]
        found = await browser.get("/coupons/find", params={"number": numbers[0].lower()})
        assert re.fullmatch(r"/coupons/grants/[0-9a-f-]{36}", found.headers["location"])
        nobodys = await browser.get("/coupons/find", params={"number": "AA5U8DPUMM22"})
        assert (nobodys.status_code, said_of(nobodys.text, "number")) == (422, "no such coupon")
        slip = await browser.get("/coupons/find", params={"number": numbers[0][:-1] + "0"})
        assert (slip.status_code, said_of(slip.text, "number")) == (422, "this number has a typing error in it")
        assert 'value="' + numbers[0][:-1] + '0"' in slip.text
        nowhere = await browser.get(f"{at}/sheets/01970000-0000-7000-8000-000000000001")
        assert nowhere.status_code == 404


async def test_one_is_used_up_once_and_another_taken_back(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654")
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        given = await chain.http.post(f"/v1/coupons/{coupon_id}/grant", json={"member_id": lin})
        again = await chain.http.post(f"/v1/coupons/{coupon_id}/grant", json={"member_id": lin})
        first, second = (answer.json()["coupons"][0]["id"] for answer in (given, again))
        at = f"/coupons/grants/{first}"
        act = hidden((await browser.get(at)).text, "act")
        refused = await send(browser, f"{at}/redeem", act=act, branch_id="", amount="5,0x")
        assert refused.status_code == 422
        assert said_of(refused.text, "branch_id") == "required"
        assert said_of(refused.text, "amount") == "not a valid amount"
        for _ in range(2):
            used = await send(browser, f"{at}/redeem", act=act, branch_id=chain.branch_id, amount="12.50")
            assert used.headers["location"] == f"{at}?done=used"
        kept = (await chain.http.get(f"/v1/coupons/grants/{first}")).json()
        assert [(e["kind"], e["amount"]) for e in kept["entries"]] == [("grant", None), ("use", 1250)]
        page = (await browser.get(at)).text
        assert "/redeem" not in page
        late = await send(
            browser,
            f"{at}/redeem",
            act=hidden((await browser.get(f"/coupons/{coupon_id}")).text, "act"),
            branch_id=chain.branch_id,
        )
        assert late.status_code == 409
        at = f"/coupons/grants/{second}"
        silent = await send(browser, f"{at}/void", reason=" ")
        assert (silent.status_code, said_of(silent.text, "reason") is None) == (422, False)
        assert (await send(browser, f"{at}/void", reason="a mistake")).headers["location"] == f"{at}?done=void"
        assert "a mistake" in (await browser.get(at)).text


async def test_who_may_not_sees_no_button_and_is_refused(app: Any, chain: Any, colleague: Any) -> None:
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
    async with logged_in(app, await colleague(chain, "analyst")) as browser:
        page = (await browser.get(f"/coupons/{coupon_id}")).text
        assert "/give" not in page
        assert "/edit" not in page
        token = csrf_of(page)
        for act in ("edit", "end", "give", "give/members", "give/segment", "print"):
            answer = await browser.post(f"/coupons/{coupon_id}/{act}", data={"_csrf": token})
            assert answer.status_code == 403, act
    two = [await enrol(chain, name=name) for name in ("林悦", "王秀")]
    async with logged_in(app, chain) as browser:
        at = f"/coupons/{coupon_id}"
        act = hidden((await browser.get(at)).text, "act")
        sheet = (await send(browser, f"{at}/print", act=act, count="1")).headers["location"]
    async with logged_in(app, await colleague(chain, "clerk")) as browser:
        page = (await browser.get(at)).text
        assert "/give" in page
        assert "/edit" not in page
        for many in ("/print", "/sheets/", 'name="segment"'):  # worth money in anybody's hand
            assert many not in page
        form = {"_csrf": csrf_of(page), "act": hidden(await _asked(browser, at, "林悦"), "act")}
        assert (await browser.post("/coupons/new", data={**form, **NEW})).status_code == 403
        for path, fields in (
            ("print", {"count": "1"}),
            ("give/segment", {"segment": "new"}),
            ("give/members", {"member_ids": two}),
        ):
            assert (await browser.post(f"{at}/{path}", data={**form, **fields})).status_code == 403, path
        for path in (sheet, f"{sheet}/numbers.csv"):
            assert (await browser.get(path)).status_code == 403
        given = await browser.post(f"{at}/give/members", data={**form, "member_ids": two[:1]})
        assert given.headers["location"] == f"{at}?done=given&n=1"
    assert len(await held_by(chain, two[0])) == 1


async def _asked(browser: Any, at: str, who: str) -> str:
    return str((await send(browser, f"{at}/give", who=who)).text)


async def test_what_ends_is_given_no_more(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        coupon_id = await made(browser)
        at = f"/coupons/{coupon_id}"
        act = hidden((await browser.get(at)).text, "act")
        assert (await send(browser, f"{at}/end", ended="yes")).headers["location"] == f"{at}?done=ended"
        assert "新客立减" not in rows((await browser.get("/coupons")).text)
        assert "新客立减" in rows((await browser.get("/coupons?state=ended")).text)
        assert (await send(browser, f"{at}/print", act=act, count="1")).status_code == 409
        assert "Make the numbers" not in (await browser.get(at)).text
        assert (await send(browser, f"{at}/end", ended="no")).headers["location"] == f"{at}?done=resumed"
        assert "Make the numbers" in (await browser.get(at)).text
