"""The command line: a composition root. Each command imports what it needs, so that `regulars --help` is quick."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from saas.cli import billing, jobs, operators, proving, tenants
from saas.cli.asking import ask
from saas.terminal import Commands


class Endpoint(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class _EndpointType(click.ParamType["Endpoint"]):
    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:
        host, _, port = str(value).rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
            self.fail(f"{value!r} isn't host:port", param, ctx)
        return Endpoint(host, int(port))


_PORT: Final = click.IntRange(1, 65535)
_metrics = click.option("--metrics", type=_EndpointType(), help="Answer Prometheus here, for instance 127.0.0.1:9101.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="regulars")
def main() -> None:
    """Regulars: membership for chain stores."""


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 chooses a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), default=Path("var"), show_default=True)
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Four demo chains, made at the first start. [default: unless DATABASE_URL is set]",
)
@click.option(
    "--demo-members",
    type=click.IntRange(1, 1_000_000),
    help="Instead of four: one demo chain of so many members, by import, for benchmarks.",
)
@click.option(
    "--demo-days",
    type=click.IntRange(90, 730),
    help="How far back the demo's history reaches; fewer days are there sooner. [default: 730]",
)
def up(
    port: int, host: str, data_dir: Path, demo: bool | None, demo_members: int | None, demo_days: int | None
) -> None:
    """Everything on this machine; Ctrl-C stops it all."""
    from saas.demo.chain import hooks
    from saas.local.plans import publish_plans
    from saas.local.supervisor import run

    sys.exit(run(port=port, host=host, data_dir=data_dir, hooks=[publish_plans, *hooks(demo, demo_members, demo_days)]))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=_PORT, default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
def serve(host: str, port: int, workers: int) -> None:
    """The API and the admin."""
    from saas.serve import run

    run(host, port, workers)


@main.command()
@_metrics
def worker(metrics: Endpoint | None) -> None:
    """Runs jobs; any number of them side by side."""
    _configure()
    from saas.worker import run

    run(metrics=metrics)


@main.command()
@_metrics
def relay(metrics: Endpoint | None) -> None:
    """Sends committed jobs to the workers and numbers events; several may run."""
    _configure()
    from saas.relay import run
    from saas.worker import load_jobs
    from tenants.events.numbering import Numbering, measure

    load_jobs()
    run(metrics=metrics, beside=(Numbering().poll, measure))


@main.command()
@_metrics
def scheduler(metrics: Endpoint | None) -> None:
    """Fires schedules on each tenant's clock; several may run."""
    _configure()
    from saas.billing.backfill import sweep
    from saas.isolation.weekly import Weekly
    from saas.scheduler import run
    from saas.worker import load_jobs

    load_jobs()
    run(metrics=metrics, chores=(sweep, Weekly().poll))


@main.command("stripe-sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 chooses a free one.")
@click.option("--data", type=click.Path(dir_okay=False, path_type=Path), help="The file it keeps. [default: memory]")
@click.option("--webhook", default="", help="Where events go, signed with STRIPE_WEBHOOK_SECRETS.")
def stripe_sandbox(port: int, data: Path | None, webhook: str) -> None:
    """Stripe on this machine, with play money; `up` starts it by itself."""
    from saas.local.stripe_sandbox.process import run

    sys.exit(run(port, data, webhook))


@main.command()
def migrate() -> None:
    """Brings the schema to head."""
    _configure()
    from saas.migrate import migrate

    asyncio.run(migrate())
    click.echo("The schema is at head.")


@main.command()
def doctor() -> None:
    """Checks this installation and says how to mend what is wrong."""
    from saas.doctor import examine

    findings = asyncio.run(examine())
    for finding in findings:
        click.echo(finding.line(colour=sys.stdout.isatty()))
    sys.exit(any(finding.state == "wrong" for finding in findings))


@main.command()
@click.option("--tenant", help="This one alone, by id or slug.")
@click.option("--ledgers-only", is_flag=True, help="Only the ledgers' checks, without replaying members.")
@click.option("--members", type=click.IntRange(min=1), help="Replay so many members of each chain, the first ones.")
def verify(tenant: str | None, ledgers_only: bool, members: int | None) -> None:
    """Proves what is stored: members' tiers, sums, points and stored value are what their facts give;
    the ledgers balance. Exits with 1 where something differs. It only reads.
    """
    from saas.operators.proofs import UnknownTenantError
    from saas.operators.verifying import verify

    try:
        tenants, differences = ask(verify(tenant, most=0 if ledgers_only else members))
    except UnknownTenantError:
        raise click.ClickException(f"no tenant has the id or slug {tenant!r}") from None
    click.echo(f"{tenants} tenants, {differences} differences")
    sys.exit(differences > 0)


@main.group()
def secrets() -> None:
    """The installation's secret keys."""


@secrets.command("new")
def secrets_new() -> None:
    """Prints a fresh key, for the front of SECRET_KEYS."""
    from saas.secrets import new_secret_key

    click.echo(new_secret_key())


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """The benchmarks, on servers of their own, with a table. Needs the source tree."""
    import subprocess

    root = Path(__file__).parents[2]
    if not (root / "tests" / "benchmarks" / "run.py").is_file():
        raise click.ClickException("the benchmarks are in the source tree: run `make bench` in a clone")
    command = [sys.executable, "-m", "tests.benchmarks.run", *arguments]
    sys.exit(subprocess.run(command, cwd=root, check=False).returncode)  # noqa: S603  # ours


def _configure() -> None:
    from saas.logs import configure_logging
    from saas.settings import get_settings

    settings = get_settings()
    configure_logging(settings.log_format, settings.log_level)


for group in (tenants.tenant, jobs.jobs, billing.billing, operators.operator, proving.prove):
    main.add_command(group)
