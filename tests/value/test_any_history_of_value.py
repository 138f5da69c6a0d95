"""Whatever a counter does with value, in whatever order: the chain answers as the plain model does, and is proved.

A state machine over HTTP. After each step every member's points, stored value, coupons and passes and the stock are
the model's, and the ledgers balance; in the end a replay of all that happened gives what is stored.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from plain_value import Coupon, Line, Member, No, Pass, Rules, Sale, Shop, TopUp
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.programme import change_programme
from support.proof import unproved
from support.till import member

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers

EXAMPLES = int(os.environ.get("VALUE_EXAMPLES", "8"))
STEPS = int(os.environ.get("VALUE_STEPS", "14"))
# Finding the shortest failing history takes minutes: for whoever asks for it.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if os.environ.get("VALUE_SHRINK") else [])]
FIRST = datetime(2027, 1, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
Json = dict[str, Any]

LADDER = {
    "code": "card",
    "names": {"zh-CN": "会员卡", "en": "Card"},
    "visibility": "members",
    "tiers": [
        {
            "code": "base",
            "rank": 0,
            "names": {"zh-CN": "普通", "en": "Base"},
            "qualify": None,
            "retain": None,
            "benefits": [{"type": "discount", "percent": "10"}, {"type": "points_multiplier", "multiplier": "1.5"}],
        }
    ],
    "policy": {
        "upgrade": "immediate",
        "schedule": {"type": "monthly"},
        "validity": {"type": "forever"},
        "grace_days": 0,
        "max_drop": None,
        "late_days": 3,
        "refund_recheck": "next_schedule",
    },
}
POINTS = {
    "per_unit": "1",
    "expiry": {"type": "months", "months": 1},
    "excluded_categories": ["special"],
    "excluded_tenders": [],
    "redeem": {"points": 3, "amount": 2, "min_points": 10, "max_percent": "50"},
    "beside": {"top_up": "0.5", "activities": [], "referral": 0, "birthday": 0},
}
WALLET = {
    "top_up_bonus": [{"amount": 50_000, "bonus": 20_000}, {"amount": 100_000, "percent": "30"}],
    "spend_order": "proportional",
    "limits": {"named": 10**12, "unnamed": 10**12, "bonus_counts": False},
    "cooling_off_days": 7,
    "confirm_above": 10**12,
    "bonus_earns": False,
}
STACKING = {"discounts_combine": False, "wallet_with_tier_discount": True, "discount_excluded": ["medicine"]}
COUPONS: dict[str, tuple[Json, int]] = {
    "ten": ({"type": "amount", "amount": 1_000}, 3_000),
    "fifth": ({"type": "percent", "percent": "20"}, 0),
}
REWARD = 300

WHO = st.sampled_from([0, 0, 0, 1, 2])
TENTHS = st.one_of(st.just(0), st.just(10), st.integers(0, 10))
LINE = st.builds(
    Line,
    st.one_of(st.integers(0, 3), st.integers(3_000, 60_000), st.integers(3_000, 9_999)),
    st.sampled_from(["tea", "tea", "special", "medicine"]),
)
GOODS = st.lists(LINE, min_size=1, max_size=3)


async def open_shop(chain: Chain, pending_days: int) -> Json:
    """The rules of the model's shop; ids of coupons and reward."""
    await set_clock(chain.tenant_id, FIRST)
    await change_programme(
        chain, ladders=[LADDER], points=POINTS | {"pending_days": pending_days}, wallet=WALLET, stacking=STACKING
    )
    ids: Json = {}
    for code, (value, minimum) in COUPONS.items():
        body = {
            "code": code,
            "names": {"zh-CN": code, "en": code},
            "value": value,
            "minimum": minimum,
            "valid_days": 20,
            "combines": {"tier_discount": True, "campaign": True, "coupons": True},
        }
        ids[code] = (await _ok(chain.http.post("/v1/coupons", json=body)))["id"]
    body = {"code": "mug", "names": {"zh-CN": "杯", "en": "Mug"}, "points": REWARD, "stock": 0}
    ids["mug"] = (await _ok(chain.http.post("/v1/rewards", json=body)))["id"]
    return ids


async def _ok(asked: Awaitable[httpx.Response]) -> Json:
    answer = await asked
    assert answer.is_success, answer.text
    made: Json = answer.json() if answer.content else {}
    return made


