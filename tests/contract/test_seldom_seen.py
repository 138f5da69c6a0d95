"""Answers that few tests see, held against the contract as every answer in this folder: nothing that may be null or
left out is told otherwise.
"""

from typing import Any

from support.chains import Chain
from support.payer import payer


async def sent(chain: Chain, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await chain.http.request(method, path, json=body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_friend_without_a_name(chain: Chain) -> None:
    one = await sent(chain, "POST", "/v1/members", {"phone": "13912345678"})
    await sent(chain, "POST", "/v1/members", {"external_id": "nobody", "referrer_id": one["id"]})
    [friend] = (await sent(chain, "GET", f"/v1/members/{one['id']}/referrals"))["data"]
    assert friend["name"] is None


async def test_a_subscription_by_invoice_on_trial(new_chain: Any, drain: Any, billing_on: Any) -> None:
    chain = (await payer(new_chain, drain, billing_on, trial=True)).chain
    fapiao = {"type": "normal", "title": "青禾商贸"}
    await sent(chain, "PUT", "/v1/billing/payer", {"email": "owner@example.com", "fapiao": fapiao})
    assert (await sent(chain, "PUT", "/v1/billing/payer", {"fapiao": None}))["fapiao"] is None
    await sent(chain, "POST", "/v1/billing/checkout", {"plan": "chain", "pay": "invoice"})
    mine = (await sent(chain, "GET", "/v1/billing"))["subscription"]
    assert (mine["payment_method"], mine["next_plan"]) == (None, None)
    assert mine["trial_end"] is not None
    assert None in [row["detail"].get("type", 0) for row in (await sent(chain, "GET", "/v1/audit-log"))["data"]]


async def test_a_subscription_with_a_smaller_plan_to_come(new_chain: Any, drain: Any, billing_on: Any) -> None:
    paying = await payer(new_chain, drain, billing_on)
    await paying.subscribes("chain")
    await sent(paying.chain, "POST", "/v1/billing/change-plan", {"plan": "starter"})
    mine = (await sent(paying.chain, "GET", "/v1/billing"))["subscription"]
    assert mine["next_plan"]["code"] == "starter"


async def test_cohorts_of_months_that_are_over(chain: Chain) -> None:
    over = await sent(chain, "GET", "/v1/reports/cohorts?from=2020-01-01&to=2020-03-31")
    assert over["unfinished"] is None
