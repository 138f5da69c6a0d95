"""Many tills at one wallet: never overdrawn, no number taken twice, the books even."""

import asyncio
import random
from collections import Counter
from typing import Any

from support.chains import Chain
from support.counter import change_wallet, pay_out, pays, top_up, topped_up, wallet
from support.till import member, rows
from support.wallet_check import check_wallets

from saas.errors import DomainError

WRITERS, ROUNDS = 8, 12


async def test_eight_writers_on_one_wallet_never_overdraw_it(chain: Chain) -> None:
    await change_wallet(
        chain,
        top_up_bonus=[{"amount": 500, "bonus": 200}],
        limits={"named": 10**9, "unnamed": 10**9, "bonus_counts": False},
    )
    who = await member(chain)
    await topped_up(chain, who, "U", 500)
    seen: Counter[Any] = Counter()

    async def writer(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # a test repeats its chances
        for turn in range(ROUNDS):
            act = chance.choice(["pay", "pay", "pay", "in", "out"])
            if act == "pay":
                try:
                    await pays(chain, who, chance.randint(1, 400))
                except DomainError as refused:
                    seen[act, refused.code] += 1
                else:
                    seen[act, "done"] += 1
            else:
                call = top_up if act == "in" else pay_out
                answer = await call(chain, who, f"{number}-{turn}", chance.choice([100, 500]))
                seen[act, answer.status_code] += 1

    await asyncio.gather(*(writer(number) for number in range(WRITERS)))
    assert set(seen) <= {
        ("pay", "done"),
        ("pay", "wallet-balance-too-low"),
        ("in", 201),
        ("out", 201),
        ("out", 422),
    }
    assert seen["pay", "done"]
    assert seen["pay", "wallet-balance-too-low"]
    await check_wallets(chain)
    held = await wallet(chain, who)
    assert min(held["principal"], held["bonus"]) >= 0


async def test_the_last_of_it_is_spent_once(chain: Chain) -> None:
    who = await member(chain)
    for turn in range(3):
        await topped_up(chain, who, f"U{turn}", 100)
        results = await asyncio.gather(*(pays(chain, who, 100) for _ in range(8)), return_exceptions=True)
        refused = [one for one in results if isinstance(one, DomainError)]
        assert [one.code for one in refused] == ["wallet-balance-too-low"] * 7
    await check_wallets(chain)


async def test_one_number_at_eight_tills_is_one_top_up(chain: Chain) -> None:
    who, others = await member(chain), [await member(chain, name=str(n)) for n in range(3)]
    answers = await asyncio.gather(*(top_up(chain, who, "U1", 500) for _ in range(8)))
    assert sorted(a.status_code for a in answers) == [200] * 7 + [201]
    assert len({a.text for a in answers}) == 1
    backs = await asyncio.gather(*(pay_out(chain, who, "P1", 200) for _ in range(8)))
    assert sorted(a.status_code for a in backs) == [200] * 7 + [201]
    taken = await asyncio.gather(*(top_up(chain, each, "U2", 500) for each in others))
    assert sorted(a.status_code for a in taken) == [201, 409, 409]
    assert len(await rows(chain, "top_up")) == 2
    await check_wallets(chain)


async def test_a_wallet_is_used_while_its_member_is_merged(chain: Chain) -> None:
    for turn in range(4):
        survivor, other = await member(chain), await member(chain, name="又一张卡")
        await topped_up(chain, other, f"U{turn}", 1_000)
        merge = chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
        paid = [pay_out(chain, other, f"{turn}-{n}", 300) for n in range(4)]
        merged, *backs = await asyncio.gather(merge, *paid)
        assert merged.is_success, merged.text
        assert sorted(a.status_code for a in backs) == [201, 201, 201, 422]
        assert (await wallet(chain, survivor))["principal"] == 100
    await check_wallets(chain)
