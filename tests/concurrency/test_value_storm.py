"""Thirty-two tills at one member's points, wallet, coupons, passes and rewards, with and without `kill -9`: no answer
but a good one or an honest refusal, nothing spent twice, and the books are what was told.

VALUE_STORM_SECONDS (1) makes it longer; it lasts until everything has happened in any case.
"""

import asyncio
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from crash_site import ROOT, CrashSite, until
from support.chains import Chain
from support.counter import topped_up
from support.programme import change_programme
from support.till import member
from value_books import books_are_right
from value_storm import Counters, Told, ValueTill

SECONDS = float(os.environ.get("VALUE_STORM_SECONDS", "1"))
TILLS, STOCK, CONFIRM_ABOVE = 32, 8, 9_000
NAMES = {"zh-CN": "某物", "en": "Something"}

SCARCE = ("reward-out-of-stock", "coupon-not-usable", "not-enough-points")
# What a till may be told when others were faster, or the member hasn't got so much.
POINTS_SHORT = {"not-enough-points", "points-in-debt"}
HONEST = {
    "buy": {*POINTS_SHORT, "wallet-balance-too-low", "coupon-not-usable"},
    "undo": {"undo-used", "undo-not-last"},
    "give_back": {"refund-exceeds-purchase", "purchase-undone"},
    "undo_pay_in": {"undo-used"},
    "pay_out": {"wallet-principal-too-low", "wallet-balance-too-low"},
    "spend_points": POINTS_SHORT,
    "adjust": POINTS_SHORT,
    "claim": {*POINTS_SHORT, "reward-out-of-stock"},
    "collect": {"claim-not-open"},
    "cancel": {"claim-not-open"},
    "visit": {"pass-used-up"},
    "pass_refund": {"pass-used-up"},
    "scan": {"coupon-not-usable"},
}


async def open_shop(site: CrashSite, *, may_break: bool) -> tuple[Chain, Counters, dict[str, int]]:
    """A chain with one member who has some of everything, and few things that many want."""
    tenant_id, http, branch_id = await site.sign_up()
    http.timeout = httpx.Timeout(30)
    chain = Chain(tenant_id, "", http, branch_id, "", "")
    rules = (await http.get("/v1/programme")).json()
    redeem = {"points": 100, "amount": 100, "min_points": 0, "max_percent": "100"}
    limits = {"named": 10**9, "unnamed": 10**9, "bonus_counts": False}
    await change_programme(
        chain,
        points=rules["points"]
        | {"per_unit": "1", "pending_days": 0, "excluded_categories": ["cake"], "redeem": redeem}
        | {"beside": {"top_up": "1"}},
        wallet=rules["wallet"]
        | {"top_up_bonus": [{"amount": 1_000, "percent": "40"}], "confirm_above": CONFIRM_ABOVE, "limits": limits},
    )
    who = await member(chain, phone="13800001234")
    await topped_up(chain, who, "first", 20_000)
    given = {"member_id": who, "points": 800, "reason": "first"}
    assert (await http.post("/v1/points/adjust", json=given)).status_code == 201
    cup = {"code": "cup", "names": NAMES, "points": 40, "stock": STOCK}
    reward = (await http.post("/v1/rewards", json=cup)).json()["id"]
    off = {"code": "off", "names": NAMES, "value": {"type": "amount", "amount": 1_000}, "valid_days": 30}
    coupon = (await http.post("/v1/coupons", json=off | {"combines": {"campaign": True}})).json()["id"]
    printed = (await http.post(f"/v1/coupons/{coupon}/print", json={"count": 8})).json()["coupons"]
    passes = []
    for n in range(3):
        sold = {"member_id": who, "branch_id": branch_id, "external_id": f"p{n}", "product": "wash", "uses": 20}
        sold |= {"price": 9_999, "valid_until": "2099-12-31"}
        passes.append((await http.post("/v1/passes", json=sold)).json()["id"])
    codes = [(await http.post(f"/v1/members/{who}/wallet-codes", json={})).json()["code"] for _ in range(2)]
    shown = (await http.get(f"/v1/members/{who}")).json()
    (row,) = await site.sql("SELECT seq FROM member_number WHERE tenant_id = $1", tenant_id)
    begun = {"stock": STOCK, "points": shown["points"]["balance"], "seq": row["seq"]}
    begun |= {name: shown["wallet"][name] for name in ("principal", "bonus")}
    numbers = [one["number"] for one in printed]
    return chain, Counters(http, branch_id, who, reward, numbers, passes, codes, may_break), begun


