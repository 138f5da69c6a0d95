# ruff: noqa: E501 - a sentence stands whole
"""Why a member is in its tier, in sentences of both languages: whatever decided, and whatever decides next."""

import copy
import json
from typing import Any

from policy_chains import MONTH, POLICY, Drain, Json, NewChain, at
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time
from support.till import bought, given_back, member

NAMES = {"base": ("普通", "Regular"), "silver": ("银卡", "Silver"), "gold": ("金卡", "Gold")}
LIFE: Json = {"type": "lifetime"}


def spend(gte: int, window: Json = LIFE) -> Json:
    return {"metric": "spend", "window": window, "gte": gte}


def card(silver: int = 1000, gold: int = 5000, retain: Json | None = None, window: Json = LIFE, **policy: Any) -> Json:
    """Regular, Silver from ¥10.00, Gold from ¥50.00; upgrades at once, monthly, twelve months."""
    conditions = (None, spend(silver, window), spend(gold, window))
    tiers = [
        {
            "code": code,
            "rank": rank,
            "names": {"zh-CN": zh, "en": en},
            "qualify": conditions[rank],
            "retain": retain if rank else None,
        }
        for rank, (code, (zh, en)) in enumerate(NAMES.items())
    ]
    return {"code": "card", "names": {"zh-CN": "会员卡", "en": "Card"}, "tiers": tiers, "policy": POLICY | policy}


async def shop(new_chain: NewChain, now: str, ladder: Json) -> Chain:
    chain = await new_chain(timezone="UTC")
    await set_clock(chain.tenant_id, at(now))
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    await publish(chain, ladder)
    return chain


async def publish(chain: Chain, ladder: Json, **how: Any) -> None:
    document: Json = (await chain.http.get("/v1/programme")).json()
    document.pop("pending", None)
    document["ladders"] = [copy.deepcopy(ladder)]
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    answer = await chain.http.post("/v1/programme/draft/publish", json=how)
    assert answer.status_code == 200, answer.text
    # What else the nights bring is others' tests.
    others = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'"
    await (await owner()).execute(others, chain.tenant_id)


async def explained(chain: Chain, one: str, language: str = "en") -> Json:
    answer = await chain.http.get(f"/v1/members/{one}/tier", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def because(chain: Chain, one: str) -> tuple[list[str], list[str]]:
    """English and Chinese."""
    english, chinese = [(await explained(chain, one, language))["because"] for language in ("en", "zh-CN")]
    return english, chinese


async def then(chain: Chain, one: str) -> tuple[str | None, str | None]:
    """What comes next, in English and Chinese."""
    english, chinese = [(await explained(chain, one, language))["next"] for language in ("en", "zh-CN")]
    return english and english["text"], chinese and chinese["text"]


async def test_joined_and_risen(new_chain: NewChain) -> None:
    chain = await shop(new_chain, "2031-03-10 12:00", card())
    one = await member(chain, joined_on="2030-06-15")
    assert await because(chain, one) == (
        [
            "The tier is “Regular” since joining on Jun 15, 2030.",
        ],
        [
            "自2030年6月15日入会起为“普通”。",
        ],
    )
    assert await then(chain, one) == ("“Silver”: spend ¥10.00 more.", "“银卡”：再消费 ¥10.00。")
    await bought(chain, "1", 1200, member_id=one)
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
        ],
    )
    assert await then(chain, one) == ("“Gold”: spend ¥38.00 more.", "“金卡”：再消费 ¥38.00。")
    await bought(chain, "2", 4000, member_id=one)
    assert await because(chain, one) == (
        [
            "“Gold” was reached on Mar 10, 2031, with a purchase: spend of ¥50.00 in all (it was ¥52.00).",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥50.00 in all.",
            "There is no higher tier.",
        ],
        [
            "2031年3月10日因一笔消费，升为“金卡”：累计消费满 ¥50.00（当时为 ¥52.00）。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥50.00。",
            "已是最高等级。",
        ],
    )
    assert await then(chain, one) == (None, None)


