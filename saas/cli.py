"""The command line: a composition root. Each command imports what it needs, so that `regulars --help` is quick."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import click

from saas.terminal import Commands, table

T = TypeVar("T")


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


_OF_PROOF: Final = {"proved_on", "differences"}
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
def up(port: int, host: str, data_dir: Path, demo: bool | None, demo_members: int | None) -> None:
    """Everything on this machine; Ctrl-C stops it all."""
    from saas.demo.chain import hooks
    from saas.local.supervisor import run

    sys.exit(run(port=port, host=host, data_dir=data_dir, hooks=hooks(demo, demo_members)))


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
    """Sends committed jobs to the workers; several may run."""
    _configure()
    from saas.relay import run
    from saas.worker import load_jobs

    load_jobs()
    run(metrics=metrics)


@main.command()
@_metrics
def scheduler(metrics: Endpoint | None) -> None:
    """Fires schedules on each tenant's clock; several may run."""
    _configure()
    from saas.scheduler import run
    from saas.worker import load_jobs

    load_jobs()
    run(metrics=metrics)


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


@main.group()
def tenant() -> None:
    """The chains on this installation."""


@tenant.command("list")
def tenant_list() -> None:
    """Every tenant, the newest first."""
    from saas.operators.tenants import list_tenants

    tenants = _ask(list_tenants())
    rows = [
        (t.tenant_id, t.slug, t.name, t.template, t.status, t.plan, f"{t.created_at:%Y-%m-%d}", t.proof)
        for t in tenants
    ]
    click.echo(table(("id", "slug", "name", "template", "status", "plan", "since", "proved on"), rows))


@tenant.command("show")
@click.argument("tenant")
def tenant_show(tenant: str) -> None:
    """One tenant, by id or slug, and its size."""
    from saas.operators.tenants import find_tenant, sizes

    async def read() -> list[tuple[str, object]]:
        found = await find_tenant(tenant)
        if found is None:
            raise click.ClickException(f"no tenant has the id or slug {tenant!r}")
        told = [(name, getattr(found, name)) for name in found.__dataclass_fields__ if name not in _OF_PROOF]
        told.append(("proved_on", found.proof))
        return told + [(f"{name} rows", count) for name, count in (await sizes(found.tenant_id)).items()]

    for name, value in _ask(read()):
        click.echo(f"{name:<18} {value}")


@main.command()
@click.option("--tenant", help="This one alone, by id or slug.")
@click.option("--ledgers-only", is_flag=True, help="Only the ledgers' checks, without replaying members.")
@click.option("--members", type=click.IntRange(min=1), help="Replay so many members of each chain, the first ones.")
def verify(tenant: str | None, ledgers_only: bool, members: int | None) -> None:
    """Proves what is stored: members' tiers, sums, points and bonuses are what their facts give, decided again; the
    ledgers balance. Exits with 1 where something differs. It only reads.
    """
    from saas.operators.proofs import UnknownTenantError
    from saas.operators.verifying import verify

    try:
        tenants, differences = _ask(verify(tenant, most=0 if ledgers_only else members))
    except UnknownTenantError:
        raise click.ClickException(f"no tenant has the id or slug {tenant!r}") from None
    click.echo(f"{tenants} tenants, {differences} differences")
    sys.exit(differences > 0)


@main.group()
def jobs() -> None:
    """Jobs that failed for good (dead letters)."""


def _choice(command: Any) -> Any:
    """Options that choose dead letters."""
    for option in (
        click.option("--tenant", "tenant_id", type=click.UUID, help="Of this tenant."),
        click.option("--name", help="Of this job."),
        click.option("--id", "job_id", type=click.UUID, help="This one."),
    ):
        command = option(command)
    return command


@jobs.command("dead")
@_choice
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def jobs_dead(tenant_id: UUID | None, name: str | None, job_id: UUID | None, limit: int) -> None:
    """Lists them, the newest first."""
    from saas.dead_letters import list_dead

    dead = _ask(list_dead(tenant_id=tenant_id, name=name, job_id=job_id, limit=limit))
    if not dead:
        click.echo("No dead letters.")
    for letter in dead:
        click.echo(f"{letter.dead_at:%Y-%m-%d %H:%M:%S}  {letter.name}  after {letter.attempts} attempts")
        click.echo(f"    id {letter.id}  tenant {letter.tenant_id}  request {letter.request_id}")
        click.echo(f"    {json.dumps(letter.payload, ensure_ascii=False)}")
        click.echo(f"    {letter.error}")


@jobs.command("retry")
@_choice
@click.option("--all", "everything", is_flag=True, help="All of them.")
def jobs_retry(tenant_id: UUID | None, name: str | None, job_id: UUID | None, everything: bool) -> None:
    """Gives the chosen ones all their attempts again."""
    from saas.dead_letters import retry

    _require_choice(tenant_id, name, job_id, everything=everything)
    click.echo(f"{_ask(retry(tenant_id=tenant_id, name=name, job_id=job_id))} sent again")


@jobs.command("drop")
@_choice
@click.option("--yes", is_flag=True, help="Don't ask.")
def jobs_drop(tenant_id: UUID | None, name: str | None, job_id: UUID | None, yes: bool) -> None:
    """Deletes the chosen ones: their work is given up."""
    from saas.dead_letters import drop

    _require_choice(tenant_id, name, job_id, everything=False)
    if not yes:
        click.confirm("Their work will never be done. Drop them?", abort=True)
    click.echo(f"{_ask(drop(tenant_id=tenant_id, name=name, job_id=job_id))} dropped")


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

    root = Path(__file__).parents[1]
    if not (root / "tests" / "benchmarks" / "run.py").is_file():
        raise click.ClickException("the benchmarks are in the source tree: run `make bench` in a clone")
    command = [sys.executable, "-m", "tests.benchmarks.run", *arguments]
    sys.exit(subprocess.run(command, cwd=root, check=False).returncode)  # noqa: S603  # ours


def _configure() -> None:
    from saas.logs import configure_logging
    from saas.settings import get_settings

    settings = get_settings()
    configure_logging(settings.log_format, settings.log_level)


def _ask(question: Coroutine[Any, Any, T]) -> T:
    """Runs one question to the database and closes the pools."""
    from saas.db import close_pools

    async def answer() -> T:
        try:
            return await question
        finally:
            await close_pools()

    return asyncio.run(answer())


def _require_choice(*choice: object, everything: bool) -> None:
    if not everything and all(part is None for part in choice):
        raise click.UsageError("say which: --tenant, --name or --id")


if __name__ == "__main__":
    main(prog_name="regulars")
