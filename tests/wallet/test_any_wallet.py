"""Whatever is paid in, spent, returned, paid back, merged: the books are even, nobody gets out more than went in."""

import os
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.chains import Chain
from support.counter import change_wallet, pay_out, pays, returns, topped_up, wallet
from support.till import member
from support.wallet_check import check_wallets

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers

EXAMPLES = int(os.environ.get("WALLET_EXAMPLES", "20"))
STEPS = [
    {"amount": 7, "bonus": 3},
    {"amount": 500, "bonus": 200},
    {"amount": 900, "percent": "33.3"},
    {"amount": 1_000, "bonus": 3_000},
]


class TopUp(NamedTuple):
    amount: int


class Spend(NamedTuple):
    share: int  # of the balance, in tenths


class GiveBack(NamedTuple):
    which: int
    principal: int  # of what it took and has not got back, in tenths
    bonus: int


class PayOut(NamedTuple):
    share: int
    lot: int | None


class Merge(NamedTuple):
    pass


TENTHS = st.one_of(st.just(10), st.integers(0, 10))
STEPS_OF = st.one_of(
    st.builds(TopUp, st.one_of(st.integers(1, 20), st.sampled_from([500, 999, 1_000, 5_000]))),
    st.builds(TopUp, st.sampled_from([7, 500, 901, 1_000])),
    st.builds(Spend, TENTHS),
    st.builds(Spend, TENTHS),
    st.builds(GiveBack, st.integers(0, 5), TENTHS, TENTHS),
    st.builds(PayOut, TENTHS, st.one_of(st.none(), st.integers(0, 5))),
    st.just(Merge()),
)
HISTORIES = st.lists(STEPS_OF, min_size=3, max_size=14)
Step = TopUp | Spend | GiveBack | PayOut | Merge


class Counter:
    """Works a history off, and knows the balance by its own arithmetic."""

    def __init__(self, chain: Chain, who: str) -> None:
        self.chain, self.who, self.number = chain, who, 0
        self.lots: list[str] = []
        self.bought: list[tuple[Any, list[int]]] = []
        self.paid_in = self.paid_out = self.spent = self.bonus_in = self.bonus_gone = 0

    async def held(self) -> tuple[int, int]:
        shown = await wallet(self.chain, self.who)
        return shown["principal"], shown["bonus"]

    async def do(self, step: Step) -> None:
        self.number += 1
        mark = str(self.number)
        match step:
            case TopUp(amount):
                made = await topped_up(self.chain, self.who, mark, amount)
                self.lots.append(made["id"])
                self.paid_in, self.bonus_in = self.paid_in + amount, self.bonus_in + made["bonus"]
            case Spend(share):
                if amount := sum(await self.held()) * share // 10:
                    before = await self.held()
                    bought = await pays(self.chain, self.who, amount)
                    after = await self.held()
                    self.bought.append((bought, [before[0] - after[0], before[1] - after[1]]))
                    self.spent += amount
            case GiveBack(which, principal, bonus):
                await self._return(which, principal, bonus)
            case PayOut(share, lot):
                await self._pay_out(mark, share, lot)
            case Merge():
                other = await member(self.chain, name="又一张卡")
                survivor, gone = (other, self.who) if self.number % 2 else (self.who, other)
                answer = await self.chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": gone})
                assert answer.is_success, answer.text
                self.who = survivor

    async def _return(self, which: int, principal: int, bonus: int) -> None:
        if not self.bought:
            return
        bought, taken = self.bought.pop(which % len(self.bought))  # each once: what came back is not told apart here
        back = (taken[0] * principal // 10, taken[1] * bonus // 10)
        if any(back):
            await returns(self.chain, self.who, bought, *back)
            self.spent -= sum(back)

    async def _pay_out(self, mark: str, share: int, lot: int | None) -> None:
        named = {} if lot is None or not self.lots else {"top_up_id": self.lots[lot % len(self.lots)]}
        held = await self.held()
        amount = None if named and share == 10 else max(1, held[0] * share // 10)
        answer = await pay_out(self.chain, self.who, mark, amount, **named)
        if answer.status_code == 201:
            made = answer.json()
            self.paid_out += made["paid_out"]
            self.bonus_gone += made["bonus_voided"] + made["deducted"]
            assert made["wallet"] == {
                "principal": held[0] - made["amount"],
                "bonus": held[1] - made["bonus_voided"],
            }
        else:
            assert answer.json()["type"] == "/problems/wallet-principal-too-low"

    async def check(self) -> None:
        await check_wallets(self.chain)
        held = sum(await self.held())
        # Whatever came in is spent, gone or still there.
        assert self.paid_in + self.bonus_in == held + self.spent + self.paid_out + self.bonus_gone
        assert self.paid_out <= self.paid_in


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES, order=st.sampled_from(["proportional", "principal_first", "bonus_first"]))
async def test_any_sequence_keeps_the_books(
    history: list[Step], order: str, new_chain: Callable[..., Awaitable[Chain]]
) -> None:
    chain = await new_chain()
    limits = {"named": 10**9, "unnamed": 10**9, "bonus_counts": False}
    await change_wallet(chain, top_up_bonus=STEPS, spend_order=order, limits=limits)
    counter = Counter(chain, await member(chain))
    for step in history:
        await counter.do(step)
        await counter.check()
    async with tenant_scope(chain.tenant_id):
        found = await verify_ledgers()
    # Here the wallet pays by itself: what was bought, and came back, is no purchase.
    assert [one for one in found if not one.check.startswith(("purchase-", "refund-"))] == []
