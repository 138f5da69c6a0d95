"""Handing a shift over: what was taken since, what was counted, who goes on."""

from typing import Any

from support.browsing import log_in, logged_in, new_browser
from support.colleagues import PASSWORD, hire
from tilling import enrolled, form_of, sold


async def test_a_shift_is_counted_signed_and_taken_over(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    wang = await hire(app, chain, role="clerk", branch_ids=[chain.branch_id])
    async with logged_in(app, chain) as browser:
        await sold(browser, lin, "100", tender="cash")
        await sold(browser, lin, "30", tender="wechat")
        page = (await browser.get("/counter/shift")).text
        assert "100.00" in page
        assert "WeChat Pay" in page
        form = form_of(page, "/counter/shift")
        await sold(browser, lin, "7", tender="cash")  # after the sheet was opened: it belongs to the next
        signed = {**form, "counted": "148.50", "change_kept": "50", "next_id": wang["id"], "note": "少一块五"}
        for bad in ("", "x", "-1"):
            wrong = await browser.post("/counter/shift", data={**signed, "counted": bad})
            assert wrong.status_code == 422
            assert 'id="about-counted"' in wrong.text
        first = await browser.post("/counter/shift", data=signed)
        again = await browser.post("/counter/shift", data=signed)
        assert first.status_code == 303, first.text
        assert first.headers["location"] == again.headers["location"]
        sheet = (await browser.get(first.headers["location"])).text
        for text in ("150.00", "148.50", "-", "1.50", "少一块五", "not yet"):
            assert text in sheet, text
        going = (await browser.get("/counter/shift")).text
        assert "7.00" in going
        assert "100.00" not in going.split("Handed over lately")[0]
        report = (await browser.get("/reports/shifts")).text
        line = next(row for row in report.split("<tr>") if first.headers["location"] in row)
        for text in ("150.00", "148.50", "-¥1.50", "少一块五", "not taken over yet"):
            assert text in line, text
        token = form["_csrf"]
        assert (await browser.post(first.headers["location"], data={"_csrf": token})).status_code == 403
    async with new_browser(app) as browser:
        await log_in(browser, wang["email"], PASSWORD)
        page = (await browser.get("/counter/shift")).text
        assert "handed over to you" in page
        where = first.headers["location"]
        taken = await browser.post(where, data=form_of(page, where))
        assert taken.status_code == 303
        assert "not yet" not in (await browser.get(where)).text
        assert "handed over to you" not in (await browser.get("/counter/shift")).text
    actions = [one["action"] for one in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert actions.count("shift.hand_over") == 1
    assert actions.count("shift.receive") == 1


async def test_an_empty_drawer_can_be_handed_over_and_nobody_else_sees_it(app: Any, chain: Any) -> None:
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    there = await hire(app, chain, role="clerk", branch_ids=[second])
    here = await hire(app, chain, role="clerk", branch_ids=[chain.branch_id])
    async with new_browser(app) as browser:
        await log_in(browser, here["email"], PASSWORD)
        form = form_of((await browser.get("/counter/shift")).text, "/counter/shift")
        stranger = await browser.post("/counter/shift", data={**form, "counted": "0", "next_id": there["id"]})
        assert stranger.status_code == 422
        for until in ("", "yesterday", "2999-01-01T00:00:00+08:00", "2001-01-01T00:00:00+08:00"):
            bad = await browser.post("/counter/shift", data={**form, "counted": "0", "until": until})
            assert bad.status_code == 422, until
        signed = await browser.post("/counter/shift", data={**form, "counted": "0"})
        assert signed.status_code == 303, signed.text
        where = signed.headers["location"]
        assert (await browser.get(where)).status_code == 200
    async with new_browser(app) as browser:
        await log_in(browser, there["email"], PASSWORD)
        assert (await browser.get(where)).status_code == 404


async def test_what_is_on_a_signed_sheet_is_given_back_and_not_undone(app: Any, chain: Any) -> None:
    """The cash would be missing in the drawer of who goes on."""
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        before = form_of(await sold(browser, lin, "100", tender="cash"), "/counter/undo")
        form = form_of((await browser.get("/counter/shift")).text, "/counter/shift")
        signed = await browser.post("/counter/shift", data={**form, "counted": "¥100"})
        assert signed.status_code == 303, signed.text
        undone = await browser.post("/counter/undo", data=before)
        assert undone.status_code == 409
        assert "was handed over" in undone.text
        (bought,) = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
        assert bought["undone_at"] is None
        after = form_of(await sold(browser, lin, "5", tender="cash"), "/counter/undo")
        assert (await browser.post("/counter/undo", data=after)).status_code == 303
