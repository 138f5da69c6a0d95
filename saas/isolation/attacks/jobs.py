"""Every background job, in the attacker's chain, told to work on what is the other chain's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.isolation.attacks.foreign import ANSWERS_NEW
from saas.isolation.cases.every import CASES
from saas.isolation.chains import settle
from saas.isolation.furnishing.furnish import Furnished
from saas.isolation.knocks import NOBODYS, Ids
from saas.isolation.stage import Side, Stage, send
from saas.jobs import Job, names, registered
from saas.scope import tenant_scope
from tenants.webhooks.carrying import read

Payload = dict[str, Any]
_DAY: Final = "2026-01-01"
_EVERYBODY: Final = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 0}
_BEGINNING: Final = "00000000-0000-0000-0000-000000000000"
_MISSHAPEN: Final = (KeyError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class Prey:
    """The other chain's ids, and a decision of its member's; what the attacker has beside."""

    ids: Ids
    decision: str
    mark: str
    ours: Furnished


def _bulk(prey: Prey) -> list[Payload]:
    counts = {"total": 1, "looked_at": 0, "changed": 0, "actor": "system", "filters": {}}
    tag = {"act": {"act": "add_tag", "tag": "knock"}, "ids": [prey.ids.member], **counts}
    return [{**tag, "job_id": prey.ids.bulk}, {**tag, "job_id": prey.ours.bulk_id}]


def _coupons(prey: Prey) -> list[Payload]:
    counts = {"granted": 0, "looked_at": 0, "reason": None, "actor": "system", "condition": _EVERYBODY}
    ours, theirs = prey.ours, prey.ids
    return [
        {**counts, "job_id": theirs.grant_job, "coupon_id": theirs.coupon},
        {**counts, "job_id": ours.grant_job, "coupon_id": theirs.coupon},
    ]


def _replay(prey: Prey) -> list[Payload]:
    asked = {"from": None, "to": None, "sent": 0, "job_id": prey.ids.job, "endpoint_id": prey.ids.webhook}
    return [
        {**asked, "failed": True, "after": _BEGINNING, "until": prey.ids.delivery},
        {**asked, "failed": False, "first": 0, "after": 0, "until": 1000},
    ]


JOBS: Final[dict[str, Callable[[Prey], list[Payload]]]] = {
    "billing.event": lambda prey: [
        {"type": "invoice.paid", "object": f"in_{prey.mark}", "event": f"evt_{prey.mark}"},
        {"type": "customer.subscription.updated", "object": f"sub_{prey.mark}", "event": f"evt_{prey.mark}"},
    ],
    "billing.operate": lambda prey: [{"id": prey.ids.key_branch}],
    "billing.read": lambda prey: [{"invoice": f"in_{prey.mark}"}, {"subscription": f"sub_{prey.mark}"}],
    "billing.second": lambda prey: [{"subscription": f"sub_{prey.mark}"}],
    "birthdays.keep": lambda prey: [{"due_at": f"{_DAY}T00:00:00+08:00", "after": [_DAY, prey.ids.member]}],
    "campaigns.joined": lambda prey: [{"member_id": prey.ids.member}],
    "campaigns.purchase": lambda prey: [{"purchase_id": prey.ids.purchase}],
    "campaigns.referral": lambda prey: [{"member_ids": [prey.ids.member]}],
    "campaigns.tell": lambda prey: [{"campaign_id": prey.ids.campaign, "shares": [[prey.ids.grant, {}]]}],
    "campaigns.tier": lambda prey: [{"decision_ids": [prey.decision]}, {"recalculation_id": prey.ids.job}],
    "campaigns.walk": lambda prey: [{"campaign_id": prey.ids.campaign}],
    "coupons.grant": _coupons,
    "export.write": lambda prey: [{"export_id": prey.ids.export}],
    "gifts.run": lambda prey: [{"recalculation_id": prey.ids.job}],
    "gifts.take_back": lambda prey: [{"decision_ids": [prey.decision]}],
    "gifts.upgrade": lambda prey: [{"member_id": prey.ids.member, "decision_id": prey.decision}],
    "import.accrue": lambda prey: [{"import_id": prey.ids.imported, "batch": 1}],
    "import.batch": lambda prey: [{"import_id": prey.ids.imported, "batch": n} for n in range(3)],
    "import.brought": lambda prey: [{"import_id": prey.ids.imported, "batch": 1, "after": _BEGINNING}],
    "members.bulk": _bulk,
    "messages.send": lambda prey: [{"ids": [prey.ids.member], "attempt": 0, "by_day": False}],
    "points.expire": lambda prey: [{"after": [_DAY, prey.ids.member]}],
    "points.notices": lambda prey: [{"after": [_DAY, prey.ids.member]}],
    "proof.slice": lambda prey: [{"proof_id": prey.ids.job}],
    "recalculation.batch": lambda prey: [{"recalculation_id": prey.ids.job}],
    "referrals.count": lambda prey: [{"member_ids": [prey.ids.member]}, {"member_id": prey.ids.member}],
    "reports.find": lambda prey: [
        {
            "todo": [
                {
                    "report": "overview",
                    "first": "2026-01-01",
                    "last": "2026-01-31",
                    "branch_ids": [prey.ids.branch],
                    "period": None,
                }
            ]
        }
    ],
    "sandbox.play": lambda prey: [{"id": prey.ids.staff}],  # `furnishing.people` calls the move so
    "simulation.batch": lambda prey: [{"simulation_id": prey.ids.simulation}],
    "tasks.drop": lambda prey: [{"rule_id": prey.ids.rule}],
    "tasks.remake": lambda prey: [{"rule_id": prey.ids.rule}],
    "tasks.walk": lambda prey: [{"rule_id": prey.ids.rule}],
    "webhook.replay": _replay,
}
"""What each job that takes an id is told."""

NO_ID: Final[dict[str, str]] = {
    "billing.compare": "asks Stripe about the chain's own customer",
    "billing.due": "the chain's own dates",
    "billing.erase": "the chain itself, once it has left",
    "billing.renewal": "the chain's own subscription",
    "billing.usage": "the chain's own use",
    "campaigns.night": "the chain's own campaigns",
    "coupons.expire": "the chain's own coupons",
    "export.forget": "the chain's own files",
    "export.sweep": "the chain's own files",
    "imports.sweep": "the chain's own files",
    "mail.send": "a sealed letter, which holds no id",
    "programme.publish": "what waits in the chain itself, by its instant",
    "proof.night": "the chain's own members",
    "reports.night": "the chain's own numbers",
    "samples.make": "what its own row asks for",
    "samples.remove": "what its own row asks for",
    "sandbox.follow": "the sandbox that its own row names",
    "sandbox.make": "what its own row asks for",
    "sandbox.remove": "what its own row asks for",
    "simulations.remove": "the chain's own simulations",
    "tasks.make": "the chain's own rules",
    "tiers.notices": "the chain's own members",
    "tiers.recheck": "the chain's own marks, by their instant",
    "tiers.schedule": "the chain's own ladders, by their instant",
}
"""Jobs that take no id: they work on the chain in whose scope they run."""


async def told_to_work_on_the_other(stage: Stage) -> None:
    """Each job does nothing to the other chain. A name that isn't known here is a leak: it hasn't been thought of."""
    prey = await _prey(stage)
    for name in names():
        if name in NO_ID:
            continue
        if name not in JOBS:
            stage.record.leak("jobs", name, "nothing", "it isn't known what this job takes")
            continue
        for payload in JOBS[name](prey):
            stage.record.tried("jobs", name, await _run(stage, name, payload))
        await stage.hold("jobs", name)
    await settle(stage.ours.chain.tenant_id)
    await stage.hold("jobs", "what they made to be done")


async def _prey(stage: Stage) -> Prey:
    theirs, chain = stage.theirs, stage.theirs.chain
    decisions = (await chain.http.get(f"/v1/members/{theirs.furnished.member_id}/decisions")).json()["data"]
    await stage.look()  # the question may have left a trace
    return Prey(theirs.ids, decisions[0]["id"], theirs.furnished.phone[-4:], stage.ours.furnished)


async def _run(stage: Stage, name: str, payload: Payload) -> str:
    """How it ended: `done`, or by which error. It runs as the worker runs it, without a row in the outbox."""
    found = registered(name)
    if found is None:
        return "gone"
    try:
        await _handle(stage.ours, found, payload)
    except DomainError as error:
        return error.code
    except _MISSHAPEN as error:
        stage.record.leak("control", name, "a payload of its shape", f"{type(error).__name__}: {error}")
        return type(error).__name__
    except (RuntimeError, LookupError, asyncpg.PostgresError) as error:
        return type(error).__name__
    return "done"


async def _handle(side: Side, found: Job, payload: Payload) -> None:
    tenant_id = side.chain.tenant_id
    if found.errand is not None:
        await found.errand(tenant_id, payload)
    elif found.handler is not None:
        async with tenant_scope(tenant_id, repeatable=found.snapshot):
            await found.handler(payload)


async def deliveries_of_the_other(stage: Stage) -> None:
    """What carries webhooks out, in the attacker's name: it finds none of the other's deliveries to send."""
    ours, theirs = stage.ours.chain.tenant_id, stage.theirs.ids
    parcels = await read(ours, [UUID(theirs.delivery), UUID(theirs.webhook), UUID(theirs.event)])
    stage.record.tried("jobs", "webhooks", f"{len(parcels)} deliveries")
    if parcels:
        stage.record.leak("jobs", "webhooks", "the other's deliveries", f"{len(parcels)} would be sent")
    await stage.hold("jobs", "webhooks")


async def rows_that_name_the_other(stage: Stage) -> None:
    """An import answers before it looks: what it found of the other's members is in its errors."""
    for route in sorted(ANSWERS_NEW):
        told = []
        for ids in (stage.theirs.ids, NOBODYS):
            (one,) = CASES[route](ids, stage.ours.furnished)
            started = (await send(stage.ours, route[0], one)).json()["import_id"]
            await settle(stage.ours.chain.tenant_id)
            shown = (await stage.ours.chain.http.get(f"/v1/imports/{started}")).json()
            errors = (await stage.ours.chain.http.get(f"/v1/imports/{started}/errors.csv")).text
            told.append((shown["imported"], shown["failed"], errors.replace(ids.external, "…")))
            stage.record.tried("jobs", "import", f"{shown['imported']} rows")
        if told[0] != told[1] or told[0][0]:
            stage.record.leak("jobs", "import", "rows that name the other's member", "not as for nobody's")
    await stage.hold("jobs", "import")
