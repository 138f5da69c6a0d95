"""Claims: points for a piece; what is refused changes nothing."""

from typing import Any
from uuid import uuid4

from claiming import at_fault, balance, books_are_right, claim, claimed, earn, end, problem, reward, stock
from support.chains import Chain
from support.till import member, rows

Json = dict[str, Any]


async def test_points_for_a_piece(chain: Chain) -> None:
    made, who = await reward(chain, "cup", stock=2), await member(chain, phone="13800138000")
    await earn(chain, who, 250)
    one = await claimed(chain, made["id"], who, branch_id=chain.branch_id, external_id="C1")
    assert (one["member_id"], one["points"], one["state"]) == (who, 100, "claimed")
    assert one["reward"] == {"id": made["id"], "code": "cup", "names": made["names"]}
    assert (one["branch_id"], one["external_id"], one["changed_at"]) == (chain.branch_id, "C1", None)
    assert (await balance(chain, who), await stock(chain, made["id"])) == (150, 1)
    answer = await claim(chain, made["id"], None, phone="13800138000")
    assert answer.status_code == 201
    assert (await balance(chain, who), await stock(chain, made["id"])) == (50, 0)
    listed = (await chain.http.get(f"/v1/members/{who}/claims")).json()
    assert [each["id"] for each in listed["data"]] == [answer.json()["id"], one["id"]]
    entries = (await chain.http.get(f"/v1/members/{who}/points")).json()["data"]
    assert [(entry["kind"], entry["points"]) for entry in entries] == [
        ("reward", -100),
        ("reward", -100),
        ("adjust", 250),
    ]
    await books_are_right(chain)


async def test_a_refused_claim_changes_nothing(chain: Chain) -> None:
    none_left = await reward(chain, "none-left", stock=0)
    ended = await reward(chain, "ended")
    assert (await chain.http.patch(f"/v1/rewards/{ended['id']}", json={"ended": True})).is_success
    dear = await reward(chain, "dear", points=101, stock=1)
    golden = await reward(chain, "golden", floor={"ladder": "card", "tier": "gold"})
    who, gone = await member(chain), await member(chain)
    await earn(chain, who, 100)
    assert (await chain.http.delete(f"/v1/members/{gone}")).is_success
    tables = ("reward", "reward_claim", "reward_entry", "points_entry", "points_lot", "points_account", "member")
    before = [await rows(chain, table) for table in tables]
    for wanted, code in (
        (none_left, (409, "reward-out-of-stock")),
        (ended, (409, "reward-ended")),
        (dear, (422, "not-enough-points")),
        (golden, (409, "reward-needs-tier")),
    ):
        assert problem(await claim(chain, wanted["id"], who)) == code
    assert problem(await claim(chain, golden["id"], gone)) == (409, "member-closed")
    assert problem(await claim(chain, str(uuid4()), who)) == (404, "not-found")
    assert problem(await claim(chain, dear["id"], str(uuid4()))) == (422, "unknown-member")
    assert problem(await claim(chain, dear["id"], who, branch_id=str(uuid4()))) == (422, "unknown-branch")
    assert at_fault(await claim(chain, dear["id"], None)) == [("", "identifier-missing")]
    assert at_fault(await claim(chain, dear["id"], who, card_no="x")) == [("/member_id", "one-of-identifiers")]
    assert [await rows(chain, table) for table in tables] == before


async def test_the_tier_that_it_takes(chain: Chain) -> None:
    silver = await reward(chain, "silver", floor={"ladder": "card", "tier": "silver"})
    base = await reward(chain, "base", floor={"ladder": "card", "tier": "regular"})
    who = await member(chain)
    await earn(chain, who, 500)
    refused = await claim(chain, silver["id"], who)
    assert (refused.json()["ladder"], refused.json()["tier"]) == ("card", "silver")
    assert (await claim(chain, base["id"], who)).status_code == 201
    for tier, status in (("silver", 201), ("gold", 201), ("regular", 409)):
        put = await chain.http.put(f"/v1/members/{who}/tier", json={"tier": tier, "reason": "a test"})
        assert put.status_code == 200, put.text
        assert (await claim(chain, silver["id"], who)).status_code == status, tier
    await books_are_right(chain)


async def test_sent_again_with_its_number(chain: Chain) -> None:
    made, other = await reward(chain, "cup", stock=5), await reward(chain, "plate")
    who, somebody = await member(chain), await member(chain)
    await earn(chain, who, 500)
    await earn(chain, somebody, 500)
    first = await claim(chain, made["id"], who, external_id="C1")
    again = await claim(chain, made["id"], who, external_id="C1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for refused in (
        await claim(chain, other["id"], who, external_id="C1"),
        await claim(chain, made["id"], somebody, external_id="C1"),
        await claim(chain, made["id"], who, external_id="C1", branch_id=chain.branch_id),
    ):
        assert problem(refused) == (409, "external-id-conflict")
    assert (await balance(chain, who), await balance(chain, somebody), await stock(chain, made["id"])) == (400, 500, 4)


