"""`/v1/staff`: inviting, limits, and who loses a place."""

import asyncio
from typing import Any

import httpx
import pytest
from support.at_the_counter import session
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain
from support.colleagues import PASSWORD, address_of, hire, invite, path_of

CLERK = {"role": "clerk"}
NOBODYS = "01970000-0000-7000-8000-000000000001"


async def me(chain: Chain) -> dict[str, Any]:
    found: dict[str, Any] = (await chain.http.get("/v1/staff")).json()["data"][0]
    return found


async def audit(chain: Chain) -> list[tuple[str, str]]:
    rows = (await chain.http.get("/v1/audit-log")).json()["data"]
    return [(row["action"], row["target"]) for row in rows if row["action"].startswith("staff.")]


async def test_the_first_owner_is_staff(chain: Chain) -> None:
    owner = await me(chain)
    assert (owner["email"], owner["role"], owner["branch_ids"], owner["state"]) == (
        chain.email,
        "owner",
        None,
        "active",
    )


async def test_invited_changed_removed_and_invited_again(app: Any, chain: Chain) -> None:
    made = await invite(chain, **CLERK)
    assert (made["state"], made["role"]) == ("invited", "clerk")
    url = f"/v1/staff/{made['id']}"
    shown = (await chain.http.get(url)).json()
    assert "invitation" not in shown
    assert shown["invited_until"] is not None

    twice = await chain.http.post("/v1/staff", json={"email": made["email"], "name": "x", "role": "analyst"})
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/already-staff")

    branch = {"role": "manager", "branch_ids": [chain.branch_id]}
    changed = (await chain.http.patch(url, json=branch)).json()
    assert (changed["role"], changed["branch_ids"]) == ("manager", [chain.branch_id])
    assert (await chain.http.patch(url, json={"name": "王小芳"})).json()["branch_ids"] == [chain.branch_id]
    assert (await chain.http.patch(url, json={"branch_ids": None})).json()["branch_ids"] is None
    assert (await chain.http.patch(url, json={"role": None})).status_code == 422

    assert (await chain.http.delete(url)).status_code == 204
    assert (await chain.http.delete(url)).status_code == 204
    assert (await chain.http.get(url)).json()["state"] == "left"
    assert (await chain.http.patch(url, json=CLERK)).status_code == 404
    assert (await chain.http.post(f"{url}/invite")).status_code == 404
    assert len((await chain.http.get("/v1/staff")).json()["data"]) == 1
    async with new_browser(app) as browser:
        assert (await browser.get(path_of(made))).status_code == 404

    again = await chain.http.post("/v1/staff", json={"email": made["email"], "name": "x", "role": "analyst"})
    assert again.status_code == 201
    assert again.json()["id"] != made["id"]
    told = await audit(chain)
    acts = ["staff.invite", "staff.remove", "staff.change", "staff.change", "staff.change", "staff.invite"]
    assert [action for action, _ in told] == acts
    assert told[1:] == [(action, f"staff:{made['id']}") for action in acts[1:]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "x", "name": "x", "role": "clerk"}, "validation-failed"),
        ({"email": "x@example.com", "name": "", "role": "clerk"}, "validation-failed"),
        ({"email": "x@example.com", "name": "x", "role": "boss"}, "validation-failed"),
        ({"email": "x@example.com", "name": "x", "role": "clerk", "branch_ids": []}, "validation-failed"),
        (
            {
                "email": "x@example.com",
                "name": "x",
                "role": "clerk",
                "branch_ids": ["01970000-0000-7000-8000-000000000001"],
            },
            "unknown-branch",
        ),
    ],
)
async def test_what_cannot_be_taken_is_refused(chain: Chain, body: dict[str, Any], code: str) -> None:
    answer = await chain.http.post("/v1/staff", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")


async def test_an_owner_works_everywhere(chain: Chain) -> None:
    body = {"email": address_of(), "name": "x", "role": "owner", "branch_ids": [chain.branch_id]}
    assert (await chain.http.post("/v1/staff", json=body)).status_code == 422
    made = await invite(chain, role="clerk", branch_ids=[chain.branch_id])
    url = f"/v1/staff/{made['id']}"
    assert (await chain.http.patch(url, json={"role": "owner", "branch_ids": [chain.branch_id]})).status_code == 422
    promoted = (await chain.http.patch(url, json={"role": "owner"})).json()
    assert (promoted["role"], promoted["branch_ids"]) == ("owner", None)


async def test_the_last_owner_stays(app: Any, chain: Chain) -> None:
    first = await me(chain)
    url = f"/v1/staff/{first['id']}"
    await invite(chain, role="owner")  # who was only invited owns nothing yet
    for answer in (await chain.http.patch(url, json=CLERK), await chain.http.delete(url)):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-owner")
    second = await hire(app, chain, role="owner")
    assert (await chain.http.patch(url, json=CLERK)).status_code == 200
    assert (await chain.http.delete(f"/v1/staff/{second['id']}")).status_code == 409


async def test_two_owners_who_remove_each_other_leave_one(app: Any, chain: Chain) -> None:
    for _ in range(4):
        first = next(p for p in (await chain.http.get("/v1/staff")).json()["data"] if p["role"] == "owner")
        second = await hire(app, chain, role="owner")
        answers = await asyncio.gather(
            chain.http.delete(f"/v1/staff/{first['id']}"), chain.http.patch(f"/v1/staff/{second['id']}", json=CLERK)
        )
        assert sorted(answer.status_code // 100 for answer in answers) == [2, 4]
        owners = [p for p in (await chain.http.get("/v1/staff")).json()["data"] if p["role"] == "owner"]
        assert len(owners) == 1


async def test_who_loses_the_place_is_out_at_once_and_old_sessions_stay_shut(app: Any, chain: Chain) -> None:
    hired = await hire(app, chain, **CLERK)
    async with new_browser(app) as browser:
        assert (await log_in(browser, hired["email"], PASSWORD)).status_code == 303
        assert (await browser.get("/v1/members")).status_code == 200
        await chain.http.delete(f"/v1/staff/{hired['id']}")
        assert (await browser.get("/v1/members")).status_code == 401
        assert (await browser.get("/overview")).status_code == 303
        back = await hire(app, chain, email=hired["email"], **CLERK)
        assert back["id"] != hired["id"]
        assert (await browser.get("/v1/members")).status_code == 401
        assert (await log_in(browser, hired["email"], PASSWORD)).status_code == 303
        assert (await browser.get("/v1/members")).status_code == 200


async def test_a_changed_role_counts_at_the_next_request(app: Any, chain: Chain) -> None:
    hired = await hire(app, chain, role="owner")
    async with new_browser(app) as browser:
        await log_in(browser, hired["email"], PASSWORD)
        assert (await browser.get("/staff")).status_code == 200
        await chain.http.patch(f"/v1/staff/{hired['id']}", json=CLERK)
        assert (await browser.get("/staff")).status_code == 403
        assert (await browser.get("/v1/staff")).status_code == 403


async def test_a_clerk_sells_at_its_own_branches_only(app: Any, chain: Chain) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    hired = await hire(app, chain, role="clerk", branch_ids=[other])
    sale = {"external_id": "1", "amount": 100, "external_amounts": True}
    async with new_browser(app) as browser:
        await log_in(browser, hired["email"], PASSWORD)
        head = {"X-CSRF-Token": csrf_of((await browser.get("/overview")).text), "Accept": "application/json"}

        async def sells(branch: str) -> int:
            answer = await browser.post("/v1/purchases", json={**sale, "branch_id": branch}, headers=head)
            return answer.status_code

        assert (await sells(chain.branch_id), await sells(other)) == (403, 201)
        await chain.http.patch(f"/v1/staff/{hired['id']}", json={"branch_ids": [chain.branch_id]})
        assert (await sells(chain.branch_id), await sells(other)) == (201, 403)


async def test_the_overview_shows_the_sales_of_ones_own_branches(app: Any, chain: Chain) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    for n, (branch, amount) in enumerate(((chain.branch_id, 12_345), (other, 6_700))):
        body = {"branch_id": branch, "external_id": str(n), "amount": amount, "external_amounts": True}
        assert (await chain.http.post("/v1/purchases", json=body)).status_code == 201
    for limits, amount in ((None, "¥190.45"), ([other], "¥67.00")):
        hired = await hire(app, chain, role="manager", branch_ids=limits)
        async with new_browser(app) as browser:
            await log_in(browser, hired["email"], PASSWORD)
            browser.cookies["regulars_language"] = "en"
            assert amount in (await browser.get("/overview")).text


async def test_who_is_bound_to_branches_has_no_say_elsewhere(chain: Chain, client: httpx.AsyncClient) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    key = {"name": "franchisee", "scopes": ["admin"], "branch_ids": [other]}
    head = {"Authorization": f"Bearer {(await chain.http.post('/v1/api-keys', json=key)).json()['key']}"}

    async def invites(**place: Any) -> int:
        body = {"email": address_of(), "name": "x", **place}
        return (await client.post("/v1/staff", json=body, headers=head)).status_code

    assert await invites(role="clerk", branch_ids=[other]) == 201
    assert await invites(role="clerk", branch_ids=[chain.branch_id]) == 403
    assert await invites(role="clerk") == 403
    assert await invites(role="owner") == 403
    elsewhere, here = await invite(chain, **CLERK), await invite(chain, role="clerk", branch_ids=[other])
    for person, status in ((elsewhere, 403), (here, 200)):
        url = f"/v1/staff/{person['id']}"
        assert (await client.patch(url, json={"name": "x"}, headers=head)).status_code == status
        assert (await client.patch(url, json={"role": "owner"}, headers=head)).status_code == 403
        assert (await client.post(f"{url}/invite", headers=head)).status_code == (201 if status == 200 else 403)
        assert (await client.delete(url, headers=head)).status_code == (204 if status == 200 else 403)


async def test_the_list_has_pages(chain: Chain) -> None:
    names = [(await invite(chain, **CLERK))["id"] for _ in range(3)]
    seen, cursor = [], None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        answer = (await chain.http.get("/v1/staff", params=params)).json()
        seen += [row["id"] for row in answer["data"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen[1:] == names


async def test_who_left_a_phone_behind_is_out_and_comes_in_again(app: Any, chain: Chain, new_chain: Any) -> None:
    clerk, other = await hire(app, chain, role="clerk"), await new_chain()
    async with session(app, clerk["email"]) as phone, session(app, clerk["email"]) as office:
        assert (await other.http.delete(f"/v1/staff/{clerk['id']}/sessions")).status_code == 404
        assert (await phone.get("/counter")).status_code == 200
        for _ in range(2):
            assert (await chain.http.delete(f"/v1/staff/{clerk['id']}/sessions")).status_code == 204
        for device in (phone, office):
            assert (await device.get("/counter")).headers["location"].startswith("/login")
    async with session(app, clerk["email"]) as again, session(app, chain.email, chain.password) as boss:
        assert (await again.get("/counter")).status_code == 200
        assert f'action="/staff/{clerk["id"]}/log-out"' in (await boss.get(f"/staff/{clerk['id']}")).text
        assert (await again.post(f"/staff/{clerk['id']}/log-out")).status_code == 403, "owners alone"
        sent = await boss.post(f"/staff/{clerk['id']}/log-out")
        assert (sent.status_code, sent.headers["location"]) == (303, "/staff?done=out")
        assert "Logged out on every device." in (await boss.get(sent.headers["location"])).text
        assert (await again.get("/counter")).status_code == 303
    log = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert log.count("staff.log_out") == 3
