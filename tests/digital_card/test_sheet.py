"""The sheet from which staff hand out cards."""

import re
from typing import Any

from support.browsing import csrf_of, logged_in
from support.phones import GOLD, card_path, digits_sent, enrolled, on_phone, texts_to


async def test_a_clerk_shows_sends_and_ends_a_card(app: Any, chain: Any, drain: Any) -> None:
    member_id = await enrolled(chain, phone=GOLD)
    sheet = f"/members/{member_id}/card"
    async with logged_in(app, chain) as browser, on_phone(app) as phone:
        page = await browser.get(sheet)
        assert "/c/" not in page.text
        token = csrf_of(page.text)

        async def act(name: str) -> Any:
            return await browser.post(sheet, data={"_csrf": token, "act": name})

        shown = await act("show")
        found = re.search(r"(/c/[A-Za-z0-9_-]+)<", shown.text)
        assert found
        assert (await phone.get(found[1])).status_code == 200
        assert (await act("send")).headers["location"] == f"{sheet}?done=sent"
        await drain(chain.tenant_id)
        (text,) = texts_to(chain, GOLD)
        assert found[1] in text
        assert (await act("end")).headers["location"] == f"{sheet}?done=ended"
        assert (await phone.get(found[1])).status_code == 404
        assert (await act("nonsense")).status_code == 400
        assert (await browser.post(sheet, data={"act": "show"})).status_code == 403
        for _ in range(2):
            await act("send")
        assert (await act("send")).status_code == 429
    actions = [entry["action"] for entry in (await chain.http.get("/v1/audit-log?limit=50")).json()["data"]]
    assert [actions.count(f"card.{what}") for what in ("link", "send_link", "end_links")] == [1, 3, 1]


async def test_without_a_number_nothing_is_sent(app: Any, chain: Any) -> None:
    member_id = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get(f"/members/{member_id}/card")).text)
        refused = await browser.post(f"/members/{member_id}/card", data={"_csrf": token, "act": "send"})
        assert refused.status_code in {409, 422}
        assert 'class="alert"' in refused.text


async def test_who_may_only_read_hands_out_nothing(app: Any, chain: Any, client: Any) -> None:
    member_id = await enrolled(chain)
    made = await chain.http.post("/v1/api-keys", json={"name": "x", "scopes": ["members:read"]})
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await client.post(f"/v1/members/{member_id}/card-link", headers=headers)).status_code == 403


async def test_another_phone_isnt_confirmed_by_digits_for_an_ended_link(app: Any, chain: Any, drain: Any) -> None:
    member_id = await enrolled(chain, phone=GOLD)
    path = await card_path(chain, member_id)
    async with on_phone(app) as phone:
        await phone.post(f"{path}/phone")
        code = await digits_sent(chain, drain, GOLD)
        await chain.http.delete(f"/v1/members/{member_id}/card-link")
        assert (await phone.post(f"{path}/phone", data={"code": code})).status_code == 404
        fresh = await card_path(chain, member_id)
        assert (await phone.post(f"{fresh}/phone", data={"code": code})).status_code == 422
