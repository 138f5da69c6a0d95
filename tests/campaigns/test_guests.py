"""散客满 30 送 10: a guest's purchase of 30 or more prints a coupon of 10 for the next visit."""

from typing import Any

from marketing import report, switch, switch_on
from support.chains import Chain
from support.midnights import work
from support.till import bought, member, rows


async def test_a_guest_of_thirty_or_more_gets_ten_off_the_next_visit(new_chain: Any, drain: Any) -> None:
    chain: Chain = await new_chain(template="catering")
    campaign_id = await switch_on(chain, "guest-coupon")
    small = await bought(chain, "G1", 2999)
    assert not small.get("printed_coupons")
    first = await bought(chain, "G2", 3000)
    (printed,) = first["printed_coupons"]
    assert (printed["code"], printed["names"]["zh-CN"]) == ("next-visit", "下次立减 10 元")
    again = await chain.http.post(
        "/v1/purchases",
        json={"branch_id": chain.branch_id, "external_id": "G2", "amount": 3000, "external_amounts": True},
    )
    assert (again.status_code, again.json()["printed_coupons"]) == (200, [printed])
    # Of the second visit 10 are off, and 30 are left: it prints the next one.
    second = await bought(chain, "G3", 4000, external_amounts=False, coupons=[printed["number"]])
    assert (second["paid"], len(second["printed_coupons"])) == (3000, 1)
    by_member = await bought(chain, "G4", 4000, member_id=await member(chain))
    assert not by_member.get("printed_coupons")
    await work(chain, drain)
    assert await rows(chain, "campaign_share") == []
    told = await report(chain, campaign_id)
    assert told["cost"]["coupons"] == {"granted": 2, "used": 1, "taken_off": 1000}
    await switch(chain, campaign_id, "stop")
    assert not (await bought(chain, "G5", 3000)).get("printed_coupons")