async def proved(site: CrashSite, tenant_id: UUID) -> None:
    """`regulars verify` finds nothing."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "saas.cli", "verify", "--tenant", str(tenant_id)],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["1 tenants, 0 differences"]), done


async def answers_hold(counters: Counters) -> None:
    """The same key gets the same answer, to the letter; a till's own number without a key the same fact."""
    http = counters.http
    for one in counters.told[:: max(1, len(counters.told) // 60)]:
        again = await http.post(one.url, json=one.body, headers={"Idempotency-Key": one.key})
        assert again.is_success
        assert again.text == one.text
        assert again.headers["idempotent-replayed"] == "true"
    undone = {one.answer["id"] for one in counters.of("undo", "undo_pay_in")}  # their numbers are free again
    by_kind: dict[str, list[Told]] = {}
    for one in counters.told:
        if "external_id" in one.body and one.answer["id"] not in undone:
            by_kind.setdefault(one.kind, []).append(one)
    for some in by_kind.values():
        for one in some[:: max(1, len(some) // 4)]:
            again = await http.post(one.url, json=one.body)
            assert again.status_code == 200, (one.kind, again.text)
            assert again.json()["id"] == one.answer["id"]


def honest(counters: Counters) -> None:
    assert counters.broken == []
    strange = {key: times for key, times in counters.refused.items() if key[1] not in HONEST.get(key[0], ())}
    assert strange == {}


async def everything_is_right(site: CrashSite, chain: Chain, counters: Counters, begun: dict[str, int]) -> None:
    conn: Any = await asyncpg.connect(site.servers.postgres.dsn(database="regulars"))
    try:
        await books_are_right(conn, chain.tenant_id, counters, begun)
    finally:
        await conn.close()
    await proved(site, chain.tenant_id)
    await answers_hold(counters)


async def test_thirty_two_tills_at_one_members_value(site: CrashSite) -> None:
    chain, counters, begun = await open_shop(site, may_break=False)
    tills = [ValueTill(counters, number) for number in range(TILLS)]
    # Each code of the digital card is scanned at two tills at once: it pays once.
    paid = await asyncio.gather(
        *(till.pay_by_code(counters.codes[n % 2], CONFIRM_ABOVE + 1) for n, till in enumerate(tills[:4]))
    )
    assert sum(answer is not None for answer in paid) == 2
    assert counters.refused == {("buy", "consent-refused"): 2}
    counters.refused.clear()
    done = asyncio.Event()
    working = asyncio.gather(*(till.work(done) for till in tills))
    await asyncio.sleep(SECONDS)

    async def fought() -> bool:
        """Each kind was done, but for undos, which are rarely possible here; and what is scarce was fought for."""
        kinds, refusals = {one.kind for one in counters.told}, {code for _, code in counters.refused}
        wanted = kinds >= HONEST.keys() - {"undo", "undo_pay_in"} and refusals >= {*SCARCE}
        return wanted or working.done()

    await until(fought, 60, lambda: str(counters.refused))
    done.set()
    await working
    honest(counters)
    await everything_is_right(site, chain, counters, begun)


async def test_the_api_killed_under_thirty_two_tills(site: CrashSite) -> None:
    """Each till asks again, with the same key, until it is told: what it asked for was done once."""
    chain, counters, begun = await open_shop(site, may_break=True)
    tills = [ValueTill(counters, number) for number in range(TILLS)]
    done = asyncio.Event()
    working = asyncio.gather(*(till.work(done) for till in tills))
    for blow in range(max(2, round(SECONDS / 10))):
        goal = len(counters.told) + 2 * TILLS

        async def reached(goal: int = goal) -> bool:
            return working.done() or len(counters.told) >= goal

        await until(reached, 60, lambda: site.log("api"))
        site.kill("api")
        assert counters.unanswered or blow == 0
        await site.serving()
    await asyncio.sleep(1)
    done.set()
    await working
    assert counters.unanswered >= TILLS
    honest(counters)
    await everything_is_right(site, chain, counters, begun)
