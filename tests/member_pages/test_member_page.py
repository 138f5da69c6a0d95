"""One member's page, and the forms of enrolling and changing."""

import re
from typing import Any

from support.browsing import csrf_of, logged_in


async def enrol(chain: Any, **fields: Any) -> str:
    answer = await chain.http.post("/v1/members", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def audited(chain: Any, action: str) -> int:
    entries = (await chain.http.get("/v1/audit-log?limit=200")).json()["data"]
    return sum(entry["action"] == action for entry in entries)


async def test_the_page_tells_who_why_and_what_happened(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654", tags=["茶客"], consents={"sms": True})
    ticket = {"branch_id": chain.branch_id, "member_id": lin, "external_amounts": True}
    bought = await chain.http.post("/v1/purchases", json={**ticket, "external_id": "t1", "amount": 60_000})
    assert bought.json()["decision_id"]
    why = (await chain.http.get(f"/v1/members/{lin}/tier", headers={"Accept-Language": "en"})).json()
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"/members/{lin}")).text
    for text in (*why["because"], why["next"]["text"], "181 **** 8654", "茶客", "600.00", "A purchase earned it"):
        assert text in page or text.replace("'", "&#39;") in page, text
    assert "18112348654" not in page


async def test_the_phone_is_shown_by_an_audited_act(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654")
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get(f"/members/{lin}")).text)
        assert await audited(chain, "member.reveal") == 0
        part = await browser.post(f"/members/{lin}", headers={"HX-Request": "true", "X-CSRF-Token": token})
        assert "+8618112348654" in part.text
        assert "<html" not in part.text
        whole = await browser.post(f"/members/{lin}", data={"_csrf": token})
        assert "+8618112348654" in whole.text
        assert "<html" in whole.text
        assert await audited(chain, "member.reveal") == 2
        refused = await browser.post(f"/members/{lin}")
        assert refused.status_code == 403


async def test_the_timeline_goes_on_by_pages(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦")
    ticket = {"branch_id": chain.branch_id, "member_id": lin, "external_amounts": True}
    items = [{**ticket, "external_id": f"t{n}", "amount": 100 + n} for n in range(45)]
    await chain.http.post("/v1/purchases:batch", json={"items": items})
    async with logged_in(app, chain) as browser:
        address, seen = f"/members/{lin}", []
        while address:
            page = (await browser.get(address, headers={"HX-Request": "true"} if seen else {})).text
            seen += re.findall(r"Purchase of \D*(\d+\.\d\d)", page)
            found = re.search(r'hx-get="([^"]+)"', page)
            address = found[1] if found else ""
    assert seen == [f"{(100 + n) / 100:.2f}" for n in reversed(range(45))]


async def test_enrolling_by_the_form(app: Any, chain: Any) -> None:
    await enrol(chain, name="王秀", phone="13900001111")
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get("/members/new")).text)
        form = {"_csrf": token, "name": "林悦", "tags": "茶客，VIP", "consents_sms": "yes", "gender": "female"}
        wrong = await browser.post("/members/new", data={**form, "phone": "12345", "birthday": "2999-01-01"})
        assert wrong.status_code == 422
        assert 'value="12345"' in wrong.text
        assert 'aria-invalid="true" aria-describedby="about-phone"' in wrong.text
        assert 'value="林悦"' in wrong.text
        taken = await browser.post("/members/new", data={**form, "phone": "13900001111"})
        assert taken.status_code == 409
        assert 'id="about-phone"' in taken.text
        assert 'href="/members?q=13900001111"' in taken.text
        made = await browser.post("/members/new", data={**form, "phone": "181 1234 8654", "birthday": "1990-05-01"})
        assert made.status_code == 303, made.text
        page = (await browser.get(made.headers["location"])).text
        assert "Welcome" in page
    (member,) = (await chain.http.get("/v1/members?q=8654")).json()["data"]
    assert (member["tags"], member["source"], member["birthday"]) == (["VIP", "茶客"], "till", "1990-05-01")
    assert member["consents"]["sms"] is True
    assert member["enrolled_by"].startswith("staff:")


async def test_a_change_keeps_what_it_does_not_name_and_loses_nobodys(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654", card_no="8000123", consents={"sms": True})
    async with logged_in(app, chain) as browser:
        form = (await browser.get(f"/members/{lin}/edit")).text
        assert "18112348654" not in form
        revision = re.search(r'name="revision" value="(\d+)"', form)
        assert revision
        data = {"_csrf": csrf_of(form), "name": "林月", "card_no": "8000123", "birthday_calendar": "solar"}
        theirs = await chain.http.patch(f"/v1/members/{lin}", json={"name": "林岳", "gender": "male"})
        assert theirs.status_code == 200
        late = await browser.post(f"/members/{lin}/edit", data={**data, "revision": revision[1]})
        assert late.status_code == 412
        assert "Somebody else changed" in late.text
        assert "林岳" in late.text
        assert 'value="林月"' in late.text
        assert (await chain.http.get(f"/v1/members/{lin}")).json()["name"] == "林岳"
        now = re.search(r'name="revision" value="(\d+)"', late.text)
        assert now
        saved = await browser.post(f"/members/{lin}/edit", data={**data, "revision": now[1]})
        assert (saved.status_code, saved.headers["location"]) == (303, f"/members/{lin}?done=changed")
        member = (await chain.http.get(f"/v1/members/{lin}")).json()
        assert (member["name"], member["phone"], member["gender"]) == ("林月", "+8618112348654", None)
        assert member["consents"]["sms"] is False


async def test_who_may_only_read_is_offered_no_form(app: Any, chain: Any) -> None:
    from support.clock import owner

    lin = await enrol(chain, name="林悦", phone="18112348654")
    async with logged_in(app, chain) as browser:
        demote = "UPDATE platform.account_tenant SET role = 'analyst' WHERE tenant_id = $1"
        await (await owner()).execute(demote, chain.tenant_id)
        assert "/members/new" not in (await browser.get("/members")).text
        assert "/edit" not in (await browser.get(f"/members/{lin}")).text
        for address in ("/members/new", f"/members/{lin}/edit"):
            assert (await browser.get(address)).status_code == 403


async def test_merged_and_closed_members_have_a_page(app: Any, chain: Any) -> None:
    lin, other = await enrol(chain, name="林悦", phone="18112348654"), await enrol(chain, name="小林")
    merged = await chain.http.post(f"/v1/members/{lin}/merge", json={"other_id": other})
    assert merged.status_code < 300, merged.text
    async with logged_in(app, chain) as browser:
        answer = await browser.get(f"/members/{other}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/members/{lin}")
        assert (await chain.http.delete(f"/v1/members/{lin}")).status_code == 204
        page = await browser.get(f"/members/{lin}")
        assert page.status_code == 200
        assert "/edit" not in page.text
        assert "林悦" in (await browser.get("/members?status=closed")).text
