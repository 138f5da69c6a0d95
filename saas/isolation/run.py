"""A run on record: begun once at a time, its chains erased whatever happens, its outcome kept."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog

from saas import isolation_proofs
from saas.db import open_pool
from saas.isolation.chains import erase_chains
from saas.isolation.prove import attack, stage
from saas.isolation.record import Record
from saas.isolation_proofs import ATTACKS, Outcome
from saas.running import describe

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class AtWorkError(RuntimeError):
    """Another run is at work."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run tried: `routes` of the application, all of them."""

    routes: int
    record: Record


async def run(app: Any, asked_by: Literal["schedule", "operator"]) -> Ran:
    """Attacks, and keeps what came of it. Raises AtWorkError, and what stopped it, which is kept as well."""
    await open_pool()
    for dead in await isolation_proofs.died():
        await erase_chains(dead)
    run_id = await isolation_proofs.begin(asked_by)
    if run_id is None:
        raise AtWorkError
    try:
        async with stage(app, run_id) as on:
            await attack(on)
    except BaseException as error:
        await isolation_proofs.end(run_id, Outcome(error=describe(error)))
        raise
    ran = Ran(len(on.routes), on.record)
    await isolation_proofs.end(run_id, outcome(ran))
    for leak in ran.record.leaks:
        log.error("isolation leak", **asdict(leak))
    return ran


def outcome(ran: Ran) -> Outcome:
    """As it is kept."""
    record = ran.record
    kinds = len({attack for attack, _ in record.tallies} & ATTACKS.keys())
    found = tuple(asdict(leak) for leak in record.leaks)
    return Outcome(ran.routes, kinds, record.tries, tuple(record.lines()), found)
