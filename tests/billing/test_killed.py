"""`kill -9` between any two steps: the job goes on with the operation, and there is one of everything."""

import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from support.chains import Chain
from support.forking import Forks
from support.payer import GOOD, Payer, days, payer
from support.stripe_box import StripeBox

NewChain = Callable[..., Awaitable[Chain]]


@pytest.fixture
async def paying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    made = await payer(new_chain, drain, billing_on)
    await made.gives_an_address()
    return made


@pytest.fixture(scope="module")
def forks(environ: dict[str, str]) -> Iterator[Forks]:
    with Forks("billing/dying.py") as made:
        yield made


async def dies(paying: Payer, forks: Forks, act: str, plan: str, moment: int) -> None:
    """Somebody asks for it, in a process that is killed at this moment."""
    ended = await forks.run(str(paying.chain.tenant_id), act, plan, str(moment), environ=paying.box.environ)
    assert ended == -signal.SIGKILL, "it was to be killed"
    await paying.works()
    assert {one["state"] for one in await paying.operations()} == {"done"}


@pytest.mark.parametrize("moment", range(1, 10))
async def test_checkout(paying: Payer, forks: Forks, moment: int) -> None:
    await dies(paying, forks, "checkout", "growth", moment)
    assert [one["kind"] for one in await paying.operations()] == ["checkout"]
    customer = await paying.customer()
    (session,) = paying.box.client.v1.checkout.sessions.list({"customer": customer}).data
    assert session.id == await paying.session()
    paying.box.control("POST", "checkout/complete", session=session.id, card=GOOD)
    assert len(paying.subscriptions(customer)) == 1
    assert [one["amount_paid"] for one in paying.invoices(customer)] == [59_900]


@pytest.mark.parametrize("moment", range(1, 10))
async def test_a_subscription_by_invoice(paying: Payer, forks: Forks, moment: int) -> None:
    await dies(paying, forks, "subscribe", "growth", moment)
    customer = await paying.customer()
    (held,) = paying.subscriptions(customer)
    row = await paying.row()
    assert (row["subscription_id"], row["plan"], await paying.status()) == (held["id"], "growth", "active")
    assert [one["amount_due"] for one in paying.invoices(customer)] == [59_900]


@pytest.mark.parametrize("moment", range(1, 8))
async def test_an_upgrade(paying: Payer, forks: Forks, moment: int) -> None:
    row = await paying.subscribes("starter")
    await paying.moves_to(row["period_start"] + days(10))
    await dies(paying, forks, "change", "chain", moment)
    row = await paying.row()
    assert (row["plan"], row["stripe_status"]) == ("chain", "active")
    (held,) = paying.subscriptions(await paying.customer())
    assert {item["price"]["lookup_key"].rpartition("_")[0] for item in held["items"]["data"]} == {
        "regulars_chain_cny_2026-11"
    }
    assert len([one for one in paying.invoices(await paying.customer()) if one["amount_paid"]]) == 2