async def test_kept_fallen_and_counted_anew(new_chain: NewChain, drain: Drain) -> None:
    year = {"type": "rolling_months", "months": 1}
    rules = card(
        window=year, validity={"type": "months", "months": 1}, grace_days=3, schedule={"type": "daily"}, max_drop=1
    )
    chain = await shop(new_chain, "2031-03-10 12:00", rules)
    one = await member(chain)
    await bought(chain, "1", 6000, member_id=one)
    assert await because(chain, one) == (
        [
            "“Gold” was reached on Mar 10, 2031, with a purchase: spend of ¥50.00 within the last month (it was ¥60.00).",
            "It holds until Apr 9, 2031; what keeps it then is met as of now: spend of ¥50.00 within the last month.",
            "There is no higher tier.",
        ],
        [
            "2031年3月10日因一笔消费，升为“金卡”：近 1 个月消费满 ¥50.00（当时为 ¥60.00）。",
            "有效期至2031年4月9日；届时的保级条件目前已满足：近 1 个月消费满 ¥50.00。",
            "已是最高等级。",
        ],
    )
    await pass_time(chain, drain, at("2031-04-11 12:00"))
    assert await because(chain, one) == (
        [
            "“Gold” was reached on Mar 10, 2031, with a purchase: spend of ¥50.00 within the last month (it was ¥60.00).",
            "Its validity ended on Apr 9, 2031; in the days of grace until Apr 12, 2031 it can still be kept by spend of ¥50.00 within the last month.",
            "There is no higher tier.",
        ],
        [
            "2031年3月10日因一笔消费，升为“金卡”：近 1 个月消费满 ¥50.00（当时为 ¥60.00）。",
            "有效期已于2031年4月9日结束；宽限期至2031年4月12日，其间仍可保级：近 1 个月消费满 ¥50.00。",
            "已是最高等级。",
        ],
    )
    await pass_time(chain, drain, at("2031-04-14 12:00"))
    assert await because(chain, one) == (
        [
            "The tier fell from “Gold” to “Silver” on Apr 13, 2031, when all tiers were decided: lacking was spend of ¥50.00 within the last month (it was ¥0.00).",
            "One fall takes at most 1 step.",
            "It holds until May 12, 2031; what keeps it then is not met yet: spend of ¥10.00 within the last month.",
            "Since the fall on Apr 13, 2031, what counts in all for a tier is counted from that day.",
        ],
        [
            "2031年4月13日经定期评定，从“金卡”降为“银卡”：未满足近 1 个月消费满 ¥50.00（当时为 ¥0.00）。",
            "每次最多降 1 级。",
            "有效期至2031年5月12日；届时的保级条件尚未满足：近 1 个月消费满 ¥10.00。",
            "自2031年4月13日降级起，升级所看的累计数从当天重新计算。",
        ],
    )
    assert await then(chain, one) == ("“Gold”: spend ¥50.00 more.", "“金卡”：再消费 ¥50.00。")


async def test_locks(new_chain: NewChain, drain: Drain) -> None:
    chain = await shop(new_chain, "2031-03-10 12:00", card())
    up, down = await member(chain), await member(chain)
    body = {"tier": "silver", "reason": "老客户", "locked_until": "2031-06-30"}
    assert (await chain.http.put(f"/v1/members/{up}/tier", json=body)).is_success
    assert await because(chain, up) == (
        [
            "Staff set “Silver” by hand on Mar 10, 2031: “老客户”.",
            "It is locked until Jun 30, 2031: until then the rules may raise it, but neither lower nor renew it.",
        ],
        [
            "2031年3月10日由员工手工设为“银卡”：“老客户”。",
            "等级锁定至2031年6月30日：在此之前规则可以升级，但不会降级或续期。",
        ],
    )
    assert await then(chain, up) == ("“Gold”: spend ¥50.00 more.", "“金卡”：再消费 ¥50.00。")
    await bought(chain, "1", 6000, member_id=down)
    assert (await chain.http.put(f"/v1/members/{down}/tier", json=body)).is_success
    assert await because(chain, down) == (
        [
            "Staff set “Silver” by hand on Mar 10, 2031: “老客户”.",
            "It is locked until Jun 30, 2031: until then the rules neither raise nor lower it.",
        ],
        [
            "2031年3月10日由员工手工设为“银卡”：“老客户”。",
            "等级锁定至2031年6月30日：在此之前规则既不升级也不降级。",
        ],
    )
    assert await then(chain, down) == (
        "“Gold” is earned, but staff locked the tier until Jun 30, 2031.",
        "已达到“金卡”的条件，但等级由员工锁定至2031年6月30日。",
    )
    assert (await explained(chain, down))["next"]["on"] == "2031-07-01"  # the lock's last day is over then
    await pass_time(chain, drain, at("2031-06-30 23:59"))
    assert (await explained(chain, down))["current"]["code"] == "silver"
    await pass_time(chain, drain, at("2031-07-01 00:01"))
    assert (await explained(chain, down))["current"]["code"] == "gold"


