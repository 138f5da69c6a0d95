"""`regulars tenant`: the chains on this installation."""

from pathlib import Path
from typing import Final
from uuid import UUID

import click

from saas.cli.asking import ask, talk
from saas.terminal import table

_OF_PROOF: Final = {"proved_on", "differences"}


def tenant_id(tenant: str) -> UUID:
    """By id or slug. Raises ClickException."""
    from saas.operators.tenants import find_tenant

    found = ask(find_tenant(tenant))
    if found is None:
        raise click.ClickException(f"no tenant has the id or slug {tenant!r}")
    return found.tenant_id


@click.group()
def tenant() -> None:
    """The chains on this installation."""


@tenant.command("list")
def tenant_list() -> None:
    """Every tenant, the newest first."""
    from saas.operators.tenants import list_tenants

    tenants = ask(list_tenants())
    rows = [
        (
            t.tenant_id,
            t.slug,
            t.name,
            t.template,
            "sample" if t.sample_of else "sandbox" if t.sandbox_of else t.status,
            t.plan,
            f"{t.created_at:%Y-%m-%d}",
            t.proof,
        )
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

    for name, value in ask(read()):
        click.echo(f"{name:<18} {value}")


@tenant.command("suspend")
@click.argument("tenant")
@click.option("--reason", required=True, help="Kept in its audit log.")
def tenant_suspend(tenant: str, reason: str) -> None:
    """Its tills only read and quote until `resume`, whatever it pays."""
    from saas.operators.accounts import hold

    click.echo(ask(hold(tenant_id(tenant), held=True, reason=reason)))


@tenant.command("resume")
@click.argument("tenant")
@click.option("--reason", required=True, help="Kept in its audit log.")
def tenant_resume(tenant: str, reason: str) -> None:
    """Lets a suspended chain go; then its subscription decides."""
    from saas.operators.accounts import hold

    click.echo(ask(hold(tenant_id(tenant), held=False, reason=reason)))


@tenant.command("erase")
@click.argument("tenant")
@click.option("--confirm", prompt="Its slug, once more", help="The chain's slug again.")
def tenant_erase(tenant: str, confirm: str) -> None:
    """Every row and file of a chain, at once and for good. Its subscription ends; invoices stay at Stripe."""
    from saas.operators.accounts import erase
    from saas.operators.tenants import find_tenant

    found = ask(find_tenant(tenant))
    if found is None:
        raise click.ClickException(f"no tenant has the id or slug {tenant!r}")
    if confirm != found.slug:
        raise click.ClickException(f"{confirm!r} isn't the slug of {found.name}; nothing was erased")
    click.echo(f"{talk(erase(found.tenant_id))} rows erased")


@tenant.command("export")
@click.argument("tenant")
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A file that isn't there yet."
)
def tenant_export(tenant: str, to: Path) -> None:
    """Everything of a chain, as of now, into a ZIP; the tills go on meanwhile. It holds personal data."""
    from saas.operators.moving import export_to

    try:
        told = ask(export_to(tenant_id(tenant), to))
    except FileExistsError:
        raise click.ClickException(f"{to} is there already; nothing was written") from None
    click.echo(f"{told.rows:,} rows as of {told.as_of:%Y-%m-%d %H:%M:%S} UTC in {to} ({to.stat().st_size:,} bytes)")


@tenant.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", required=True, help="The e-mail address that gets the invitation.")
@click.option("--slug", help="Its short name in addresses. [default: made from its name]")
def tenant_import(file: Path, owner: str, slug: str | None) -> None:
    """Makes a new chain of an export: the same members, sales, ledgers and rules, in trial."""
    from saas.field_types import clean_email
    from saas.operators.moving import UnreadableExportError, import_from

    try:
        moved = talk(import_from(file, slug=slug, owner=clean_email(owner)))
    except (UnreadableExportError, ValueError) as error:
        raise click.ClickException(f"{file} can't be read: {error}. Nothing was written") from None
    click.echo(f"{moved.name}: {sum(moved.rows.values()):,} rows; id {moved.tenant_id}, slug {moved.slug}")
    if moved.waiting:
        left = ", ".join(f"{name} ({count})" for name, count in sorted(moved.waiting.items()))
        click.echo(f"Not carried over, still to be done where it comes from: {left}")
    click.echo(f"The owner comes in by {moved.invitation}")
    click.echo(f"Prove it: regulars verify --tenant {moved.slug}")