async def test_collected_or_cancelled_once(chain: Chain) -> None:
    made, who = await reward(chain, "cup", stock=2), await member(chain)
    await earn(chain, who, 200)
    one, two = await claimed(chain, made["id"], who), await claimed(chain, made["id"], who)
    kept = await end(chain, one["id"], "collect")
    assert (kept.status_code, kept.json()["state"]) == (200, "collected")
    back = await end(chain, two["id"], "cancel")
    assert (back.status_code, back.json()["state"]) == (200, "cancelled")
    assert back.json()["changed_at"] is not None
    for each, state in ((one, "collected"), (two, "cancelled")):
        for how in ("collect", "cancel"):
            refused = await end(chain, each["id"], how)
            assert (problem(refused), refused.json()["state"]) == ((409, "claim-not-open"), state)
    assert problem(await end(chain, str(uuid4()), "collect")) == (404, "not-found")
    assert (await balance(chain, who), await stock(chain, made["id"])) == (100, 1)
    for state, found in (("collected", [one]), ("cancelled", [two]), ("claimed", [])):
        listed = (await chain.http.get(f"/v1/members/{who}/claims?state={state}")).json()["data"]
        assert [each["id"] for each in listed] == [each["id"] for each in found]
    await books_are_right(chain)


async def test_an_ended_rewards_claims_hold(chain: Chain) -> None:
    made, who = await reward(chain, "cup", stock=2), await member(chain)
    await earn(chain, who, 200)
    one, two = await claimed(chain, made["id"], who), await claimed(chain, made["id"], who)
    assert (await chain.http.patch(f"/v1/rewards/{made['id']}", json={"ended": True, "points": 1})).is_success
    assert (await end(chain, one["id"], "collect")).status_code == 200
    assert (await end(chain, two["id"], "cancel")).status_code == 200
    assert (await balance(chain, who), await stock(chain, made["id"])) == (100, 1)
    await books_are_right(chain)


async def test_of_who_was_merged_and_who_has_left(chain: Chain) -> None:
    made, who, survivor = await reward(chain, "cup", stock=9), await member(chain), await member(chain)
    await earn(chain, who, 200)
    one = await claimed(chain, made["id"], who, external_id="C1")
    assert (await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": who})).is_success
    again = await claim(chain, made["id"], who, external_id="C1")
    assert (again.status_code, again.json()["id"]) == (200, one["id"])
    listed = (await chain.http.get(f"/v1/members/{survivor}/claims")).json()["data"]
    assert [each["id"] for each in listed] == [one["id"]]
    assert (await end(chain, one["id"], "cancel")).status_code == 200
    assert await balance(chain, survivor) == 200
    two = await claimed(chain, made["id"], survivor)
    three = await claimed(chain, made["id"], survivor)
    assert (await chain.http.delete(f"/v1/members/{survivor}")).is_success
    assert problem(await end(chain, two["id"], "cancel")) == (409, "member-closed")
    assert (await end(chain, three["id"], "collect")).status_code == 200


async def test_what_a_key_may_claim(chain: Chain, client: Any) -> None:
    made, who = await reward(chain, "keys"), await member(chain)
    await earn(chain, who, 1000)
    one = await claimed(chain, made["id"], who, branch_id=chain.branch_id)
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    keys: dict[str, Json] = {}
    for name, body in (
        ("reads", {"scopes": ["members:read"]}),
        ("defines", {"scopes": ["programme:write"]}),
        ("claims", {"scopes": ["points:write"], "branch_ids": [other]}),
    ):
        answer = await chain.http.post("/v1/api-keys", json={"name": name, **body})
        keys[name] = {"Authorization": f"Bearer {answer.json()['key']}"}
    url = f"/v1/rewards/{made['id']}"
    calls: list[tuple[str, str, str, Json | None]] = [
        ("reads", "GET", "/v1/rewards", None),
        ("reads", "GET", url, None),
        ("reads", "GET", f"/v1/members/{who}/claims", None),
        ("defines", "PATCH", url, {"points": 100}),
        ("defines", "POST", f"{url}/stock", {"pieces": 100}),
        ("claims", "POST", f"{url}/claim", {"member_id": who, "branch_id": other}),
    ]
    for needed, method, path, body_ in calls:
        for name, key in keys.items():
            answer = await client.request(method, path, json=body_, headers=key)
            if name == needed:
                assert answer.is_success, (path, name, answer.text)
            else:
                assert problem(answer) == (403, "forbidden"), (path, name)
    answer = await client.post(f"{url}/claim", json={"member_id": who}, headers=keys["claims"])
    assert at_fault(answer) == [("/branch_id", "required")]
    for path, sent in (
        (f"{url}/claim", {"member_id": who, "branch_id": chain.branch_id}),
        (f"/v1/rewards/claims/{one['id']}/cancel", {}),
        (f"/v1/rewards/claims/{one['id']}/collect", {}),
    ):
        assert problem(await client.post(path, json=sent, headers=keys["claims"])) == (403, "not-permitted")