async def test_late_refunded_and_undone(new_chain: NewChain, drain: Drain) -> None:
    rules = card(window=MONTH, upgrade="scheduled", validity={"type": "until_next_schedule"})
    chain = await shop(new_chain, "2031-02-02 12:00", rules)
    late = await member(chain, joined_on="2030-01-01")
    sale = await bought(chain, "1", 1500, member_id=late, occurred_at="2031-01-20T12:00:00Z")
    assert await because(chain, late) == (
        [
            "“Silver” goes back to the schedule of Feb 1, 2031: something that belonged before it was heard only after it, and it was decided again: spend of ¥10.00 this month (it was ¥15.00).",
            "The schedule decides about it anew on Mar 1, 2031; what keeps it: spend of ¥10.00 this month.",
        ],
        [
            "“银卡”依据2031年2月1日的定期评定：评定之前的记录在评定之后才补录，因此重新作出了评定：本月消费满 ¥10.00（当时为 ¥15.00）。",
            "2031年3月1日定期评定时重新定级；保级条件：本月消费满 ¥10.00。",
        ],
    )
    assert await then(chain, late) == (
        "“Gold”: spend ¥50.00 more by Feb 28, 2031; decided on Mar 1, 2031.",
        "“金卡”：2031年2月28日前（含当日）再消费 ¥50.00；2031年3月1日定期评定。",
    )
    await given_back(chain, sale["id"], "r", 1000)
    assert await because(chain, late) == (
        [
            "“Silver” goes back to the schedule of Feb 1, 2031: something that belonged before it was heard only after it, and it was decided again: spend of ¥10.00 this month (it was ¥15.00).",
            "The schedule decides about it anew on Mar 1, 2031; what keeps it: spend of ¥10.00 this month.",
            "A refund has put it in question: on Mar 1, 2031 the decision that gave it is made again.",
        ],
        [
            "“银卡”依据2031年2月1日的定期评定：评定之前的记录在评定之后才补录，因此重新作出了评定：本月消费满 ¥10.00（当时为 ¥15.00）。",
            "2031年3月1日定期评定时重新定级；保级条件：本月消费满 ¥10.00。",
            "因有退款，将于2031年3月1日重新核定当初的定级。",
        ],
    )
    chain = await shop(new_chain, "2031-02-02 12:00", card())
    one = await member(chain)
    sale = await bought(chain, "1", 1500, member_id=one)
    await given_back(chain, sale["id"], "r", 1000)
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Feb 2, 2031, with a purchase: spend of ¥10.00 in all (it was ¥15.00).",
            "It holds until Feb 1, 2032; what keeps it then is not met yet: spend of ¥10.00 in all.",
            "A refund has put it in question: on Mar 1, 2031 the decision that gave it is made again.",
        ],
        [
            "2031年2月2日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥15.00）。",
            "有效期至2032年2月1日；届时的保级条件尚未满足：累计消费满 ¥10.00。",
            "因有退款，将于2031年3月1日重新核定当初的定级。",
        ],
    )
    await pass_time(chain, drain, at("2031-03-01 12:00"))
    assert await because(chain, one) == (
        [
            "After a refund the decision about “Silver” was made again with what is left of the purchases, and gave “Regular” (Mar 1, 2031): lacking was spend of ¥10.00 in all (it was ¥5.00).",
        ],
        [
            "因有退款，按退款后的消费重新核定“银卡”，改为“普通”（2031年3月1日）：未满足累计消费满 ¥10.00（当时为 ¥5.00）。",
        ],
    )
    other = await member(chain)
    await bought(chain, "5", 1500, member_id=other)
    sale = await bought(chain, "6", 5000, member_id=other)
    undone = await chain.http.post(f"/v1/purchases/{sale['id']}/undo", json={})
    assert undone.is_success, undone.text
    assert await because(chain, other) == (
        [
            "An entry was undone on Mar 1, 2031, and with it what it had decided: the tier is “Silver” as before.",
            "It holds until Feb 29, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
            "A refund has put it in question: on Apr 1, 2031 the decision that gave it is made again.",
        ],
        [
            "2031年3月1日撤销了一笔记录，由它带来的定级一并撤回，等级恢复为“银卡”。",
            "有效期至2032年2月29日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
            "因有退款，将于2031年4月1日重新核定当初的定级。",
        ],
    )


