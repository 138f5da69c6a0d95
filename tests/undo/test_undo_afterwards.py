"""What comes after an undo: gifts, rechecks, rebuilds, reports, recalculations."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner
from support.midnights import pass_time, work
from support.programme import change_programme
from support.till import bought, give_back, given_back, member, rows
from support.value import LINES, furnished, holds, set_up, sound

from saas.scope import tenant_scope
from tenants.tiers.changed import count_changed

Drain = Callable[..., Awaitable[Any]]


async def undone(chain: Chain, purchase_id: str) -> dict[str, Any]:
    answer = await chain.http.post(f"/v1/purchases/{purchase_id}/undo", json={})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def greets(chain: Chain) -> None:
    """Every tier above the base gives a coupon to who reaches it."""
    body = {"code": "hello", "names": {"zh-CN": "礼", "en": "Hello"}, "value": {"type": "amount", "amount": 100}}
    assert (await chain.http.post("/v1/coupons", json={**body, "valid_days": 30})).status_code == 201
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    for tier in ladders[0]["tiers"][1:]:
        tier["benefits"] = [{"type": "gift", "occasion": "upgrade", "coupon": "hello"}]
    await change_programme(chain, ladders=ladders)


async def test_the_gift_of_a_tier_that_never_was_is_void(chain: Chain, drain: Drain) -> None:
    await greets(chain)
    who = await member(chain)
    sale = await bought(chain, "1", 60_000, member_id=who)
    await work(chain, drain)
    assert [row["state"] for row in await rows(chain, "coupon_grant")] == ["open"]
    assert (await undone(chain, sale["id"]))["tiers"]
    await work(chain, drain)
    assert [row["state"] for row in await rows(chain, "coupon_grant")] == ["void"]
    await bought(chain, "1", 60_000, member_id=who)  # reached in earnest
    await work(chain, drain)
    assert sorted(row["state"] for row in await rows(chain, "coupon_grant")) == ["open", "void"]
    await sound(chain)


async def test_no_gift_where_the_undo_was_faster(chain: Chain, drain: Drain) -> None:
    await greets(chain)
    sale = await bought(chain, "1", 60_000, member_id=await member(chain))
    await undone(chain, sale["id"])
    await work(chain, drain)
    assert await rows(chain, "coupon_grant") == []


async def thanks(chain: Chain, **parts: Any) -> None:
    """A campaign gives a coupon and 77 points for every purchase, or for what it waits for."""
    names = {"zh-CN": "谢", "en": "Thanks"}
    body = {"code": "again", "names": names, "value": {"type": "amount", "amount": 100}, "valid_days": 30}
    assert (await chain.http.post("/v1/coupons", json=body)).status_code == 201
    campaign = {"code": "thanks", "names": names, "type": "grant", "when": {"type": "purchase"}} | parts
    made = await chain.http.post("/v1/campaigns", json={**campaign, "coupon": "again", "points": 77})
    assert (await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})).is_success


async def test_what_campaigns_gave_for_it_ends_with_it(chain: Chain, drain: Drain) -> None:
    await set_up(chain)
    await thanks(chain, once="ever")
    who = await furnished(chain, points=0, top_up=0)
    before = await holds(chain, who)
    sale = await bought(chain, "1", 1_000, member_id=who)
    await work(chain, drain)
    after = await holds(chain, who)
    assert (after["points"], len(after["coupons"])) == (87, 1)
    first = await undone(chain, sale["id"])
    assert await holds(chain, who) == before
    assert await undone(chain, sale["id"]) == first
    await bought(chain, "1", 1_000, member_id=who)  # in earnest: once, for ever
    await work(chain, drain)
    after = await holds(chain, who)
    assert (after["points"], len(after["coupons"])) == (87, 1)
    await sound(chain)


@pytest.mark.parametrize("use", ["coupon", "points"])
async def test_not_once_something_that_a_campaign_gave_for_it_was_used(use: str, chain: Chain, drain: Drain) -> None:
    await set_up(chain)
    await thanks(chain)
    who = await furnished(chain, points=0, top_up=0)
    sale = await bought(chain, "1", 1_000, member_id=who, sold_by="甲")
    await work(chain, drain)
    held = (await holds(chain, who))["coupons"]
    used = {"coupons": held, "external_amounts": False} if use == "coupon" else {"points_to_redeem": 87}
    await bought(chain, "2", 1_000, member_id=who, sold_by="乙", **used)
    answer = await chain.http.post(f"/v1/purchases/{sale['id']}/undo", json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/undo-used")
    await sound(chain)


REACHED = {"type": "tier_reached"}


async def of_campaigns(chain: Chain, who: str) -> tuple[list[str], list[int]]:
    """States of the coupons and the points that campaigns gave, with those that went back."""
    coupons = [row["state"] for row in await rows(chain, "coupon_grant") if row["occasion"] == "campaign"]
    shares = {row["source_id"] for row in await rows(chain, "points_entry") if row["kind"] == "campaign"}
    return sorted(coupons), [x["points"] for x in await rows(chain, "points_entry") if x["source_id"] in shares]


@pytest.mark.parametrize("once", [None, "ever"])
async def test_what_campaigns_gave_for_a_tier_that_never_was(chain: Chain, drain: Drain, once: str | None) -> None:
    await thanks(chain, when=REACHED, once=once)
    who = await member(chain)
    sale = await bought(chain, "1", 60_000, member_id=who)
    await work(chain, drain)
    assert await of_campaigns(chain, who) == (["open"], [77])
    await undone(chain, sale["id"])
    await work(chain, drain)
    assert await of_campaigns(chain, who) == (["void"], [77, -77])
    assert (await holds(chain, who))["points"] == 0
    await bought(chain, "1", 60_000, member_id=who)  # reached in earnest
    await work(chain, drain)
    assert await of_campaigns(chain, who) == (["open", "void"], [77, -77, 77])
    await sound(chain)


async def test_campaigns_give_nothing_for_a_tier_where_the_undo_was_faster(chain: Chain, drain: Drain) -> None:
    await thanks(chain, when=REACHED)
    who = await member(chain)
    sale = await bought(chain, "1", 60_000, member_id=who)
    await undone(chain, sale["id"])
    await work(chain, drain)
    assert await of_campaigns(chain, who) == ([], [])
    assert await rows(chain, "campaign_share") == []


async def test_what_was_used_of_it_stays_and_comes_no_second_time(chain: Chain, drain: Drain) -> None:
    await set_up(chain)
    await thanks(chain, when=REACHED, once="ever")
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["policy"]["refund_recheck"] = "end_of_day"
    await change_programme(chain, ladders=ladders)
    who = await furnished(chain, points=0, top_up=0)
    sale = await bought(chain, "1", 60_000, member_id=who, sold_by="甲")
    await work(chain, drain)
    given = await of_campaigns(chain, who)
    (coupon,) = (await holds(chain, who))["coupons"]
    used = await bought(chain, "2", 1_000, member_id=who, sold_by="乙", coupons=[coupon], external_amounts=False)
    await given_back(chain, sale["id"], "r", 60_000)
    await pass_time(chain, drain, datetime.fromisoformat(used["recorded_at"]) + timedelta(days=1))
    assert given == (["open"], [77])
    assert await of_campaigns(chain, who) == (["used"], [77, -77])
    await bought(chain, "3", 60_000, member_id=who)
    await work(chain, drain)
    assert await of_campaigns(chain, who) == (["used"], [77, -77])
    await sound(chain)


async def test_a_tier_that_another_purchase_got_with_its_help_is_looked_at_again(chain: Chain) -> None:
    """The first ones decided nothing, the last one reached the tier by all: no undo of a first decides about that."""
    who = await member(chain)
    await bought(chain, "0", 19_000, member_id=who, sold_by="丙")
    first = await bought(chain, "1", 19_000, member_id=who, sold_by="甲")
    last = await bought(chain, "2", 19_000, member_id=who, sold_by="乙")
    assert (first["tiers"], len(last["tiers"])) == ([], 1)
    assert (await undone(chain, first["id"]))["tiers"] == []
    (held,) = await rows(chain, "member_tier")
    assert held["rank"] == 1
    (mark,) = await rows(chain, "tier_recheck")
    assert str(mark["refund_id"]) == first["id"]


async def test_a_rebuild_knows_no_undone_purchase_and_counts_no_bonus(chain: Chain, drain: Drain) -> None:
    await set_up(chain)
    who = await furnished(chain)
    await bought(chain, "1", None, member_id=who, lines=LINES, wallet_amount=21_007, sold_by="甲")
    part = await bought(chain, "2", None, member_id=who, lines=LINES, wallet_amount=9_973, sold_by="甲")
    await given_back(chain, part["id"], "r", None, lines=[{"line": 0, "amount": 7_777}, {"line": 1, "amount": 333}])
    gone = await bought(chain, "3", None, member_id=who, lines=LINES, wallet_amount=5_000, sold_by="甲")
    await undone(chain, gone["id"])
    kept = {table: await rows(chain, table) for table in ("member_day", "member_month", "member_total")}
    await sound(chain)
    assert (await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})).status_code == 202
    await work(chain, drain)
    for table, before in kept.items():
        assert await rows(chain, table) == before
    await sound(chain)


async def test_a_purchase_undone_after_a_rebuild(chain: Chain, drain: Drain) -> None:
    """The rebuild has made its decision anew: what stood before it stands again."""
    who = await member(chain)
    await bought(chain, "1", 60_000, member_id=who, sold_by="甲")
    (held,) = await rows(chain, "member_tier")
    sale = await bought(chain, "2", 5_000_000, member_id=who, sold_by="甲")
    assert (await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})).status_code == 202
    await work(chain, drain)
    (change,) = (await undone(chain, sale["id"]))["tiers"]
    assert change["after"] == held["tier"]
    (restored,) = await rows(chain, "member_tier")
    same = ("tier", "rank", "since", "valid_from", "valid_until", "fell_on", "locked_until", "may_rise")
    assert {name: restored[name] for name in same} == {name: held[name] for name in same}


async def test_an_incremental_run_looks_at_who_lost_a_purchase(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.tiers.changed.ID_SLACK", timedelta(0))
    sale = await bought(chain, "1", 100, member_id=await member(chain))
    since = await (await owner()).fetchval("SELECT clock_timestamp() + interval '2 milliseconds'")
    await asyncio.sleep(0.01)
    async with tenant_scope(chain.tenant_id):
        assert await count_changed(since, 10) == 0
    await undone(chain, sale["id"])
    async with tenant_scope(chain.tenant_id):
        assert await count_changed(since, 10) == 1


async def test_an_import_gives_nothing_back_of_it(chain: Chain, drain: Drain) -> None:
    """A refund row of a file finds no purchase of that number any more."""
    sale = await bought(chain, "T1", 1_000, member_id=await member(chain, external_id="M1"))
    await undone(chain, sale["id"])
    branch = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]
    text = f"external_id,member,branch,occurred_at,amount,refund_of\nR1,M1,{branch},2026-01-01T00:00:00,-1.00,T1\n"
    files = {"file": ("p.csv", text.encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "evaluate": False})}
    started = await chain.http.post("/v1/imports", files=files, data=options)
    assert started.status_code == 202, started.text
    await work(chain, drain)
    shown = await chain.http.get(f"/v1/imports/{started.json()['import_id']}/errors.csv")
    assert "unknown-purchase" in shown.text
    assert (await give_back(chain, sale["id"], "R2", 100)).status_code == 409


async def test_the_overview_sells_nothing_that_was_undone(chain: Chain) -> None:
    await bought(chain, "1", 1_000, member_id=await member(chain))
    gone = await bought(chain, "2", 500)
    await undone(chain, gone["id"])
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    answer = await chain.http.get(f"/v1/reports/overview?from={today}&to={today}")
    sold = answer.json()["sales"]
    assert (sold["purchases"], sold["amount"], sold["member_amount"]) == (1, 1_000, 1_000)
