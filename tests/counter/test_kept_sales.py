"""What a till sends when its line is back, and what it shows meanwhile."""

from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from tilling import enrolled

JSON = {"Accept": "application/json"}


async def test_a_kept_sale_is_recorded_once_with_its_time(app: Any, chain: Any) -> None:
    lin = await enrolled(chain, phone="18112348654")
    async with logged_in(app, chain) as browser:
        here = (await browser.get("/counter/here", headers=JSON)).json()
        assert here["branch"] == chain.branch_id
        assert here["token"]
        assert "no-store" in (await browser.get("/counter/here")).headers["cache-control"]
        kept = {
            "number": "T1-KEPT",
            "branch_id": chain.branch_id,
            "occurred_at": (await chain.http.get("/v1/tenant")).json()["created_at"],
            "who": "8654",
            "amount": "45",
            "tender": "cash",
        }
        head = {**JSON, "X-CSRF-Token": here["token"]}
        first = await browser.post("/counter/sale", data=kept, headers=head)
        again = await browser.post("/counter/sale", data=kept, headers=head)
        assert first.status_code == again.status_code == 200, first.text
        assert first.json() == again.json()
        assert (await browser.get(first.json()["href"])).status_code == 200
        refused = await browser.post("/counter/sale", data={**kept, "number": "T2"}, headers=JSON)
        assert refused.status_code == 403
    (bought,) = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
    assert (bought["external_id"], bought["paid"]) == ("T1-KEPT", 4500)


async def test_the_answer_that_never_came_is_given_again_though_the_tier_rose(app: Any, chain: Any) -> None:
    """The sale itself lifted the member, whose next quote is another one: the same form is still the same sale."""
    lin = await enrolled(chain)
    programme = (await chain.http.get("/v1/programme")).json()
    ladder = programme["ladders"][0]
    for tier in ladder["tiers"][1:]:
        tier["benefits"] = [{"type": "discount", "percent": "50"}]
    await chain.http.put("/v1/programme/draft", json=programme)
    published = await chain.http.post("/v1/programme/draft/publish", json={"transition": "now"})
    assert published.status_code < 300, published.text
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get("/counter")).text)
        form = {"_csrf": token, "number": "T9", "branch_id": chain.branch_id, "member_id": lin, "tender": "cash"}
        answers = [await browser.post("/counter/sale", data={**form, "amount": "6000"}, headers=JSON) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 200], answers[-1].text
        assert answers[0].json() == answers[1].json()
    member = (await chain.http.get(f"/v1/members/{lin}")).json()
    assert member["tier"]["code"] != ladder["tiers"][0]["code"]
    assert len((await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]) == 1


@pytest.mark.parametrize(("who", "code"), [("8654", "validation-failed"), ("99999", "unknown-member")])
async def test_a_number_that_means_nobody_or_several_is_told(app: Any, chain: Any, who: str, code: str) -> None:
    for n in (1, 2):
        await enrolled(chain, name=f"林{n}", phone=f"1811{n}228654")
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get("/counter")).text)
        form = {"_csrf": token, "number": "T9", "branch_id": chain.branch_id, "who": who, "tender": "cash"}
        answer = await browser.post("/counter/sale", data={**form, "amount": "1"}, headers=JSON)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == f"/problems/{code}"


async def test_the_shell_and_its_worker_know_nobody(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        shell = (await browser.get("/counter/offline")).text
        worker = await browser.get("/counter/worker.js")
    for one in (chain.email, str(chain.tenant_id), "青禾", "csrf-token"):
        assert one not in shell
    assert worker.headers["service-worker-allowed"] == "/counter"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.text.count("/assets/") == 5