async def test_a_refund_questions_no_tier_that_staff_gave(new_chain: NewChain, drain: Drain) -> None:
    chain = await shop(new_chain, "2031-02-02 12:00", card())
    one = await member(chain)
    sale = await bought(chain, "1", 1500, member_id=one)
    body = {"tier": "gold", "reason": "老客户", "locked_until": "2031-06-30"}
    assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).is_success
    told = await because(chain, one)
    assert len(told[0]) == len(told[1]) == 3
    await given_back(chain, sale["id"], "r", 1000)
    assert await because(chain, one) == told
    await pass_time(chain, drain, at("2031-03-01 12:00"))
    assert await because(chain, one) == told


async def test_merged(new_chain: NewChain) -> None:
    chain = await shop(new_chain, "2031-02-02 12:00", card())
    one, other = await member(chain), await member(chain)
    body = {"tier": "gold", "reason": "老客户", "locked_until": "2031-06-30"}
    assert (await chain.http.put(f"/v1/members/{other}/tier", json=body)).is_success
    merged = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})
    assert merged.is_success, merged.text
    assert await because(chain, one) == (
        [
            "Two records of this member were united on Feb 2, 2031, and “Gold” is the higher tier of both.",
            "It is locked until Jun 30, 2031: until then the rules may raise it, but neither lower nor renew it.",
            "There is no higher tier.",
        ],
        [
            "2031年2月2日合并了该会员的两份档案，取其中较高的“金卡”。",
            "等级锁定至2031年6月30日：在此之前规则可以升级，但不会降级或续期。",
            "已是最高等级。",
        ],
    )


async def test_imported(new_chain: NewChain, drain: Drain) -> None:
    chain = await shop(new_chain, "2031-02-02 12:00", card())
    one = await member(chain, external_id="m1")
    answer = await chain.http.post(
        "/v1/imports",
        files={"file": ("x.csv", b"member,tier,tier_since\nm1,silver,2030-12-01\n")},
        data={"options": json.dumps({"kind": "opening_balances"})},
    )
    assert answer.status_code == 202, answer.text
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "“Silver” was brought along from an earlier system on Feb 2, 2031, held since Dec 1, 2030.",
            "It holds until Nov 30, 2031; what keeps it then is not met yet: spend of ¥10.00 in all.",
        ],
        [
            "2031年2月2日从原系统导入“银卡”，自2030年12月1日起持有。",
            "有效期至2031年11月30日；届时的保级条件尚未满足：累计消费满 ¥10.00。",
        ],
    )


async def test_scheduled_and_not_yet(new_chain: NewChain) -> None:
    chain = await shop(new_chain, "2031-03-10 12:00", card(upgrade="scheduled"))
    one = await member(chain)
    assert await then(chain, one) == (
        "“Silver”: spend ¥10.00 more; decided on Apr 1, 2031.",
        "“银卡”：再消费 ¥10.00；2031年4月1日定期评定。",
    )
    await bought(chain, "1", 1200, member_id=one)
    assert await because(chain, one) == (
        [
            "The tier is “Regular” since joining on Mar 10, 2031.",
        ],
        [
            "自2031年3月10日入会起为“普通”。",
        ],
    )
    assert await then(chain, one) == (
        "“Silver” is earned and comes with the schedule of Apr 1, 2031.",
        "已达到“银卡”的条件，2031年4月1日定期评定时升级。",
    )


async def new_rules(new_chain: NewChain, transition: str) -> tuple[Chain, str, str]:
    """Who holds Silver by ¥12.00 while it takes ¥20.00 now, and who has ¥9.00."""
    chain = await shop(new_chain, "2031-03-10 12:00", card())
    one, low = await member(chain), await member(chain)
    await bought(chain, "1", 1200, member_id=one)
    await bought(chain, "2", 900, member_id=low)
    await publish(chain, card(silver=2000), transition=transition)
    return chain, one, low


