"""When members get the tier that new rules give them: each transition, and the roll-back after it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from card_chains import (
    NOON,
    OLD,
    TODAY,
    Drain,
    NewChain,
    holders,
    ladder,
    pass_time,
    published,
    reasons,
    rolled_back,
    standing,
    through,
    tiers,
)
from support.chains import Chain
from support.clock import set_clock
from support.midnights import begin, work
from support.midnights import pass_time as every_night
from support.till import bought, drift, give_back, member, rows

NEW = ladder(("base", None), ("silver", 2_000), ("gold", 3_000))
"""Against OLD a spend of 1,500 falls, one of 4,000 rises, one of 6,000 and one of 100 stay."""
SPENDS = (100, 1_500, 4_000, 6_000)


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    """The first rules are version 2; now is 20 March 2031, noon, UTC."""
    chain = await new_chain(timezone="UTC")
    await begin(chain, NOON, "UTC")
    await published(chain, OLD, transition="grandfather")
    return chain


async def test_now_gives_everyone_the_new_tier_both_ways(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, *SPENDS)
    before = await standing(shop)
    assert await tiers(shop, *members) == ["base", "silver", "silver", "gold"]
    await set_clock(shop.tenant_id, NOON + timedelta(days=10))
    await published(shop, NEW, transition="now")
    assert await tiers(shop, *members) == ["base", "silver", "silver", "gold"]  # the run is yet to come
    await through(shop, drain)
    assert await tiers(shop, *members) == ["base", "base", "gold", "gold"]
    assert await reasons(shop, members[1]) == [
        ("upgrade", "purchase", "base", "silver", 2),
        ("programme_change", "programme", "silver", "base", 3),
    ]
    held = {str(row["member_id"]): row for row in await rows(shop, "member_tier")}
    fell, rose = held[members[1]], held[members[2]]
    assert (fell["since"], fell["valid_until"], fell["fell_on"]) == (TODAY + timedelta(days=10), None, None)
    assert (rose["since"], rose["valid_until"]) == (TODAY + timedelta(days=10), date(2032, 3, 29))
    (run,) = [row for row in await rows(shop, "recalculation") if row["cause"] == "programme"]
    assert (run["evaluated"], run["upgraded"], run["downgraded"]) == (4, 1, 1)
    assert await drift(shop) == []

    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before
    assert await reasons(shop, members[2]) == [
        ("upgrade", "purchase", "base", "silver", 2),
        ("programme_change", "programme", "silver", "gold", 3),
        ("programme_change", "programme", "gold", "silver", 4),
    ]
    assert len(await reasons(shop, members[3])) == 1
    versions = (await shop.http.get("/v1/programme/versions")).json()["data"]
    assert [(v["version"], v["transition"], v["rolled_back_to"]) for v in versions] == [
        (4, None, 2),
        (3, "now", None),
        (2, "grandfather", None),
        (1, None, None),
    ]
    # and forth again: what the roll-back gave back is replaced by what it replaced
    await rolled_back(shop, 3, drain)
    assert await tiers(shop, *members) == ["base", "base", "gold", "gold"]
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_up_only_takes_nothing(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, *SPENDS)
    before = await standing(shop)
    await published(shop, NEW, transition="up_only")
    await through(shop, drain)
    assert await tiers(shop, *members) == ["base", "silver", "gold", "gold"]
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_grandfather_leaves_tiers_until_they_end(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, *SPENDS)
    before = await standing(shop)
    await published(shop, NEW, transition="grandfather")
    await through(shop, drain)
    assert await standing(shop) == before
    await bought(shop, "more", 1, member_id=members[1])
    assert await tiers(shop, *members) == ["base", "silver", "silver", "gold"]
    await every_night(shop, drain, datetime(2032, 4, 2, tzinfo=UTC), nights=["tiers"])
    assert (await reasons(shop, members[1]))[-1] == ("downgrade", "recalculation", "silver", "base", 3)
    assert await tiers(shop, *members) == ["base", "base", "gold", "gold"]


async def test_next_purchase_moves_each_at_its_own(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, *SPENDS)
    before = await standing(shop)
    await published(shop, NEW)
    assert [row for row in await rows(shop, "recalculation") if row["cause"] == "programme"] == []
    await pass_time(shop, drain, NOON + timedelta(days=10))  # no night moves anybody
    assert await tiers(shop, members[1]) == ["silver"]
    made = await bought(shop, "next-1", 1, member_id=members[1])
    assert made["tier"] == {"ladder": "card", "before": "silver", "after": "base"}
    made = await bought(shop, "next-2", 1, member_id=members[3])
    assert made["decision_id"] is None
    assert (await reasons(shop, members[1]))[-1] == ("programme_change", "purchase", "silver", "base", 3)
    # once: from then on it takes the ordinary steps
    await bought(shop, "next-3", 1, member_id=members[1])
    assert len(await reasons(shop, members[1])) == 2
    newcomer = await member(shop)
    await bought(shop, "new", 2_500, member_id=newcomer)
    assert await reasons(shop, newcomer) == [("upgrade", "purchase", "base", "silver", 3)]
    await rolled_back(shop, 2, drain)
    assert [row for row in await standing(shop) if str(row[0]) != newcomer] == before


async def test_an_undone_purchase_was_not_the_first(shop: Chain) -> None:
    (one,) = await holders(shop, 1_500)
    await published(shop, NEW)
    made = await bought(shop, "next", 1, member_id=one)
    assert await tiers(shop, one) == ["base"]
    undone = await shop.http.post(f"/v1/purchases/{made['id']}/undo", json={})
    assert undone.status_code in {200, 201}, undone.text
    assert await tiers(shop, one) == ["silver"]
    await bought(shop, "again", 1, member_id=one)
    assert (await reasons(shop, one))[-1] == ("programme_change", "purchase", "silver", "base", 3)


async def test_what_the_first_purchase_gave_can_be_given_back(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 100)
    await published(shop, NEW)
    made = await bought(shop, "next", 5_000, member_id=one)
    assert await tiers(shop, one) == ["gold"]
    assert (await give_back(shop, made["id"], "R", 4_000)).status_code == 201
    await pass_time(shop, drain, datetime(2031, 4, 2, tzinfo=UTC))
    assert (await reasons(shop, one))[-1][:4] == ("refund", "refund", "gold", "base")


async def test_next_schedule_moves_at_the_first_firing(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, *SPENDS)
    before = await standing(shop)
    await published(shop, NEW, transition="next_schedule")
    await work(shop, drain)
    assert await tiers(shop, *members) == ["base", "silver", "silver", "gold"]
    await bought(shop, "meanwhile", 1, member_id=members[1])
    assert await tiers(shop, members[1]) == ["silver"]
    await pass_time(shop, drain, datetime(2031, 4, 1, 12, tzinfo=UTC))
    assert await tiers(shop, *members) == ["base", "base", "gold", "gold"]
    last = (await reasons(shop, members[2]))[-1]
    assert last == ("programme_change", "recalculation", "silver", "gold", 3)
    runs = [row["retarget"] for row in await rows(shop, "recalculation") if row["cause"] == "schedule"]
    await pass_time(shop, drain, datetime(2031, 5, 1, 12, tzinfo=UTC))
    runs = [row["retarget"] for row in await rows(shop, "recalculation") if row["cause"] == "schedule"]
    assert runs == [["card"], []]
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_a_sale_too_late_for_the_first_firing_gives_the_tier_back(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    before = await standing(shop)
    await published(shop, NEW, transition="next_schedule")
    await pass_time(shop, drain, datetime(2031, 4, 2, 12, tzinfo=UTC))
    assert await tiers(shop, one) == ["base"]
    made = await bought(shop, "late", 600, member_id=one, occurred_at="2031-03-30T12:00:00Z")
    assert made["tier"] == {"ladder": "card", "before": "base", "after": "silver"}
    assert (await reasons(shop, one))[-1] == ("late", "purchase", "base", "silver", 3)
    assert await standing(shop) == before


async def test_locks_are_kept(shop: Chain, drain: Drain) -> None:
    raised, lowered, risen = await holders(shop, 100, 6_000, 1_500)
    for one, code in ((raised, "silver"), (lowered, "silver"), (risen, "silver")):
        set_to = {"tier": code, "reason": "x", "locked_until": "2031-12-31"}
        assert (await shop.http.put(f"/v1/members/{one}/tier", json=set_to)).status_code == 200
    await bought(shop, "more", 2_000, member_id=risen)  # 3,500: gold under the new rules only
    before = await standing(shop)
    await published(shop, NEW, transition="now")
    await through(shop, drain)
    assert await tiers(shop, raised, lowered, risen) == ["silver", "silver", "gold"]
    found = {str(row["member_id"]): row for row in await rows(shop, "member_tier")}
    assert found[raised]["locked_until"] == found[lowered]["locked_until"] == date(2031, 12, 31)
    assert found[risen]["locked_until"] is None
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_a_lock_that_is_over_holds_nobody(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 100)
    set_to = {"tier": "silver", "reason": "x", "locked_until": "2031-03-21"}
    assert (await shop.http.put(f"/v1/members/{one}/tier", json=set_to)).status_code == 200
    await set_clock(shop.tenant_id, NOON + timedelta(days=5))
    await published(shop, NEW, transition="now")
    await through(shop, drain)
    assert await tiers(shop, one) == ["base"]


async def test_what_was_decided_since_is_not_given_back(shop: Chain, drain: Drain) -> None:
    kept, back = await holders(shop, 1_500, 1_500)
    await published(shop, NEW, transition="now")
    await through(shop, drain)
    await bought(shop, "rises", 1_000, member_id=kept)  # 2,500: silver, earned under the new rules
    await rolled_back(shop, 2, drain)
    assert await tiers(shop, kept, back) == ["silver", "silver"]
    assert len(await reasons(shop, kept)) == 3
    assert len(await reasons(shop, back)) == 3


async def test_another_publish_waits_for_the_run(shop: Chain, drain: Drain) -> None:
    await holders(shop, 1_500)
    await published(shop, NEW, transition="now")
    document = (await shop.http.get("/v1/programme")).json()
    assert (await shop.http.put("/v1/programme/draft", json=document)).status_code == 200
    for url in ("/v1/programme/draft/publish", "/v1/programme/versions/2/rollback"):
        answer = await shop.http.post(url, json={})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/recalculation-running")
    await through(shop, drain)
    assert (await shop.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def test_a_roll_back_needs_somewhere_to_go(shop: Chain) -> None:
    for version, status, code in ((2, 409, "already-in-force"), (3, 404, "not-found"), (2**40, 404, "not-found")):
        answer = await shop.http.post(f"/v1/programme/versions/{version}/rollback", json={})
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
