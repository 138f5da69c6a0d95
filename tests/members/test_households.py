"""Phones that a household shares: who is meant has to be said."""

import asyncio
from typing import Any

from support.till import bought, buy, member, rows

PHONE = "13800138000"
E164 = "+8613800138000"


async def sharing(chain: Any, allowed: bool) -> Any:
    return await chain.http.patch("/v1/tenant", json={"shared_phones": allowed})


async def family(chain: Any, *names: str) -> list[str]:
    assert (await sharing(chain, allowed=True)).json()["shared_phones"] is True
    return [await member(chain, name=name, phone=PHONE) for name in names]


async def by_phone(chain: Any, phone: str = PHONE) -> set[str]:
    return {m["id"] for m in (await chain.http.get(f"/v1/members?phone={phone}")).json()["data"]}


async def test_a_phone_is_one_members_unless_the_chain_allows_more(chain: Any) -> None:
    await member(chain, phone=PHONE)
    assert (await chain.http.post("/v1/members", json={"phone": PHONE})).json()["type"] == "/problems/phone-taken"


async def test_the_till_is_told_whom_a_shared_phone_may_mean(chain: Any) -> None:
    ann, bob, cat = await family(chain, "Ann", "Bob", "Cat")
    assert await by_phone(chain) == {ann, bob, cat}
    listed = (await chain.http.get(f"/v1/members?q={PHONE}")).json()["data"]
    assert {m["id"] for m in listed} == {ann, bob, cat}
    answer = await buy(chain, "1", 100, phone=PHONE)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/phone-shared")
    assert answer.json()["candidates"] == [
        {"id": ann, "name": "Ann"},
        {"id": bob, "name": "Bob"},
        {"id": cat, "name": "Cat"},
    ]
    assert "3" in answer.json()["detail"]
    await bought(chain, "1", 100, member_id=bob)
    batch = await chain.http.post(
        "/v1/purchases:batch",
        json={
            "items": [
                {
                    "branch_id": chain.branch_id,
                    "external_id": "2",
                    "amount": 1,
                    "external_amounts": True,
                    "phone": PHONE,
                }
            ]
        },
    )
    (outcome,) = batch.json()["data"]
    assert (outcome["status"], len(outcome["error"]["candidates"])) == (409, 3)


async def test_who_is_left_alone_with_the_phone_has_it_again(chain: Any) -> None:
    ann, bob, cat = await family(chain, "Ann", "Bob", "Cat")
    assert (await chain.http.patch(f"/v1/members/{ann}", json={"phone": "13900139000"})).status_code == 200
    assert await by_phone(chain) == {bob, cat}
    refused = await sharing(chain, allowed=False)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/households-left")
    assert (await chain.http.patch(f"/v1/members/{bob}", json={"phone": None})).status_code == 200
    assert await by_phone(chain) == {cat}
    assert (await bought(chain, "1", 100, phone=PHONE))["member_id"] == cat
    assert (await sharing(chain, allowed=False)).json()["shared_phones"] is False
    assert await rows(chain, "household_member") == []
    taken = await chain.http.patch(f"/v1/members/{bob}", json={"phone": PHONE})
    assert taken.json()["type"] == "/problems/phone-taken"


async def test_a_phone_changed_to_a_shared_one_joins_the_household(chain: Any) -> None:
    ann, bob = await family(chain, "Ann", "Bob")
    cat = await member(chain, phone="13900139000")
    assert (await chain.http.patch(f"/v1/members/{cat}", json={"phone": PHONE})).status_code == 200
    assert await by_phone(chain) == {ann, bob, cat}
    assert await by_phone(chain, "13900139000") == set()
    assert await member(chain, phone="13900139000")


async def test_of_many_at_once_everybody_shares_and_leaves(chain: Any) -> None:
    """Whatever runs side by side: a phone of one is an identity, a phone of several is a household, never both."""
    await sharing(chain, allowed=True)
    answers = await asyncio.gather(
        *(chain.http.post("/v1/members", json={"name": str(n), "phone": PHONE}) for n in range(8))
    )
    assert [answer.status_code for answer in answers] == [201] * 8
    ids = [answer.json()["id"] for answer in answers]
    assert await by_phone(chain) == set(ids)
    assert (len(await rows(chain, "household_member")), await identities(chain)) == (8, [])
    left = await asyncio.gather(
        *(chain.http.patch(f"/v1/members/{one}", json={"phone": None}) for one in ids[:7]),
        *(chain.http.post("/v1/members", json={"name": "new", "phone": PHONE}) for _ in range(2)),
    )
    assert {answer.status_code for answer in left} <= {200, 201}
    assert await by_phone(chain) == {ids[7], left[7].json()["id"], left[8].json()["id"]}
    await asyncio.gather(*(chain.http.delete(f"/v1/members/{answer.json()['id']}") for answer in left[7:]))
    assert await by_phone(chain) == {ids[7]}
    assert await rows(chain, "household_member") == []
    assert [str(row["member_id"]) for row in await identities(chain)] == [ids[7]]


async def identities(chain: Any) -> list[dict[str, Any]]:
    return [row for row in await rows(chain, "member_identity") if row["kind"] == "phone"]


async def test_the_setting_ends_while_somebody_joins(chain: Any) -> None:
    await sharing(chain, allowed=True)
    await member(chain, phone=PHONE)
    joined, ended = await asyncio.gather(
        chain.http.post("/v1/members", json={"phone": PHONE}), sharing(chain, allowed=False)
    )
    assert (joined.status_code, ended.status_code) in {(201, 409), (409, 200)}
    assert len(await rows(chain, "household_member")) == (2 if joined.status_code == 201 else 0)
