"""Enrolments, changes, merges, leavings and erasures at the same instant: one after the other, nobody stuck."""

import asyncio
from contextvars import Context
from typing import Any
from uuid import UUID

import pytest
from support.till import bought, buy, drift, member, rows


async def shared(chain: Any) -> None:
    assert (await chain.http.patch("/v1/tenant", json={"shared_phones": True})).status_code == 200


async def led_to(chain: Any) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["value"], str(row["member_id"])) for row in await rows(chain, "member_identity")]


async def test_of_two_who_enrol_one_phone_one_does(chain: Any) -> None:
    for n in range(5):
        body = {"phone": f"1380013800{n}", "card_no": f"c{n}", "external_id": f"x{n}"}
        answers = await asyncio.gather(*(chain.http.post("/v1/members", json=body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        pointers = [error["pointer"] for answer in answers for error in answer.json().get("errors", ())]
        assert sorted(set(pointers)) == ["/card_no", "/external_id", "/phone"]
    assert len(await rows(chain, "member")) == 5


async def test_batches_that_enrol_the_same_people_in_opposite_order(chain: Any) -> None:
    items = [{"phone": f"138001380{n:02}", "external_id": f"x{99 - n:02}"} for n in range(60)]
    one, two = await asyncio.gather(
        chain.http.post("/v1/members:batch", json={"items": items}),
        chain.http.post("/v1/members:batch", json={"items": items[::-1]}),
    )
    assert (one.status_code, two.status_code) == (200, 200)
    outcomes = list(zip(one.json()["data"], two.json()["data"][::-1], strict=True))
    assert {tuple(sorted(each["status"] for each in pair)) for pair in outcomes} == {(201, 409)}
    assert len(await rows(chain, "member")) == 60


async def test_two_swap_their_phones(chain: Any) -> None:
    """Neither can have the other's before it is given up: both are told, or one is, and nobody waits for ever."""
    for n in range(5):
        phones = [f"138001381{n}0", f"138001381{n}1"]
        ids = [await member(chain, phone=phone) for phone in phones]
        answers = await asyncio.gather(
            *(
                chain.http.patch(f"/v1/members/{one}", json={"phone": p})
                for one, p in zip(ids, phones[::-1], strict=True)
            )
        )
        assert {answer.status_code for answer in answers} <= {200, 409}
        for one in ids:
            shown = (await chain.http.get(f"/v1/members/{one}")).json()
            assert ("phone", shown["phone"], one) in await led_to(chain)


async def test_a_household_comes_apart_while_its_members_leave_and_merge(chain: Any) -> None:
    await shared(chain)
    for n in range(6):
        phone, e164 = f"1380013820{n}", f"+861380013820{n}"
        ids = [await member(chain, name=name, phone=phone) for name in ("Ann", "Bob", "Cat", "Dan")]
        answers = await asyncio.gather(
            chain.http.delete(f"/v1/members/{ids[0]}"),
            chain.http.patch(f"/v1/members/{ids[1]}", json={"phone": None}),
            chain.http.post(f"/v1/members/{ids[2]}/merge", json={"other_id": ids[3]}),
            chain.http.post(f"/v1/members/{ids[1]}/erase", json={}),
            chain.http.post("/v1/members", json={"name": "Eve", "phone": phone}),
        )
        assert [answer.status_code for answer in answers if answer.status_code not in {200, 201, 204}] in ([], [409])
        eve = answers[4].json()["id"]
        found = (await chain.http.get(f"/v1/members?phone={phone}")).json()["data"]
        assert {each["id"] for each in found} == {ids[2], eve}
        kept = {str(row["member_id"]) for row in await rows(chain, "household_member") if row["phone"] == e164}
        assert kept == {ids[2], eve}
        for one in (ids[2], eve):
            assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
    assert (await led_to(chain), await rows(chain, "household_member")) == ([], [])


async def test_erasing_beside_a_merge_and_sales(chain: Any) -> None:
    """Whoever comes first, in the end nothing names the person and no sale is lost."""
    for n in range(6):
        one = await member(chain, name="赵一", phone=f"1380013830{n}")
        two = await member(chain, name="赵二", card_no=f"card{n}")
        for who in (one, two):
            await bought(chain, f"{who}-0", 100, member_id=who)
        erased, united, *sold = await asyncio.gather(
            chain.http.post(f"/v1/members/{two}/erase", json={}),
            chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two}),
            *(buy(chain, f"{two}-{k}", 100, card_no=f"card{n}") for k in range(1, 4)),
            *(buy(chain, f"{one}-{k}", 100, member_id=one) for k in range(1, 4)),
        )
        assert (erased.status_code, united.status_code) in {(200, 200), (200, 409)}
        assert {answer.status_code for answer in sold} <= {201, 409, 422}
        gone = [two, one] if united.status_code == 200 else [two]
        for row in await rows(chain, "member"):
            if str(row["id"]) in gone:
                assert (row["name"], row["phone"], row["card_no"]) == (None, None, None)
    assert [led for led in await led_to(chain) if led[0] == "card"] == []
    assert await drift(chain) == []


async def test_leaving_beside_sales(chain: Any) -> None:
    for n in range(4):
        one = await member(chain, card_no=f"card{n}", consents={"sms": True})
        left, *sold = await asyncio.gather(
            chain.http.delete(f"/v1/members/{one}"),
            *(buy(chain, f"{n}-{k}", 100, card_no=f"card{n}") for k in range(5)),
            *(buy(chain, f"{n}-id-{k}", 100, member_id=one) for k in range(5)),
        )
        assert left.status_code == 204
        assert {answer.status_code for answer in sold} <= {201, 409, 422}
        listed = (await chain.http.get(f"/v1/members/{one}/purchases")).json()["data"]
        assert len(listed) == [answer.status_code for answer in sold].count(201)
    assert (await drift(chain), await led_to(chain)) == ([], [])


@pytest.mark.parametrize("other", ["goes", "comes"])
async def test_a_household_changes_while_a_merge_gathers_its_phones(
    chain: Any, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """A phone becomes an identity, or a household's, between two looks at it."""
    from tenants.members import identities

    await shared(chain)
    ann = await member(chain, name="Ann", phone="13800138000")
    bob = await member(chain, name="Bob", phone="13800138000" if other == "goes" else None)
    one = await member(chain, name="Ann Li")
    look = identities.shared_phones_of
    looks = 0

    async def interrupted(member_id: UUID) -> list[str]:
        nonlocal looks
        looks += 1
        found = await look(member_id)
        if looks > 1:
            return found
        change = chain.http.patch(f"/v1/members/{bob}", json={"phone": None if other == "goes" else "13800138000"})
        answer = await asyncio.create_task(change, context=Context())
        assert answer.status_code == 200, answer.text
        return found if other == "comes" else await look(member_id)

    monkeypatch.setattr(identities, "shared_phones_of", interrupted)
    answer = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": ann})
    assert (answer.status_code, looks) == (200, 2)
    household = {str(row["member_id"]) for row in await rows(chain, "household_member")}
    alone = {who for _, _, who in await led_to(chain)}
    assert (household, alone) == ((set(), {one}) if other == "goes" else ({one, bob}, set()))
