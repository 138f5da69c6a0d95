"""Coupons in somebody's hand: given to members, printed, taken back."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from giving import (
    at_fault,
    coupon,
    entries_of,
    give,
    given,
    held,
    printed,
    problem,
    redeem,
    states_are_what_entries_leave,
)
from support.chains import Chain
from support.till import member, rows

from tenants.coupons.numbers import ALPHABET, LENGTH

Json = dict[str, Any]


async def coupons_of(chain: Chain, who: str, query: str = "") -> list[Json]:
    answer = await chain.http.get(f"/v1/members/{who}/coupons?{query}")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["data"]
    return found


async def test_given_to_a_member(chain: Chain) -> None:
    made, who = await coupon(chain, "hello", minimum=500), await member(chain)
    answer = await give(chain, made["id"], member_id=who, reason="lost a button")
    assert answer.status_code == 201
    assert answer.json()["granted"] == 1
    (one,) = answer.json()["coupons"]
    assert one["member_id"] == who
    (shown,) = await coupons_of(chain, who)
    assert (shown["id"], shown["state"], shown["minimum"], shown["used_for"]) == (one["id"], "open", 500, None)
    assert shown["coupon"] == {"id": made["id"], "code": "hello", "names": made["names"]}
    (entry,) = (await held(chain, one["id"]))["entries"]
    assert (entry["kind"], entry["reason"]) == ("grant", "lost a button")
    (row,) = await rows(chain, "coupon_entry")
    (person,) = await rows(chain, "member")
    assert row["seq"] == person["seq"] == 1


async def test_given_to_many_all_or_none(chain: Chain) -> None:
    made, people = await coupon(chain, "many"), [await member(chain) for _ in range(3)]
    gone = await member(chain)
    assert (await chain.http.delete(f"/v1/members/{gone}")).is_success
    answer = await give(chain, made["id"], member_ids=[people[0], str(uuid4()), gone, people[1]])
    assert at_fault(answer) == [("/member_ids/1", "unknown-member"), ("/member_ids/2", "member-closed")]
    assert at_fault(await give(chain, made["id"], member_id=gone)) == [("/member_id", "member-closed")]
    assert await rows(chain, "coupon_grant") == []
    # Named twice, and by the id of a record that was merged away: one each.
    assert (await chain.http.post(f"/v1/members/{people[0]}/merge", json={"other_id": people[1]})).is_success
    answer = await give(chain, made["id"], member_ids=[people[1], people[2], people[0], people[2]])
    assert [one["member_id"] for one in answer.json()["coupons"]] == [people[0], people[2]]
    assert [len(await coupons_of(chain, who)) for who in people] == [1, 1, 1]
    assert problem(await give(chain, str(uuid4()), member_id=people[0])) == (404, "not-found")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("", "identifier-missing")),
        ({"member_id": str(uuid4()), "segment": "x"}, ("/member_id", "one-of-identifiers")),
        ({"member_ids": []}, ("/member_ids", "too-few")),
        ({"member_ids": [str(uuid4())] * 1001}, ("/member_ids", "too-many")),
        ({"segment": "nobody-knows"}, ("/segment", "unknown-segment")),
        ({"member_id": "x"}, ("/member_id", "invalid-uuid")),
    ],
)
async def test_to_whom(chain: Chain, body: Json, fault: tuple[str, str]) -> None:
    made = await coupon(chain, "whom")
    assert at_fault(await give(chain, made["id"], **body)) == [fault]


async def test_the_same_request_gives_once(chain: Chain) -> None:
    made, who = await coupon(chain, "once"), await member(chain)
    url, headers = f"/v1/coupons/{made['id']}/grant", {"Idempotency-Key": "a"}
    first = await chain.http.post(url, json={"member_id": who}, headers=headers)
    again = await chain.http.post(url, json={"member_id": who}, headers=headers)
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert len(await coupons_of(chain, who)) == 1


async def test_numbers_to_print(chain: Chain) -> None:
    made = await coupon(chain, "paper")
    answer = await chain.http.post(f"/v1/coupons/{made['id']}/print", json={"count": 1000})
    assert answer.status_code == 201
    numbers = [one["number"] for one in answer.json()["coupons"]]
    assert len(set(numbers)) == 1000
    assert {len(number) for number in numbers} == {LENGTH}
    assert set("".join(numbers)) == set(ALPHABET)
    one = numbers[0]
    shown = await held(chain, f"{one[:4].lower()}-{one[4:8]} {one[8:]}")
    assert (shown["number"], shown["member_id"], shown["occasion"]) == (one, None, "printed")
    assert shown["valid_until"] == answer.json()["valid_until"]
    wrong = one[:-1] + ("2" if one[-1] != "2" else "3")
    for nobody in (wrong, "x", str(uuid4())):
        assert (await chain.http.get(f"/v1/coupons/grants/{nobody}")).status_code == 404
    for count in (0, 1001):
        assert (await chain.http.post(f"/v1/coupons/{made['id']}/print", json={"count": count})).status_code == 422
    answer = await chain.http.post(f"/v1/coupons/{made['id']}/print", json={"count": 1, "branch_id": str(uuid4())})
    assert problem(answer) == (422, "unknown-branch")
    assert await states_are_what_entries_leave(chain) == 1000


async def test_one_taken_back_is_used_by_nobody(chain: Chain) -> None:
    made, who = await coupon(chain, "back"), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    (number,) = await printed(chain, made["id"])
    for reference, coupon_ in ((theirs, {"grant_id": theirs}), (number, {"number": number})):
        url = f"/v1/coupons/grants/{reference}/void"
        assert at_fault(await chain.http.post(url, json={})) == [("/reason", "required")]
        answer = await chain.http.post(url, json={"reason": "misprint"})
        assert (answer.status_code, answer.json()["state"]) == (200, "void")
        for refused in (await chain.http.post(url, json={"reason": "again"}), await redeem(chain, **coupon_)):
            assert problem(refused) == (409, "coupon-not-usable")
            assert refused.json()["state"] == "void"
    assert await entries_of(chain, theirs) == ["grant", "void"]
    assert await states_are_what_entries_leave(chain) == 2


async def test_lists_by_state_and_in_pages(chain: Chain) -> None:
    made, who = await coupon(chain, "pages"), await member(chain)
    ids = [(await given(chain, made["id"], who))[0] for _ in range(5)]
    assert (await redeem(chain, grant_id=ids[1])).status_code == 201
    await chain.http.post(f"/v1/coupons/grants/{ids[3]}/void", json={"reason": "x"})
    assert [one["id"] for one in await coupons_of(chain, who)] == ids[::-1]
    assert [one["id"] for one in await coupons_of(chain, who, "state=open")] == [ids[4], ids[2], ids[0]]
    assert [one["id"] for one in await coupons_of(chain, who, "state=used")] == [ids[1]]
    assert [one["id"] for one in await coupons_of(chain, who, "state=void")] == [ids[3]]
    assert await coupons_of(chain, who, "state=expired") == []
    assert (await chain.http.get(f"/v1/members/{who}/coupons?state=lost")).status_code == 422
    seen, cursor = [], ""
    while cursor is not None:
        page = (await chain.http.get(f"/v1/members/{who}/coupons?limit=2{cursor}")).json()
        seen += [one["id"] for one in page["data"]]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    assert (await chain.http.get(f"/v1/members/{uuid4()}/coupons")).status_code == 404


async def test_what_a_key_may(chain: Chain, client: Any) -> None:
    made, who = await coupon(chain, "keys"), await member(chain)
    url = f"/v1/coupons/{made['id']}"
    (number,) = await printed(chain, made["id"])
    calls: list[tuple[str, str, Json | None, str]] = [
        ("GET", "/v1/coupons", None, "members:read"),
        ("GET", url, None, "members:read"),
        ("PATCH", url, {"ended": False}, "programme:write"),
        ("POST", f"{url}/grant", {"member_id": who}, "members:write"),
        ("POST", f"{url}/print", {"count": 1}, "members:write"),
        ("POST", "/v1/coupons/redeem", {"number": number, "branch_id": chain.branch_id}, "purchases:write"),
        ("GET", f"/v1/coupons/grants/{number}", None, "members:read"),
    ]
    scopes = sorted({scope for *_, scope in calls})
    keys = {}
    for scope in scopes:
        answer = await chain.http.post("/v1/api-keys", json={"name": scope, "scopes": [scope]})
        keys[scope] = {"Authorization": f"Bearer {answer.json()['key']}"}
    for method, path, body, needed in calls:
        for scope in scopes:
            answer = await client.request(method, path, json=body, headers=keys[scope])
            if scope == needed:
                assert answer.is_success, (path, scope, answer.text)
            else:
                assert problem(answer) == (403, "forbidden"), (path, scope)


async def test_a_key_of_one_branch(chain: Chain, client: Any) -> None:
    made = await coupon(chain, "here")
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    body = {"name": "till", "scopes": ["members:write", "purchases:write"], "branch_ids": [other]}
    key = {"Authorization": f"Bearer {(await chain.http.post('/v1/api-keys', json=body)).json()['key']}"}
    (number,) = await printed(chain, made["id"])
    print_url, use = f"/v1/coupons/{made['id']}/print", {"number": number, "branch_id": chain.branch_id}
    for url, sent in (
        (print_url, {"count": 1, "branch_id": chain.branch_id}),
        ("/v1/coupons/redeem", use),
    ):
        assert problem(await client.post(url, json=sent, headers=key)) == (403, "not-permitted")
    nowhere = await client.post(print_url, json={"count": 1}, headers=key)
    assert at_fault(nowhere) == [("/branch_id", "required")]
    assert (await client.post(print_url, json={"count": 1, "branch_id": other}, headers=key)).status_code == 201
    assert (await client.post("/v1/coupons/redeem", json={**use, "branch_id": other}, headers=key)).status_code == 201


async def test_a_neighbour_has_its_own(chain: Chain, new_chain: Callable[..., Awaitable[Chain]]) -> None:
    other, made = await new_chain(), await coupon(chain, "mine")
    (number,) = await printed(chain, made["id"])
    assert problem(await redeem(other, number=number)) == (422, "unknown-coupon")
    assert (await other.http.get(f"/v1/coupons/grants/{number}")).status_code == 404
    assert (await other.http.get(f"/v1/coupons/{made['id']}")).status_code == 404
    assert (await held(chain, number))["state"] == "open"
