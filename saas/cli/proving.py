"""`regulars prove`: what the installation proves of itself by trying to break it."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

import click

from saas.terminal import table


@click.group()
def prove() -> None:
    """Proofs by attack."""


@prove.command("isolation")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Also write what was tried, as JSON.")
@click.option("--scheduled", is_flag=True, hidden=True)
def isolation(report: Path | None, scheduled: bool) -> None:
    """One throwaway chain attacks another, by every route, job, link and table. Exits with 1 where anything leaks.

    Nobody sees these chains or pays for them; they are erased at the end. It takes a minute or two.
    """
    from saas.app import create_app
    from saas.db import close_pools
    from saas.isolation.run import AtWorkError, Ran, run
    from saas.isolation_proofs import ATTACKS

    async def attacked() -> Ran:
        app = create_app()
        logging.getLogger("security").disabled = True  # thousands of refusals that nobody has to look into
        try:
            return await run(app, "schedule" if scheduled else "operator")
        finally:
            await app.state.limiter.close()
            await close_pools()

    try:
        ran = asyncio.run(attacked())
    except AtWorkError:
        raise click.ClickException(
            "another run is at work (one that died counts as failed half an hour after it began)"
        ) from None
    record = ran.record
    rows = [(kind, record.of(kind), sum(leak.attack == kind for leak in record.leaks)) for kind in ATTACKS]
    click.echo(table(("attack", "tries", "leaks"), rows))
    for leak in record.leaks:
        click.echo(f"LEAK  {leak.attack}  {leak.place}  {leak.tried}: {leak.said}")
    click.echo(f"{ran.routes} routes, {record.tries} tries, {len(record.leaks)} leaks")
    if report is not None:
        told = {"tried": record.lines(), "leaks": [asdict(leak) for leak in record.leaks]}
        report.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(record.leaks))
