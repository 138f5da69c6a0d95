"""What a merge takes over of a tier that schedules keep without a decision."""

from datetime import UTC, datetime
from typing import Any

from runs_over_http import Drain, NewChain, monthly_chain, ran
from support.clock import set_clock
from support.proof import unproved
from support.till import bought, member


async def test_a_tier_taken_over_lasts_as_long_as_schedules_have_kept_it(new_chain: NewChain, drain: Drain) -> None:
    """Until the next schedule a tier that is kept is kept without a row: its last day is the run's, not the stored
    one.
    """
    chain = await monthly_chain(new_chain)
    one, two = await member(chain), await member(chain)
    for month in (3, 4):
        await set_clock(chain.tenant_id, datetime(2031, month, 20, 12, tzinfo=UTC))
        await bought(chain, f"T{month}", 500, member_id=two)
        await set_clock(chain.tenant_id, datetime(2031, month + 1, 1, 0, 5, tzinfo=UTC))
        await ran(chain, drain, f"2031-{month + 1:02d}-01T00:00:00Z")
    await set_clock(chain.tenant_id, datetime(2031, 5, 10, 12, tzinfo=UTC))
    before: Any = (await chain.http.get(f"/v1/members/{two}")).json()["tier"]
    assert (before["code"], before["valid_until"]) == ("silver", "2031-05-31")
    answer = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})
    assert answer.status_code == 200, answer.text
    held: Any = answer.json()["tier"]
    assert (held["code"], held["valid_until"]) == ("silver", "2031-05-31")
    assert await unproved(chain.tenant_id) == []
