"""The till's own number: the same sale again gets its first answer, for ever; another sale is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.programme import change_programme
from support.till import bought, buy, drift, member, rows, ticket


async def test_the_first_answer_stays_the_answer_after_the_tier_moved_on(chain: Chain) -> None:
    one = await member(chain)
    first = await bought(chain, "1", 10_000, member_id=one)
    second = await bought(chain, "2", 20_000, member_id=one)
    third = await bought(chain, "3", 200_000, member_id=one)
    afters = [sale["tier"]["after"] for sale in (first, second, third)]
    assert afters == ["regular", "silver", "gold"]
    for sale, amount in ((first, 10_000), (second, 20_000), (third, 200_000)):
        again = await buy(chain, sale["external_id"], amount, member_id=one)
        assert (again.status_code, again.json()) == (200, sale)
        assert (await chain.http.get(f"/v1/purchases/{sale['id']}")).json() == sale
    assert len(await rows(chain, "purchase")) == 3
    assert await drift(chain) == []


async def test_the_first_answer_stays_the_answer_after_the_rules_changed(chain: Chain) -> None:
    one = await member(chain)
    first = await bought(chain, "1", 20_000, member_id=one)
    document = (await chain.http.get("/v1/programme")).json()
    other = {**document["ladders"][0], "code": "club"}
    document["ladders"] = [other, *document["ladders"]]
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    assert (await bought(chain, "2", 1, member_id=one))["tier"]["ladder"] == "club"
    again = await buy(chain, "1", 20_000, member_id=one)
    assert (again.status_code, again.json()) == (200, first)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 101, "tenders": None},
        {"occurred_at": "2026-01-02T00:00:00Z"},
        {"occurred_at": None},
        {"sold_by": "小王"},
        {"tenders": [{"type": "card", "amount": 100}]},
        {"lines": [{"amount": 100}]},
        {"phone": None},
        {"phone": "13800000004"},
    ],
)
async def test_other_content_is_a_conflict(change: dict[str, Any], chain: Chain) -> None:
    await member(chain, phone="13800000003")
    await member(chain, phone="13800000004")
    sale: dict[str, Any] = {
        "amount": 100,
        "phone": "13800000003",
        "occurred_at": "2026-01-01T00:00:00Z",
        "tenders": [{"type": "cash", "amount": 100}],
        "sold_by": "小李",
    }
    await bought(chain, "1", **sale)
    refused = await buy(chain, "1", **{**sale, **change})
    assert refused.status_code == 409, refused.text
    assert refused.json()["type"] == "/problems/external-id-conflict"
    assert len(await rows(chain, "purchase")) == 1
    assert await drift(chain) == []


async def test_the_same_sale_told_otherwise_is_the_same_sale(chain: Chain) -> None:
    one = await member(chain, phone="13800000005", card_no="77")
    first = await bought(chain, "1", 100, member_id=one, occurred_at="2026-01-01T00:00:00Z")
    for who in ({"phone": "+8613800000005"}, {"card_no": "77"}):
        again = await buy(chain, "1", 100, **who, occurred_at="2026-01-01T08:00:00.000+08:00")
        assert (again.status_code, again.json()) == (200, first)


async def test_a_sale_without_a_time_may_come_again_an_hour_later(chain: Chain) -> None:
    first = await bought(chain, "1", 100)
    await set_clock(chain.tenant_id, datetime(2031, 1, 1, tzinfo=UTC))
    again = await buy(chain, "1", 100)
    assert (again.status_code, again.json()) == (200, first)


async def test_a_time_elsewhere_is_answered_as_it_will_be_again(chain: Chain) -> None:
    first = await bought(chain, "1", 100, occurred_at="2026-01-01T08:00:00+08:00")
    assert first["occurred_at"] == "2026-01-01T00:00:00Z"
    again = await buy(chain, "1", 100, occurred_at="2026-01-01T08:00:00+08:00")
    assert (again.status_code, again.json()) == (200, first)


async def test_nobody_knows_a_code_and_gets_no_guests_answer(chain: Chain) -> None:
    await bought(chain, "1", 100)
    refused = await buy(chain, "1", 100, member_code="WNOBODY")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/code-ended")


async def test_a_number_that_another_sale_has_is_named_before_what_else_is_wrong(chain: Chain) -> None:
    one = await member(chain)
    await bought(chain, "1", 100, member_id=one)
    refused = await buy(chain, "1", 100, member_id=one, tenders=[{"type": "cash", "amount": 99}])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/external-id-conflict")


async def test_each_branch_has_its_own_numbers(chain: Chain) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    await bought(chain, "1", 100)
    await bought(chain, "1", 100, branch_id=other)
    assert len(await rows(chain, "purchase")) == 2


@pytest.mark.parametrize("known", [True, False], ids=["member", "nobody"])
async def test_sixteen_at_once_are_one_sale(known: bool, chain: Chain) -> None:
    who = {"member_id": await member(chain)} if known else {}
    answers = await asyncio.gather(*(buy(chain, "1", 60_000, **who) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len(await rows(chain, "purchase")) == len(await rows(chain, "purchase_external")) == 1
    assert len(await rows(chain, "decision")) == int(known)
    assert await drift(chain) == []


async def test_sixteen_different_sales_of_one_number_leave_one(chain: Chain) -> None:
    one = await member(chain)
    sales = [ticket(chain, "1", 100 + number, member_id=one) for number in range(16)]
    answers = await asyncio.gather(*(chain.http.post("/v1/purchases", json=sale) for sale in sales))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len(await rows(chain, "purchase")) == 1
    assert await drift(chain) == []


async def test_a_refused_sale_leaves_its_number_free(chain: Chain) -> None:
    one = await member(chain)
    assert (await buy(chain, "1", 100, member_id=one, tenders=[{"type": "cash", "amount": 99}])).status_code == 422
    assert (await buy(chain, "1", 100, card_no="unknown")).status_code == 422
    await bought(chain, "1", 100, member_id=one, tenders=[{"type": "cash", "amount": 100}])


async def test_a_repeat_is_answered_by_the_rules_that_decided(chain: Chain) -> None:
    """Not by those that the clock points to: a sandbox's may have been set back behind the day of publication."""
    one = await member(chain)
    document = (await chain.http.get("/v1/programme")).json()
    document["ladders"][0]["code"] = "level"
    await change_programme(chain, ladders=document["ladders"])
    await set_clock(chain.tenant_id, datetime.now(UTC) - timedelta(days=3))
    made = await bought(chain, "1", 300_000, member_id=one)
    assert made["tier"]["ladder"] == "level"
    again = await buy(chain, "1", 300_000, member_id=one)
    assert (again.status_code, again.json()) == (200, made)
    assert (await chain.http.get(f"/v1/purchases/{made['id']}")).json() == made


