"""The staff's side: posters, and what the sign-up page says."""

import re
from typing import Any

from support.browsing import csrf_of, logged_in, new_browser


async def test_an_owner_makes_a_poster_renews_it_and_says_a_few_words(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser, new_browser(app) as guest:
        token = csrf_of((await browser.get("/joining")).text)

        async def post(path: str, **form: str) -> Any:
            return await browser.post(path, data={"_csrf": token, **form})

        made = await post("/joining", act="make", branch_id=chain.branch_id)
        code = made.headers["location"].rpartition("/")[2]
        sheet = await browser.get(made.headers["location"])
        assert f"/join/{code}" in sheet.text
        assert (await guest.get(f"/join/{code}")).status_code == 200
        same = await post("/joining", act="make", branch_id=chain.branch_id)
        assert same.headers["location"] == made.headers["location"]
        await post("/joining", act="renew", branch_id=chain.branch_id)
        assert (await guest.get(f"/join/{code}")).status_code == 404
        assert (await browser.get(f"/joining/{code}")).status_code == 404
        found = re.search(r'href="/join/([0-9a-z]{10})"', (await browser.get("/joining")).text)
        assert found
        said = {"open": "yes", "words_zh": "来就送", "words_en": "Tea for free"}
        saved = await post("/joining/page", **said, privacy_url="https://example.com/privacy")
        assert saved.headers["location"] == "/joining?done=saved"
        page = (await guest.get(f"/join/{found[1]}")).text
        assert "Tea for free" in page
        assert "https://example.com/privacy" in page
        for wrong in ("javascript:alert(1)", "http://example.com", "nonsense", "https://"):
            refused = await post("/joining/page", **said, privacy_url=wrong)
            assert (refused.status_code, 'id="about-privacy_url"' in refused.text) == (422, True), wrong
            assert "Tea for free" in refused.text
        long = await post("/joining/page", open="yes", words_en="x" * 301)
        assert (long.status_code, 'class="bad" id="about-words_en"' in long.text) == (422, True)
        nul = await post("/joining/page", open="yes", words_zh="来\0就送")
        assert (nul.status_code, 'class="bad" id="about-words_zh"' in nul.text) == (422, True)
        await post("/joining/page", words_zh="", words_en="", privacy_url="")
        assert (await guest.get(f"/join/{found[1]}")).status_code == 404
        for form in ({"act": "x"}, {}):
            assert (await post("/joining", **form)).status_code == 400
        assert (await post("/joining", act="make", branch_id="nonsense")).status_code == 404


async def test_a_key_of_one_branch_makes_its_poster_alone(chain: Any, client: Any) -> None:
    body = {"name": "till", "scopes": ["members:write"], "branch_ids": [chain.branch_id]}
    headers = {"Authorization": f"Bearer {(await chain.http.post('/v1/api-keys', json=body)).json()['key']}"}
    second = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    tried = [
        (await client.post("/v1/join-codes", json=body, headers=headers)).status_code
        for body in ({"branch_id": chain.branch_id}, {"branch_id": second}, {})
    ]
    assert tried == [200, 403, 422]
    foreign = (await chain.http.post("/v1/join-codes", json={})).json()["code"]
    assert (await client.delete(f"/v1/join-codes/{foreign}", headers=headers)).status_code in {403, 422}
