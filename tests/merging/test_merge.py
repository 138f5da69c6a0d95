"""Two records of one person become one: facts, tiers, identifiers, people, consents; and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.clock import set_clock
from support.programme import change_programme
from support.till import bought, buy, give_back, member, rows

LIFETIME = {"type": "lifetime"}


async def merge(chain: Any, survivor: str, other: str) -> Any:
    return await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})


async def merged(chain: Any, survivor: str, other: str) -> dict[str, Any]:
    answer = await merge(chain, survivor, other)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    assert shown["id"] == survivor
    return shown


async def read(chain: Any, path: str) -> Any:
    answer = await chain.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def spend_ladder(chain: Any, **policy: Any) -> None:
    """Silver from 50, gold from 100 spent in a lifetime."""
    document = await read(chain, "/v1/programme")
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:3]
    for tier, gte in zip(ladder["tiers"][1:], (5000, 10_000), strict=True):
        tier |= {"qualify": {"metric": "spend", "window": LIFETIME, "gte": gte}, "retain": None}
    ladder["policy"] |= policy
    await change_programme(chain, ladders=[ladder])


async def test_facts_of_both_count_and_lift_the_survivor(chain: Any) -> None:
    await spend_ladder(chain)
    one, two = await member(chain, joined_on="2024-05-01"), await member(chain, joined_on="2023-05-01")
    await bought(chain, "1", 6000, member_id=one, lines=[{"category": "tea", "amount": 6000}])
    await bought(chain, "2", 4000, member_id=two, lines=[{"category": "tea", "amount": 4000}])
    shown = await merged(chain, one, two)
    assert (shown["joined_on"], shown["tier"]["code"]) == ("2023-05-01", "gold")
    (total,) = await rows(chain, "member_total")
    assert (str(total["member_id"]), total["spend"], total["purchases"], total["max_purchase"]) == (
        one,
        10_000,
        2,
        6000,
    )
    measures = {row["measure"]: row for row in await rows(chain, "measure_day")}
    assert (measures["category:tea"]["total"], measures["category:tea"]["facts"]) == (10_000, 2)
    decisions = sorted(await rows(chain, "decision"), key=lambda row: row["seq"])
    (last,) = [d for d in decisions if d["to_tier"] == "gold"]
    assert (last["cause"], str(last["member_id"])) == ("merge", one)
    (fact,) = await rows(chain, "merge")
    assert (str(fact["member_id"]), str(fact["other_id"]), str(last["cause_id"])) == (one, two, str(fact["id"]))
    assert json.loads(fact["detail"])["joined_on"] == ["2024-05-01", "2023-05-01"]


async def test_the_higher_tier_is_kept_with_its_lock(chain: Any) -> None:
    await spend_ladder(chain)
    one, two = await member(chain), await member(chain)
    by_hand = {"tier": "gold", "reason": "regular of the year", "locked_until": "2099-01-31"}
    day = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    put = await chain.http.put(f"/v1/members/{two}/tier", json=by_hand | {"locked_until": day})
    assert put.status_code == 200, put.text
    shown = await merged(chain, one, two)
    assert shown["tier"]["code"] == "gold"
    (held,) = await rows(chain, "member_tier")
    assert (str(held["member_id"]), held["reason"], held["locked_until"].isoformat()) == (one, "merge", day)
    assert next(d["reason"] for d in (await read(chain, f"/v1/members/{one}/decisions"))["data"]) == "merge"


async def test_the_other_ids_lead_to_the_survivor_everywhere(chain: Any) -> None:
    one = await member(chain, phone="13800138000", name="Ann")
    wechat = {"app_id": "wx1", "openid": "o1"}
    two = await member(chain, phone="13900139000", card_no="66001", external_id="crm-2", name="Anna", wechat=wechat)
    sold = await bought(chain, "1", 100, member_id=two)
    shown = await merged(chain, one, two)
    assert (shown["phone"], shown["name"], shown["card_no"], shown["external_id"]) == (
        "+8613800138000",
        "Ann",
        "66001",
        "crm-2",
    )
    assert await read(chain, f"/v1/members/{two}") == shown
    told = [await read(chain, f"/v1/members/{each}/tier") for each in (one, two)]
    assert [each.pop("as_of") is not None for each in told] == [True, True]
    assert told[0] == told[1]
    again = await buy(chain, "1", 100, member_id=two)
    assert (again.status_code, again.json()["id"], again.json()["member_id"]) == (200, sold["id"], two)
    for n, who in enumerate(
        ({"member_id": two}, {"phone": "13900139000"}, {"phone": "13800138000"}, {"card_no": "66001"})
    ):
        assert (await bought(chain, f"n{n}", 100, **who))["member_id"] == one
    for path in (f"/v1/members/{one}/purchases", f"/v1/members/{two}/purchases"):
        listed = (await read(chain, path))["data"]
        assert len(listed) == 5
        assert sold["id"] in {row["id"] for row in listed}
    for query in ("phone=13900139000", "card_no=66001", "external_id=crm-2", "app_id=wx1&openid=o1"):
        assert [m["id"] for m in (await read(chain, f"/v1/members?{query}"))["data"]] == [one], query
    assert [m["id"] for m in (await read(chain, "/v1/members"))["data"]] == [one]
    patched = await chain.http.patch(f"/v1/members/{two}", json={"name": "Annie"})
    assert (patched.json()["id"], patched.json()["name"]) == (one, "Annie")
    given = await give_back(chain, sold["id"], "r1", 100)
    assert given.status_code == 201, given.text
    (total,) = await rows(chain, "member_total")
    assert (total["spend"], total["purchases"]) == (400, 4)


async def test_a_chain_of_merges_leads_to_its_end(chain: Any) -> None:
    one, two, three = await member(chain), await member(chain), await member(chain)
    for n, who in enumerate((one, two, three)):
        await bought(chain, str(n), 100, member_id=who)
    await merged(chain, two, three)
    await merged(chain, one, two)
    for old in (two, three):
        assert (await read(chain, f"/v1/members/{old}"))["id"] == one
    assert len((await read(chain, f"/v1/members/{three}/purchases"))["data"]) == 3
    assert (await chain.http.delete(f"/v1/members/{three}")).status_code == 204
    assert (await read(chain, f"/v1/members/{one}"))["status"] == "closed"
    erased = await chain.http.post(f"/v1/members/{two}/erase", json={})
    assert (erased.json()["id"], erased.json()["status"]) == (one, "erased")
    assert [row["name"] for row in await rows(chain, "member")] == [None, None, None]


async def test_people_are_united(chain: Any) -> None:
    names = {"zh-CN": "名", "en": "Name"}
    await change_programme(
        chain, attributes=[{"code": code, "names": names, "type": "text"} for code in ("size", "skin")]
    )
    one = await member(
        chain, tags=["a", "b"], attributes={"size": "L"}, consents={"sms": True, "push": True, "email": False}
    )
    two = await member(
        chain,
        tags=["b", "c"],
        attributes={"size": "M", "skin": "dry"},
        birthday="1990-01-01",
        consents={"sms": True, "email": True},
    )
    shown = await merged(chain, one, two)
    assert (shown["tags"], shown["attributes"]) == (["a", "b", "c"], {"size": "L", "skin": "dry"})
    assert shown["birthday"] == "1990-01-01"
    assert [channel for channel, given in shown["consents"].items() if given] == ["sms"]
    history = (await read(chain, f"/v1/members/{one}/consents"))["data"]
    assert (history[0]["channel"], history[0]["granted"], history[0]["source"]) == ("push", False, "merge")
    assert len(history) == 5


async def test_nobody_brought_itself(chain: Any, drain: Any) -> None:
    document = await read(chain, "/v1/programme")
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1] |= {"qualify": {"metric": "referrals", "window": LIFETIME, "gte": 2}, "retain": None}
    await change_programme(chain, ladders=[ladder])
    one = await member(chain, name="Ann")
    two = await member(chain, name="Ann again", referrer_id=one)
    cat = await member(chain, name="Cat", referrer_id=two)
    for n, who in enumerate((one, two, cat)):
        await bought(chain, str(n), 100, member_id=who)
    await drain(chain.tenant_id)
    shown = await merged(chain, one, two)
    assert (shown["referrer_id"], shown["tier"]["code"]) == (None, "regular")
    await drain(chain.tenant_id)
    days = [(str(r["member_id"]), r["facts"]) for r in await rows(chain, "measure_day") if r["measure"] == "referral"]
    assert days == [(one, 1)]
    assert (await read(chain, f"/v1/members/{cat}"))["referrer_id"] == one
    dan = await member(chain, name="Dan", referrer_id=two)
    await bought(chain, "dan", 100, member_id=dan)
    await drain(chain.tenant_id)
    assert (await read(chain, f"/v1/members/{one}"))["tier"]["code"] == ladder["tiers"][1]["code"]


async def test_one_person_counts_once_for_who_brought_both_records(chain: Any, drain: Any) -> None:
    ann = await member(chain, name="Ann")
    one, two = await member(chain, referrer_id=ann), await member(chain, referrer_id=ann)
    await bought(chain, "1", 100, member_id=two)
    await bought(chain, "2", 100, member_id=one)
    await drain(chain.tenant_id)
    await merged(chain, one, two)
    await drain(chain.tenant_id)
    counted = [r["facts"] for r in await rows(chain, "measure_day") if r["measure"] == "referral"]
    assert counted == [1]


async def test_households_are_joined(chain: Any) -> None:
    await chain.http.patch("/v1/tenant", json={"shared_phones": True})
    ann, bob = await member(chain, phone="13800138000"), await member(chain, phone="13800138000")
    cat = await member(chain, phone="13900139000")
    await merged(chain, cat, bob)
    by_phone = (await read(chain, "/v1/members?phone=13800138000"))["data"]
    assert {m["id"] for m in by_phone} == {ann, cat}
    await merged(chain, cat, ann)
    assert await rows(chain, "household_member") == []
    for phone in ("13800138000", "13900139000"):
        assert (await bought(chain, phone, 1, phone=phone))["member_id"] == cat


async def test_what_cannot_be_merged_is_refused(chain: Any) -> None:
    one, two, gone = await member(chain), await member(chain), await member(chain)
    await chain.http.delete(f"/v1/members/{gone}")
    erased = await member(chain)
    await chain.http.post(f"/v1/members/{erased}/erase", json={})
    nobody = "01970000-0000-7000-8000-000000000001"
    await merged(chain, one, two)
    for survivor, other, status, problem in (
        (one, one, 422, "merge-self"),
        (one, two, 409, "member-merged"),
        (two, one, 409, "member-merged"),
        (one, gone, 409, "member-closed"),
        (gone, one, 409, "member-closed"),
        (one, erased, 409, "member-closed"),
        (one, nobody, 422, "validation-failed"),
        (nobody, one, 404, "not-found"),
    ):
        answer = await merge(chain, survivor, other)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}"), answer.text
    assert (await merge(chain, one, two)).json()["survivor_id"] == one
    acts = (await read(chain, "/v1/audit-log"))["data"]
    assert [a["detail"]["other_id"] for a in acts if a["action"] == "member.merge"] == [two]


@pytest.mark.parametrize("upgrade", ["immediate", "scheduled"])
async def test_scheduled_ladders_are_evaluated_too_but_never_down(chain: Any, upgrade: str) -> None:
    await set_clock(chain.tenant_id, datetime(2031, 3, 20, 12, tzinfo=UTC))
    await spend_ladder(
        chain, upgrade=upgrade, schedule={"type": "monthly"}, validity={"type": "months", "months": 1}, grace_days=0
    )
    one, two = await member(chain), await member(chain)
    put = await chain.http.put(f"/v1/members/{one}/tier", json={"tier": "silver", "reason": "x"})
    assert put.status_code == 200, put.text
    await set_clock(chain.tenant_id, datetime(2031, 8, 20, 12, tzinfo=UTC))
    assert (await merged(chain, one, two))["tier"]["code"] == "silver"  # its end is decided at a schedule, not here
    three, four = await member(chain), await member(chain)
    await bought(chain, "3", 2500, member_id=three)
    await bought(chain, "4", 2500, member_id=four)
    assert (await merged(chain, three, four))["tier"]["code"] == "silver"
