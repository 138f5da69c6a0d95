"""Trying the draft out, publishing it now or later, the history, and putting a version back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from editing import draft_of, editor, texts
from support.browsing import csrf_of, new_browser
from support.midnights import begin, pass_time
from support.pharmacy import CLASS_C, members_of_all_classes

NUMBERS = "/programme/ladders/class/numbers"
THRESHOLD = "n/tiers/1/qualify/gte"


@pytest.fixture(scope="module")
async def pharmacy(new_chain: Any, drain: Any) -> Any:
    chain = await new_chain(template="pharmacy")
    await members_of_all_classes(chain, drain)
    return chain


async def test_a_changed_threshold_is_counted_tried_and_published(app: Any, pharmacy: Any, drain: Any) -> None:
    async with editor(app, pharmacy) as owner:
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "600"})
        running = await owner.send("/programme/count")
        assert "0 of 5 looked at" in texts(running.text)
        again = await owner.send("/programme/count")  # another page of the same draft: the same count
        assert re.findall(r"run=", again.text) == []
        await drain(pharmacy.tenant_id)
        counted = await owner.browser.get("/programme/count")
        assert "1 member would change" in texts(counted.text)
        address = re.search(r'href="(/programme/try\?run=[^"]+)"', counted.text)
        assert address
        page = texts(await owner.page(address[1]))
        assert "0 would rise, 1 would fall" in page
        assert "王秀 Class C → Class D" in page
        log = (await pharmacy.http.get("/v1/audit-log?limit=200")).json()["data"]
        assert [one for one in log if one["action"] == "programme.simulate"] == []  # nobody asked for it

        publish = await owner.page("/programme/publish")
        assert "becomes ¥600.00" in texts(publish)
        assert "0 members rise and 1 fall" in texts(publish)
        revision = re.search(r'name="revision" value="([^"]+)"', publish)
        assert revision
        fields = {"revision": revision[1], "transition": "now", "when": "now", "note": "C needs more"}
        done = await owner.send("/programme/publish", **fields)
        assert (done.status_code, done.headers["location"]) == (303, "/programme?done=published")
        twice = await owner.send("/programme/publish", **fields)
        assert (twice.status_code, twice.headers["location"]) == (303, "/programme")
        assert "Members are brought over to the new rules: 0 of about 5." in texts(await owner.page("/programme"))
        await drain(pharmacy.tenant_id)
        assert "Members are brought over" not in await owner.page("/programme")
        assert "¥600.00" in await owner.page("/programme")
        (wang,) = (await pharmacy.http.get("/v1/members?q=王秀")).json()["data"]
        assert wang["tier"]["code"] == "d"

        history = texts(await owner.page("/programme/versions"))
        assert "Version 2 in force C needs more" in history
        assert "At once, up and down" in history
        version = texts(await owner.page("/programme/versions/2"))
        assert "becomes ¥600.00" in version

        back = await owner.page("/programme/versions/1")
        assert "becomes ¥500.00" in texts(back)
        stale = await owner.send("/programme/versions/1/rollback", present="1")
        assert stale.status_code == 409
        assert "Other rules came into force" in stale.text
        put = await owner.send("/programme/versions/1/rollback", present="2", note="too hard")
        assert (put.status_code, put.headers["location"]) == (303, "/programme?done=rolled-back")
        await drain(pharmacy.tenant_id)
        assert "back to version 1" in texts(await owner.page("/programme/versions"))
        (wang,) = (await pharmacy.http.get("/v1/members?q=王秀")).json()["data"]
        assert wang["tier"]["code"] == "c"


async def test_a_draft_that_somebody_changed_meanwhile_is_not_published(app: Any, pharmacy: Any) -> None:
    async with editor(app, pharmacy) as owner:
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "610"})
        revision = re.search(r'name="revision" value="([^"]+)"', await owner.page("/programme/publish"))
        assert revision
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "620"})
        for path in ("/programme/publish", "/programme/draft/drop"):
            answer = await owner.send(path, revision=revision[1], transition="now")
            assert answer.status_code == 409
            assert "becomes ¥620.00" in texts(answer.text)
        await owner.drop()
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "640"})  # another draft, of the same revision
        answer = await owner.send("/programme/publish", revision=revision[1], transition="now")
        assert (answer.status_code, "becomes ¥640.00" in texts(answer.text)) == (409, True)
        await owner.drop()
        assert (await pharmacy.http.get("/v1/programme/draft")).status_code == 404


async def test_a_publish_waits_for_its_time_and_is_cancelled(app: Any, pharmacy: Any) -> None:
    async with editor(app, pharmacy) as owner:
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "630"})
        shown: list[str] = []

        async def send(at: str, **more: str) -> Any:
            found = re.search(r'name="revision" value="([^"]+)"', await owner.page("/programme/publish"))
            assert found
            shown.append(found[1])
            fields = {"revision": found[1], "transition": "next_schedule", "when": "later", "at": at}
            return await owner.send("/programme/publish", **{**fields, **more})

        for wrong in ("", "soon", "9999-99-99T00:00", "2026-01-01T00:00+08:00", "0001-01-01T00:00"):
            answer = await send(wrong)
            assert answer.status_code == 422, wrong
            assert "New rules will be published" not in answer.text
        assert (await send("2030-01-01T00:00", transition="never")).status_code == 422
        zone = ZoneInfo("Asia/Shanghai")
        at = datetime.now(zone).replace(microsecond=0, second=0) + timedelta(days=3)
        done = await send(at.strftime("%Y-%m-%dT%H:%M"), note="三天后")
        assert done.headers["location"] == "/programme?done=waits"
        waits = (await pharmacy.http.get("/v1/programme")).json()["pending"]
        assert datetime.fromisoformat(waits["at"]) == at.astimezone(UTC)
        assert "New rules will be published on" in await owner.page("/programme")
        page = await owner.page("/programme/publish")
        assert "Other new rules already wait for" in texts(page)
        assert 'action="/programme/publish"' not in page
        for when in ("later", "now"):  # of a tab that was opened before
            fields = {"revision": shown[-1], "transition": "now", "when": when, "at": at.strftime("%Y-%m-%dT%H:%M")}
            second = await owner.send("/programme/publish", **fields)
            assert (second.status_code, "A publish is pending" in second.text) == (409, True)
        assert (await owner.send("/programme/pending/cancel")).status_code == 303
        assert (await owner.send("/programme/pending/cancel")).status_code == 303  # a second click finds nothing
        assert "pending" not in (await pharmacy.http.get("/v1/programme")).json()
        assert (await draft_of(pharmacy))["ladders"][0]["tiers"][1]["qualify"]["gte"] == 63_000
        await owner.drop()


async def test_who_holds_a_tier_that_goes(app: Any, pharmacy: Any, drain: Any) -> None:
    async with editor(app, pharmacy) as owner:
        asked = texts(await owner.page(f"{CLASS_C}/drop"))
        assert "2 members hold it now" in asked
        gone = await owner.fill(f"{CLASS_C}/drop", None, into="b")
        assert gone.status_code == 303
        page = await owner.page("/programme/publish")
        assert "the 2 members who hold it get “Class B”" in texts(page)
        assert 'value="b" selected' in page
        await owner.send("/programme/count")
        await drain(pharmacy.tenant_id)
        # 500.00 and 800.00 are no B: decided anew at once, both would fall behind it
        assert "2 members would change 2 down" in texts((await owner.browser.get("/programme/count")).text)
        await owner.drop()


async def test_a_trial_of_a_day_gone_by_is_stopped(app: Any, pharmacy: Any, drain: Any) -> None:
    async with editor(app, pharmacy) as owner:
        nothing = await owner.send("/programme/try", as_of="")
        assert nothing.status_code == 404
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "640"})
        for wrong in ("nonsense", "2999-01-01", "2026-02-30"):
            assert (await owner.send("/programme/try", as_of=wrong)).status_code == 422
        yesterday = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).date().isoformat()
        begun = await owner.send("/programme/try", as_of=yesterday, transition="up_only")
        address = begun.headers["location"]
        assert "Working it out" in await owner.page(address)
        assert "Working it out" in await owner.page("/programme/try")  # another window finds it, too
        run = address.partition("run=")[2]
        for _ in range(2):
            assert (await owner.send(f"/programme/try/{run}/cancel")).headers["location"] == address
        assert "was stopped" in await owner.page(address)
        job = (await pharmacy.http.get(f"/v1/jobs/{run}")).json()
        assert (job["state"], job["error"]) == ("failed", {"code": "simulation-cancelled"})
        await drain(pharmacy.tenant_id)
        assert "was stopped" in await owner.page(address)
        for nowhere in ("nonsense", "01900000-0000-7000-8000-000000000000"):
            assert (await owner.browser.get(f"/programme/try?run={nowhere}")).status_code == 404
        again = (await owner.send("/programme/try", as_of="")).headers["location"]
        await drain(pharmacy.tenant_id)
        page = await owner.page(f"{again}&branch={pharmacy.branch_id}")
        assert "1 down" in texts(page)
        assert "1 down" not in texts(await owner.page(f"{again}&branch=none"))
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "650"})
        assert "The draft has changed since" in await owner.page(again)
        await owner.drop()


async def test_rules_are_read_by_everybody_and_changed_by_owners(app: Any, pharmacy: Any) -> None:
    invited = await pharmacy.http.post(
        "/v1/staff", json={"name": "小周", "email": "zhou@e-pharmacy.example.com", "role": "manager"}
    )
    token = invited.json()["invitation"]["url"].rpartition("/")[2]
    async with new_browser(app) as browser:
        form = (await browser.get(f"/invitation/{token}")).text
        hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[form.index('action="/invitation') :]))
        await browser.post(f"/invitation/{token}", data={**hidden, "password": "correct horse battery staple"})
        page = (await browser.get("/programme")).text
        assert "Class B" in page
        assert "/programme/tiers" not in page
        token = csrf_of(page)
        assert (await browser.get("/programme/versions/1")).status_code == 200
        assert "rollback" not in (await browser.get("/programme/versions/1")).text
        for path in ("/programme/tiers", "/programme/try", "/programme/publish", "/programme/count", CLASS_C):
            assert (await browser.get(path)).status_code == 403
        for path in (NUMBERS, CLASS_C, "/programme/publish", "/programme/versions/1/rollback", "/programme/draft/drop"):
            assert (await browser.post(path, data={"_csrf": token})).status_code == 403


@pytest.mark.parametrize("version", ["0", "99", "4294967296"])
async def test_no_such_version(app: Any, pharmacy: Any, version: str) -> None:
    async with editor(app, pharmacy) as owner:
        assert (await owner.browser.get(f"/programme/versions/{version}")).status_code == 404


async def test_a_draft_and_a_simulation_are_given_up_by_a_key_too(pharmacy: Any, drain: Any) -> None:
    rules = (await pharmacy.http.get("/v1/programme")).json()
    assert (await pharmacy.http.put("/v1/programme/draft", json=rules)).status_code == 200
    job = (await pharmacy.http.post("/v1/programme/draft/simulate", json={})).json()["job_id"]
    assert [(await pharmacy.http.delete(f"/v1/programme/simulations/{job}")).status_code for _ in range(2)] == [
        204,
        404,
    ]
    await drain(pharmacy.tenant_id)
    assert (await pharmacy.http.get(f"/v1/jobs/{job}")).json()["error"] == {"code": "simulation-cancelled"}
    assert (await pharmacy.http.get(f"/v1/programme/simulations/{job}/members.csv")).status_code == 409
    assert [(await pharmacy.http.delete("/v1/programme/draft")).status_code for _ in range(2)] == [204, 404]
    done = [one["action"] for one in (await pharmacy.http.get("/v1/audit-log?limit=200")).json()["data"]]
    assert {"programme.draft_dropped", "programme.simulation_cancelled"} <= set(done)


async def test_three_days_into_a_month_the_last_decision_counts(app: Any, new_chain: Any, drain: Any) -> None:
    """A class is decided when the month is over: what a changed threshold does is told by that month, not by the three
    days of this one, in which hardly anybody has bought anything yet.
    """
    chain = await new_chain(template="pharmacy")
    await begin(chain, datetime(2027, 3, 10, 4, tzinfo=UTC), "Asia/Shanghai")
    for n, name in enumerate(("林悦", "王秀", "何涵霞")):
        member = await chain.http.post("/v1/members", json={"name": name, "phone": f"1811234865{n}"})
        ticket = {"member_id": member.json()["id"], "branch_id": chain.branch_id, "external_id": f"t{n}"}
        bought = {**ticket, "amount": 55_000 + 30_000 * n, "external_amounts": True}
        assert (await chain.http.post("/v1/purchases", json=bought)).status_code == 201
    await pass_time(chain, drain, datetime(2027, 4, 3, 4, tzinfo=UTC))
    async with editor(app, chain) as owner:
        await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "600"})
        await owner.send("/programme/count")
        await drain(chain.tenant_id)
        counted = texts((await owner.browser.get("/programme/count")).text)
        assert "1 member would change 1 down of 3 members · as the tiers were decided on Apr 1, 2027" in counted
        page = await owner.page("/programme/publish")
        assert "is decided when its period is over" in page
        assert 'value="next_schedule" checked' in page
        # a change of the other ladder, which decides at every purchase, is told as of now
        await owner.drop()
        await owner.fill(
            "/programme/ladders/card/tiers/advanced", None, **{"qualify.0.gte": "900", "qualify.1.gte": "900"}
        )
        await owner.send("/programme/count")
        await drain(chain.tenant_id)
        counted = texts((await owner.browser.get("/programme/count")).text)
        assert "as the tiers were decided" not in counted
        assert "1 down" in counted
        # nothing that concerns a tier: nothing to count
        await owner.drop()
        await owner.fill("/programme/ladders/card", "/programme/ladders/card", zh="会员卡")
        draft = (await chain.http.get("/v1/programme")).json()
        draft["points"]["per_unit"] = "2"
        await chain.http.put("/v1/programme/draft", json=draft)
        assert "no tier is touched" in texts((await owner.send("/programme/count")).text)
