"""`regulars jobs`: dead letters."""

import json
from typing import Any
from uuid import UUID

import click

from saas.cli.asking import ask


@click.group()
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

    dead = ask(list_dead(tenant_id=tenant_id, name=name, job_id=job_id, limit=limit))
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
    click.echo(f"{ask(retry(tenant_id=tenant_id, name=name, job_id=job_id))} sent again")


@jobs.command("drop")
@_choice
@click.option("--yes", is_flag=True, help="Don't ask.")
def jobs_drop(tenant_id: UUID | None, name: str | None, job_id: UUID | None, yes: bool) -> None:
    """Deletes the chosen ones: their work is given up."""
    from saas.dead_letters import drop

    _require_choice(tenant_id, name, job_id, everything=False)
    if not yes:
        click.confirm("Their work will never be done. Drop them?", abort=True)
    click.echo(f"{ask(drop(tenant_id=tenant_id, name=name, job_id=job_id))} dropped")


def _require_choice(*choice: object, everything: bool) -> None:
    if not everything and all(part is None for part in choice):
        raise click.UsageError("say which: --tenant, --name or --id")
