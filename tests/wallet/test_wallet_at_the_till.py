"""From the top-up through sales and refunds to the settlement, as tills do it."""

from datetime import UTC, datetime

from support.chains import Chain
from support.clock import set_clock
from support.counter import change_wallet, paid_out, topped_up, wallet
from support.till import bought, buy, given_back, member
from support.wallet_check import check_wallets

NOON = datetime(2031, 3, 2, 4, tzinfo=UTC)


async def test_what_was_paid_in_here_is_spent_there_and_returned(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=[{"amount": 50_000, "bonus": 20_000}])
    await set_clock(chain.tenant_id, NOON)
    east = (await chain.http.post("/v1/branches", json={"code": "east", "name": "东店", "kind": "franchise"})).json()
    who = await member(chain)
    made = await topped_up(chain, who, "U1", 50_000, branch_id=east["id"])
    sale = await bought(chain, "T1", 7_000, member_id=who, wallet_amount=7_000)  # at the main branch
    assert sale["wallet"] == {"principal": 5_000, "bonus": 2_000}
    too_much = await buy(chain, "T2", 70_000, member_id=who, wallet_amount=63_001)
    assert too_much.status_code == 422
    await given_back(chain, sale["id"], "R1", 3_500)
    held = await wallet(chain, who)
    assert (held["principal"], held["bonus"]) == (47_500, 19_000)
    assert [e["kind"] for e in held["data"][:4]] == ["return_bonus", "return", "spend_bonus", "spend"]
    await check_wallets(chain)
    back = await paid_out(chain, who, "P1", None, top_up_id=made["id"])
    # 47,500 of 50,000: 19,000 of the bonus, which is all that is left.
    assert (back["paid_out"], back["bonus_voided"], back["deducted"]) == (47_500, 19_000, 0)
    await check_wallets(chain)
    report = (await chain.http.get("/v1/reports/settlement?from=2031-03-02&to=2031-03-02")).json()
    (pair,) = report["pairs"]
    assert (pair["holder"]["code"], pair["principal"], pair["bonus"], pair["paid_out"], pair["net"]) == (
        "east",
        2_500,
        1_000,
        47_500,
        50_000,
    )