async def test_the_till_of_who_has_left_meanwhile_still_gets_its_answer(chain: Chain) -> None:
    """It never heard the first one. Nothing new is sold to the member, though."""
    one, two = await member(chain, card_no="C1"), await member(chain)
    mine = await bought(chain, "1", 100, member_id=one)
    theirs = await bought(chain, "2", 200, member_id=two)
    by_card = await bought(chain, "3", 300, card_no="C1")
    assert (await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})).status_code == 200
    assert (await chain.http.delete(f"/v1/members/{one}")).is_success
    for first, amount, who in ((mine, 100, one), (theirs, 200, two), (theirs, 200, one), (by_card, 300, one)):
        again = await buy(chain, first["external_id"], amount, member_id=who)
        assert (again.status_code, again.json()) == (200, first)
    items = [ticket(chain, "1", 100, member_id=one), ticket(chain, "1", 101, member_id=one)]
    outcomes = (await chain.http.post("/v1/purchases:batch", json={"items": items})).json()["data"]
    assert [outcome["status"] for outcome in outcomes] == [200, 409]
    other = await member(chain)
    refusals = [
        await buy(chain, "1", 101, member_id=one),
        await buy(chain, "4", 100, member_id=one),
        await buy(chain, "3", 300, card_no="C1"),  # nobody's any more: whose it was isn't known
        await buy(chain, "1", 100, member_id=other),
    ]
    codes = [refused.json()["type"].rpartition("/")[2] for refused in refusals]
    assert codes == ["external-id-conflict", "member-closed", "unknown-member", "external-id-conflict"]
    assert len(await rows(chain, "purchase")) == 3
    assert await drift(chain) == []
