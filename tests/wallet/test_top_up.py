"""Money paid into the wallet, over HTTP."""

from support.chains import Chain
from support.counter import change_wallet, topped_up, wallet
from support.till import member, rows

STEPS = [{"amount": 50_000, "bonus": 20_000}, {"amount": 100_000, "percent": "30"}]


async def test_a_top_up_pays_in_and_brings_its_steps_bonus(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    who = await member(chain)
    made = await topped_up(chain, who, "U1", 50_000, tenders=[{"type": "cash", "amount": 50_000}], sold_by="小李")
    assert (made["amount"], made["bonus"], made["gift"]) == (50_000, 20_000, None)
    assert made["wallet"] == {"principal": 50_000, "bonus": 20_000}
    assert made["sold_by"] == "小李"
    shown = await wallet(chain, who)
    assert (shown["principal"], shown["bonus"]) == (50_000, 20_000)
    assert [(e["kind"], e["account"], e["amount"], e["principal"], e["bonus"]) for e in shown["data"]] == [
        ("top_up_bonus", "bonus", 20_000, 50_000, 20_000),
        ("top_up", "principal", 50_000, 50_000, 0),
    ]
    (lot,) = shown["lots"]
    assert (lot["id"], lot["principal_left"], lot["bonus_left"]) == (made["id"], 50_000, 20_000)
    assert (await chain.http.get(f"/v1/wallet/top-ups/{made['id']}")).json() == made
    (event,) = [e for e in await rows(chain, "event") if e["type"] == "wallet.topped_up"]
    assert str(event["member_id"]) == who
