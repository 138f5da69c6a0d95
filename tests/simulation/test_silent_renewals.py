"""A simulation of rules under which schedules renew without a word: it moves whom a publish then moves."""

from datetime import UTC, datetime

import pytest
from simulated import Drain, Json, NewChain, card_chain, ladder, moves, simulated, spend, tier
from support.clock import set_clock
from support.midnights import begin, pass_time
from support.till import bought, member

SILENT: Json = {"validity": {"type": "until_next_schedule"}}


def card(gold: Json, **policy: object) -> Json:
    tiers = [tier(0, "regular"), tier(1, "silver", spend(1_000)), tier(2, "gold", gold)]
    return {"ladders": [ladder("card", *tiers, **(SILENT | policy))]}


@pytest.mark.parametrize("policy", [{}, {"grace_days": 5}], ids=["as it was", "another one"])
async def test_a_validity_that_began_anew_without_a_word(new_chain: NewChain, drain: Drain, policy: Json) -> None:
    """Of what was spent only April's belongs to the validity that began on 1 April."""
    chain = await card_chain(new_chain, *card(spend(900_000))["ladders"])
    await begin(chain, datetime(2031, 3, 20, 12, tzinfo=UTC), "UTC")
    one = await member(chain)
    await bought(chain, "first", 1_500, member_id=one)
    await set_clock(chain.tenant_id, datetime(2031, 3, 25, 12, tzinfo=UTC))
    await bought(chain, "march", 1_000, member_id=one)
    await pass_time(chain, drain, datetime(2031, 4, 2, 12, tzinfo=UTC))
    await bought(chain, "april", 1_600, member_id=one)
    await set_clock(chain.tenant_id, datetime(2031, 4, 3, 12, tzinfo=UTC))
    for least, to in ((1_601, "silver"), (1_600, "gold")):
        rules = card(spend(least, type="current_validity"), **policy)
        result = await simulated(chain, drain, rules)
        assert moves(result) == {("silver", to): 1}, least
        answer = await chain.http.post("/v1/programme/draft/publish", json={"transition": "now"})
        assert answer.status_code == 200, answer.text
        await drain(chain.tenant_id)
        assert (await chain.http.get(f"/v1/members/{one}")).json()["tiers"]["card"]["code"] == to