async def test_grandfather(new_chain: NewChain, drain: Drain) -> None:
    chain, one, low = await new_rules(new_chain, "grandfather")
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is not met yet: spend of ¥20.00 in all.",
            "The rules changed on Mar 10, 2031 (version 3) and would give “Regular”; who held the tier before keeps it, with the new benefits, until its validity ends.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件尚未满足：累计消费满 ¥20.00。",
            "规则已于2031年3月10日变更（第 3 版），按新规则应为“普通”；原持有者保留等级并享受新权益，直至有效期结束。",
        ],
    )
    await publish(chain, card(silver=800), transition="grandfather")
    assert await because(chain, low) == (
        [
            "The tier is “Regular” since joining on Mar 10, 2031.",
        ],
        [
            "自2031年3月10日入会起为“普通”。",
        ],
    )
    assert await then(chain, low) == (
        "“Silver” is earned and comes with the next purchase, at the latest on Apr 1, 2031.",
        "已达到“银卡”的条件，下次消费时升级，最迟2031年4月1日。",
    )


async def test_up_only(new_chain: NewChain, drain: Drain) -> None:
    chain, one, low = await new_rules(new_chain, "up_only")
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is not met yet: spend of ¥20.00 in all.",
            "The rules changed on Mar 10, 2031 (version 3) and would give “Regular”; they were put in force so that nobody falls by them at once.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件尚未满足：累计消费满 ¥20.00。",
            "规则已于2031年3月10日变更（第 3 版），按新规则应为“普通”；本次变更只升不降。",
        ],
    )
    await publish(chain, card(silver=800), transition="up_only")
    await drain(chain.tenant_id)
    assert await because(chain, low) == (
        [
            "Version 4 of the rules gave “Silver” on Mar 10, 2031 instead of “Regular”: spend of ¥8.00 in all (it was ¥9.00).",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥8.00 in all.",
        ],
        [
            "2031年3月10日按规则第 4 版，由“普通”改为“银卡”：累计消费满 ¥8.00（当时为 ¥9.00）。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥8.00。",
        ],
    )


async def test_next_schedule(new_chain: NewChain, drain: Drain) -> None:
    chain, one, _ = await new_rules(new_chain, "next_schedule")
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is not met yet: spend of ¥20.00 in all.",
            "The rules changed on Mar 10, 2031 (version 3) and give “Regular” with the schedule of Apr 1, 2031.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件尚未满足：累计消费满 ¥20.00。",
            "规则已于2031年3月10日变更（第 3 版），2031年4月1日定期评定时改为“普通”。",
        ],
    )
    await pass_time(chain, drain, at("2031-04-02 12:00"))
    assert await because(chain, one) == (
        [
            "Version 3 of the rules gave “Regular” on Apr 1, 2031 instead of “Silver”: lacking was spend of ¥20.00 in all (it was ¥12.00).",
        ],
        [
            "2031年4月1日按规则第 3 版，由“银卡”改为“普通”：未满足累计消费满 ¥20.00（当时为 ¥12.00）。",
        ],
    )


async def test_next_purchase(new_chain: NewChain, drain: Drain) -> None:
    chain, one, low = await new_rules(new_chain, "next_purchase")
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is not met yet: spend of ¥20.00 in all.",
            "The rules changed on Mar 10, 2031 (version 3) and give “Regular” with the next purchase.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件尚未满足：累计消费满 ¥20.00。",
            "规则已于2031年3月10日变更（第 3 版），下次消费时改为“普通”。",
        ],
    )
    await bought(chain, "3", 100, member_id=one)
    assert await because(chain, one) == (
        [
            "Version 3 of the rules gave “Regular” on Mar 10, 2031 instead of “Silver”: lacking was spend of ¥20.00 in all (it was ¥13.00).",
        ],
        [
            "2031年3月10日按规则第 3 版，由“银卡”改为“普通”：未满足累计消费满 ¥20.00（当时为 ¥13.00）。",
        ],
    )
    await publish(chain, card(silver=800, upgrade="scheduled"), transition="next_purchase")
    assert await because(chain, low) == (
        [
            "The tier is “Regular” since joining on Mar 10, 2031.",
            "The rules changed on Mar 10, 2031 (version 4) and give “Silver” with the next purchase.",
        ],
        [
            "自2031年3月10日入会起为“普通”。",
            "规则已于2031年3月10日变更（第 4 版），下次消费时改为“银卡”。",
        ],
    )
    assert await then(chain, low) == (
        "“Silver” is earned and comes with the next purchase, at the latest on Apr 1, 2031.",
        "已达到“银卡”的条件，下次消费时升级，最迟2031年4月1日。",
    )


