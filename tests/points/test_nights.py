"""Every night's jobs: installed, and known to the worker."""

from typing import Any

from support.chains import Chain
from support.till import rows

from saas.jobs import _registry
from tenants.nightly import NIGHTLY, QUIET


async def test_every_chain_has_the_schedules_of_every_night(chain: Chain, drain: Any) -> None:
    jobs = {row["name"] for row in await rows(chain, "schedule")}
    assert jobs == {"tiers", *NIGHTLY, *QUIET}
    assert {*NIGHTLY.values(), *QUIET.values()} <= _registry.keys()