class Counter(RuleBasedStateMachine):
    """`run` and `chains` are set by the test: the loop that the application lives on, and new chains."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    new_chain: Callable[[], Coroutine[Any, Any, Chain]]
    drain: Any

    @initialize(pending_days=st.sampled_from([0, 2]))
    def open(self, pending_days: int) -> None:
        """With something in the first member's hands, so that a short history comes to the point."""
        cls = type(self)
        self.chain: Chain = cls.run(cls.new_chain())
        self.ids = cls.run(open_shop(self.chain, pending_days))
        self.shop = Shop(FIRST.date(), Rules(pending_days=pending_days))
        self.people: list[tuple[str, Member]] = [
            (cls.run(member(self.chain, phone=f"1380013800{n}")), Member()) for n in range(3)
        ]
        self.numbers = count(1)
        self.sales: list[tuple[str, Sale]] = []
        self.top_ups: list[tuple[str, TopUp]] = []
        self.grants: list[tuple[str, Coupon]] = []
        self.claims: list[tuple[str, Member, list[Any]]] = []
        self.passes: list[tuple[str, Pass]] = []
        for code in COUPONS:
            self.grant(0, code)
        self.top_up(0, 50_000)
        self.adjust(0, 400)
        self.sell(0, [Line(33_333, "tea"), Line(9_999, "special")], points=7, wallet=3, coupons=1)

    # ── how a step is taken ─────────────────────────────────────────────────────────────────────────────────────────

    def _post(self, path: str, body: Json) -> httpx.Response:
        answer: httpx.Response = type(self).run(self.chain.http.post(path, json=body))
        assert answer.status_code < 500, answer.text
        return answer

    def _both(self, path: str, body: Json, told: Callable[[], Any]) -> tuple[Json, Any] | None:
        """The answers of the chain and of the model, or None where both refuse."""
        answer = self._post(path, body)
        expected, refused = None, False
        try:
            expected = told()
        except No:
            refused = True
        assert answer.is_success != refused, (answer.text, expected)
        return None if refused else (answer.json() if answer.content else {}, expected)

    def _number(self) -> str:
        return str(next(self.numbers))

    def _who(self, n: int) -> tuple[str, Member]:
        return self.people[n % len(self.people)]

    # ── the counter ─────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(who=WHO, goods=GOODS, points=TENTHS, wallet=TENTHS, coupons=st.sampled_from([0, 0, 1, 2]))
    def sell(self, who: int, goods: list[Line], points: int, wallet: int, coupons: int) -> None:
        member_id, one = self._who(who)
        use = [(i, c) for i, c in self.grants if c in one.coupons and c.state == "open"][:coupons]
        cost = sum(line.price for line in goods)
        spent = min(one.spendable(self.shop.today), cost * 3 // 4) * points // 10
        stored = min(one.principal + one.bonus, cost * 8 // 10) * wallet // 10
        body: Json = {
            "member_id": member_id,
            "branch_id": self.chain.branch_id,
            "external_id": self._number(),
            "lines": [{"amount": line.price, "category": line.category} for line in goods],
            "coupons": [grant for grant, _ in use],
            "points_to_redeem": spent,
            "wallet_amount": stored,
        }
        body = {name: value for name, value in body.items() if value not in ([], 0)}
        quoted = self._post("/v1/quotes", {k: v for k, v in body.items() if k != "external_id"})
        both = self._both("/v1/purchases", body, lambda: self.shop.sell(one, goods, [c for _, c in use], spent, stored))
        assert quoted.is_success == (both is not None), quoted.text
        if both is None:
            return
        answer, sale = both
        for told in (answer, quoted.json()):
            assert (told["amount"], told["paid"], told["points_earned"]) == (cost, sale.paid, sale.points)
            assert [line["amount"] for line in told["lines"]] == [line.net for line in sale.lines]
            assert (told["points_redeemed"], told["wallet"]) == (
                sale.charged,
                {"principal": sale.principal, "bonus": sale.bonus},
            )
        self.sales.append((answer["id"], sale))

    @precondition(lambda self: self.sales)
    @rule(which=st.integers(0, 3), share=st.one_of(st.just(10), st.integers(1, 10)))
    def give_back(self, which: int, share: int) -> None:
        purchase_id, sale = self.sales[-1 - which % len(self.sales)]
        amount = -(-(sale.paid - sale.back) * share // 10)
        if amount == 0:
            return
        body = {"external_id": self._number(), "amount": amount}
        both = self._both(f"/v1/purchases/{purchase_id}/refunds", body, lambda: self.shop.refund(sale, amount))
        if both is not None:
            answer, told = both
            assert (answer["points_reversed"], answer["points_returned"]) == (
                told["points_reversed"],
                told["points_returned"],
            )
            assert answer["wallet"] == {"principal": told["principal"], "bonus": told["bonus"]}

    @rule(who=WHO, goods=GOODS, then=st.lists(st.integers(1, 9), max_size=2), nights=st.sampled_from([0, 0, 20, 31]))
    def sell_and_think_better_of_it(self, who: int, goods: list[Line], then: list[int], nights: int) -> None:
        """All that there is to pay with pays; it comes back in parts, and then the rest, or is undone at once. After 20
        nights coupons are over, after 31 points.
        """
        known = len(self.sales)
        self.sell(who, [Line(30_000, "tea"), *goods], points=3, wallet=4, coupons=2)
        if len(self.sales) == known:
            return
        if not then:
            self.undo(0, kind=True)
            return
        for share in then:
            self.give_back(0, share)
        if nights:
            self.sleep(nights)
        self.give_back(0, 10)

    @rule(who=WHO, amount=st.sampled_from([50_000, 100_001]), back=st.booleans())
    def top_up_and_think_better_of_it(self, who: int, amount: int, back: bool) -> None:
        """Some of it is spent, or none; what is left goes back, or it is undone at once."""
        self.top_up(who, amount)
        if not back:
            self.undo(0, kind=False)
            return
        self.sell(who, [Line(20_000, "tea")], points=0, wallet=10, coupons=0)
        for share in (3, 5, 10):
            self.pay_out(len(self.top_ups) - 1, share)

    @precondition(lambda self: self.sales or self.top_ups)
    @rule(which=st.integers(0, 3), kind=st.booleans())
    def undo(self, which: int, kind: bool) -> None:
        paths: list[tuple[str, Sale | TopUp]] = [(f"/v1/purchases/{i}/undo", s) for i, s in self.sales]
        others: list[tuple[str, Sale | TopUp]] = [(f"/v1/wallet/top-ups/{i}/undo", t) for i, t in self.top_ups]
        found = paths if (kind and paths) or not others else others
        path, act = found[-1 - which % len(found)]
        if not act.undone:  # a second undo is answered as the first
            self._both(path, {}, lambda: self.shop.undo(act))

    @rule(who=WHO, amount=st.sampled_from([1, 99, 30_000, 50_000, 99_999, 100_001]))
    def top_up(self, who: int, amount: int) -> None:
        member_id, one = self._who(who)
        body = {
            "member_id": member_id,
            "branch_id": self.chain.branch_id,
            "external_id": self._number(),
            "amount": amount,
        }
        both = self._both("/v1/wallet/top-ups", body, lambda: self.shop.top_up(one, amount))
        assert both is not None
        answer, made = both
        assert (answer["bonus"], answer["points_earned"]) == (made.lot.bonus, made.points)
        self.top_ups.append((answer["id"], made))

    @precondition(lambda self: self.top_ups)
    @rule(which=st.integers(0, 10), share=st.sampled_from([10, 3]))
    def pay_out(self, which: int, share: int) -> None:
        top_up_id, made = self.top_ups[which % len(self.top_ups)]
        if made.undone:
            return
        amount = -(-made.lot.principal_left * share // 10)
        holder = next(i for i, m in self.people if m is made.member)
        body = {
            "member_id": holder,
            "branch_id": self.chain.branch_id,
            "external_id": self._number(),
            "top_up_id": top_up_id,
        } | ({} if share == 10 or not amount else {"amount": amount})
        both = self._both("/v1/wallet/refunds", body, lambda: self.shop.refund_top_up(made, amount))
        if both is not None:
            answer, told = both
            assert (answer["amount"], answer["bonus_voided"], answer["paid_out"]) == told

    @rule(who=WHO, points=st.sampled_from([-500, -30, -1, 1, 10, 400]))
    def adjust(self, who: int, points: int) -> None:
        member_id, one = self._who(who)
        body = {"member_id": member_id, "points": points, "reason": "盘点"}
        self._both("/v1/points/adjust", body, lambda: self.shop.adjust(one, points))

    @rule(who=WHO, points=st.sampled_from([1, 50, None, None]))
    def use(self, who: int, points: int | None) -> None:
        """None: all that can be."""
        member_id, one = self._who(who)
        points = max(1, one.spendable(self.shop.today)) if points is None else points
        body = {"member_id": member_id, "points": points}
        self._both("/v1/points/redeem", body, lambda: self.shop.use_points(one, points))

    @rule(who=WHO, code=st.sampled_from(sorted(COUPONS)))
    def grant(self, who: int, code: str) -> None:
        member_id, one = self._who(who)
        answer = self._post(f"/v1/coupons/{self.ids[code]}/grant", {"member_id": member_id})
        assert answer.is_success, answer.text
        held = type(self).run(_ok(self.chain.http.get(f"/v1/members/{member_id}/coupons?state=open&limit=200")))["data"]
        known = {grant for grant, _ in self.grants}
        (fresh,) = [row["id"] for row in held if row["id"] not in known]
        value, minimum = COUPONS[code]
        worth = int(value.get("amount") or value["percent"])
        self.grants.append((fresh, self.shop.grant(one, value["type"], worth, minimum, 20)))

    @rule(pieces=st.integers(1, 2))
    def stock(self, pieces: int) -> None:
        assert self._post(f"/v1/rewards/{self.ids['mug']}/stock", {"pieces": pieces}).is_success
        self.shop.stock += pieces

    @rule(who=WHO)
    def claim(self, who: int) -> None:
        member_id, one = self._who(who)
        body = {"member_id": member_id}
        both = self._both(f"/v1/rewards/{self.ids['mug']}/claim", body, lambda: self.shop.claim(one, REWARD))
        if both is not None:
            self.claims.append((both[0]["id"], one, both[1]))

    @precondition(lambda self: self.claims)
    @rule()
    def cancel(self) -> None:
        claim_id, one, takes = self.claims.pop()
        self._both(f"/v1/rewards/claims/{claim_id}/cancel", {}, lambda: self.shop.cancel(one, takes))

    @rule(who=WHO, uses=st.integers(1, 3), price=st.sampled_from([0, 100, 10_001]))
    def sell_pass(self, who: int, uses: int, price: int) -> None:
        member_id, one = self._who(who)
        until = self.shop.today + timedelta(days=10)
        body = {
            "member_id": member_id,
            "branch_id": self.chain.branch_id,
            "external_id": self._number(),
            "product": "yoga",
            "uses": uses,
            "price": price,
            "valid_until": until.isoformat(),
        }
        answer = self._post("/v1/passes", body)
        assert answer.status_code == 201, answer.text
        held = Pass(uses, uses, price, until)
        one.passes.append(held)
        self.passes.append((answer.json()["id"], held))

    @precondition(lambda self: self.passes)
    @rule(which=st.integers(0, 5), back=st.booleans())
    def visit(self, which: int, back: bool) -> None:
        pass_id, held = self.passes[which % len(self.passes)]
        body = {"branch_id": self.chain.branch_id}
        if not back:
            self._both(f"/v1/passes/{pass_id}/use", body, lambda: self.shop.use_pass(held))
            return
        both = self._both(f"/v1/passes/{pass_id}/refund", body, lambda: self.shop.refund_pass(held))
        if both is not None:
            assert -both[0]["amount"] == both[1]

    # ── days and people ─────────────────────────────────────────────────────────────────────────────────────────────

    @rule(nights=st.sampled_from([1, 1, 2, 5, 19]))
    def sleep(self, nights: int) -> None:
        for _ in range(nights):
            self.shop.night([one for _, one in self.people])
        noon = datetime.combine(self.shop.today, FIRST.timetz())
        type(self).run(pass_time(self.chain, type(self).drain, noon))

    @precondition(lambda self: len(self.people) > 1)
    @rule()
    def merge(self) -> None:
        (other_id, other), (survivor_id, survivor) = self.people.pop(), self.people[0]
        answer = self._post(f"/v1/members/{survivor_id}/merge", {"other_id": other_id})
        assert answer.is_success, answer.text
        self.shop.merge(survivor, other)
        self.claims = [(i, survivor if one is other else one, takes) for i, one, takes in self.claims]

    # ── what holds after each step ──────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if hasattr(self, "people"):
            type(self).run(self._compare())

    async def _compare(self) -> None:
        today = self.shop.today
        for member_id, one in self.people:
            shown = await _ok(self.chain.http.get(f"/v1/members/{member_id}"))
            points = shown["points"]
            assert (points["balance"], points["spendable"]) == (one.balance, one.spendable(today))
            assert shown["wallet"] == {"principal": one.principal, "bonus": one.bonus}
            coupons = await _ok(self.chain.http.get(f"/v1/members/{member_id}/coupons?limit=200"))
            states = {row["id"]: row["state"] for row in coupons["data"]}
            assert states == {i: c.state for i, c in self.grants if c in one.coupons}
        for pass_id, held in self.passes:
            assert (await _ok(self.chain.http.get(f"/v1/passes/{pass_id}")))["left"] == held.left
        rewards = await _ok(self.chain.http.get("/v1/rewards?limit=200"))
        assert [r["stock"] for r in rewards["data"] if r["id"] == self.ids["mug"]] == [self.shop.stock]
        async with tenant_scope(self.chain.tenant_id):
            assert await verify_ledgers() == []

    def teardown(self) -> None:
        if hasattr(self, "people"):
            assert type(self).run(unproved(self.chain.tenant_id)) == []


async def test_any_history(new_chain: Any, drain: Any) -> None:
    loop = asyncio.get_running_loop()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    machine = type(
        "Machine", (Counter,), {"run": staticmethod(run), "new_chain": staticmethod(new_chain), "drain": drain}
    )
    machine.drain = staticmethod(drain)
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=PHASES,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=profile)