async def test_now_and_back(new_chain: NewChain, drain: Drain) -> None:
    chain, one, _ = await new_rules(new_chain, "now")
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "It holds until Mar 9, 2032; what keeps it then is not met yet: spend of ¥20.00 in all.",
            "The rules changed on Mar 10, 2031 (version 3) and are being applied to every member: “Regular” follows.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "有效期至2032年3月9日；届时的保级条件尚未满足：累计消费满 ¥20.00。",
            "规则已于2031年3月10日变更（第 3 版），正在应用到全体会员，随后改为“普通”。",
        ],
    )
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "Version 3 of the rules gave “Regular” on Mar 10, 2031 instead of “Silver”: lacking was spend of ¥20.00 in all (it was ¥12.00).",
        ],
        [
            "2031年3月10日按规则第 3 版，由“银卡”改为“普通”：未满足累计消费满 ¥20.00（当时为 ¥12.00）。",
        ],
    )
    assert (await chain.http.post("/v1/programme/versions/2/rollback", json={})).is_success
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "The rules were rolled back to version 2 on Mar 10, 2031, which gives “Silver” back.",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
        ],
        [
            "2031年3月10日规则回退到第 2 版，恢复为“银卡”。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
        ],
    )


async def test_a_roll_back_is_told_under_later_rules_too(new_chain: NewChain, drain: Drain) -> None:
    """Also where the tier was the same: a publish had taken it and another one had given it again."""
    chain, one, _ = await new_rules(new_chain, "now")
    await drain(chain.tenant_id)
    await pass_time(chain, drain, at("2031-03-12 12:00"))
    await publish(chain, card(), transition="now")
    await drain(chain.tenant_id)
    assert (await chain.http.post("/v1/programme/versions/2/rollback", json={})).is_success
    await drain(chain.tenant_id)
    told = (
        [
            "The rules were rolled back to version 2 on Mar 12, 2031, which gives “Silver” back.",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
        ],
        [
            "2031年3月12日规则回退到第 2 版，恢复为“银卡”。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
        ],
    )
    assert await because(chain, one) == told
    await publish(chain, card(gold=6000), transition="grandfather")
    await drain(chain.tenant_id)
    assert await because(chain, one) == told


async def test_a_tier_that_was_renamed(new_chain: NewChain, drain: Drain) -> None:
    chain = await shop(new_chain, "2031-03-10 12:00", card())
    one = await member(chain)
    await bought(chain, "1", 1200, member_id=one)
    renamed = card()
    renamed["tiers"][1] |= {"code": "pearl", "names": {"zh-CN": "珍珠", "en": "Pearl"}}
    await publish(chain, renamed, holders={"card": {"silver": "pearl"}})
    assert await because(chain, one) == (
        [
            "“Silver” was reached on Mar 10, 2031, with a purchase: spend of ¥10.00 in all (it was ¥12.00).",
            "By the rules in force it goes on as “Pearl”.",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
        ],
        [
            "2031年3月10日因一笔消费，升为“银卡”：累计消费满 ¥10.00（当时为 ¥12.00）。",
            "按现行规则，等级改为“珍珠”。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
        ],
    )
    await drain(chain.tenant_id)
    assert await because(chain, one) == (
        [
            "With version 3 of the rules of Mar 10, 2031 “Silver” became “Pearl”.",
            "It holds until Mar 9, 2032; what keeps it then is met as of now: spend of ¥10.00 in all.",
        ],
        [
            "2031年3月10日起，规则第 3 版把“银卡”改为“珍珠”。",
            "有效期至2032年3月9日；届时的保级条件目前已满足：累计消费满 ¥10.00。",
        ],
    )
