"""`regulars billing`: plans to Stripe, what chains owe, our copies against Stripe's."""

import sys
from typing import Final

import click

from saas.cli.asking import ask, talk
from saas.cli.tenants import tenant_id
from saas.terminal import table

STATES: Final = ("trialing", "active", "past_due", "suspended", "cancelled")


@click.group()
def billing() -> None:
    """What chains pay for Regulars, through Stripe."""


@billing.command("sync")
def billing_sync() -> None:
    """Makes plans, prices, meter and portal settings at Stripe. Changes no price; may run any number of times."""
    from saas.billing.sync import SyncError, sync

    try:
        for line in talk(sync()):
            click.echo(line)
    except SyncError as error:
        raise click.ClickException(str(error)) from None


@billing.command("reconcile")
@click.option("--tenant", help="This one alone, by id or slug.")
def billing_reconcile(tenant: str | None) -> None:
    """Compares every subscription, invoice and count of use with Stripe's, and mends our copies. Exits with 1 where
    something differed.
    """
    from saas.billing.reconcile import reconcile

    async def mend() -> int:
        found = 0
        async for one in reconcile(found_id):
            found += 1
            click.echo(f"{one.chain}  {one.what}: {one.ours} -> {one.stripes}")
        return found

    found_id = None if tenant is None else tenant_id(tenant)
    mended = talk(mend())
    click.echo(f"{mended} differences")
    sys.exit(mended > 0)


@billing.command("list")
@click.option("--state", type=click.Choice(STATES), help="Those in this state alone.")
def billing_list(state: str | None) -> None:
    """Every chain's account: state, plan, what it owes."""
    from saas.money import format_money
    from saas.operators.accounts import list_accounts

    rows = [
        (
            one.slug,
            one.name,
            "held" if one.held_by_operator else one.status,
            one.plan,
            one.stripe_status or "-",
            "invoice" if one.collection_method == "send_invoice" else "card" if one.collection_method else "-",
            f"{one.period_end:%Y-%m-%d}" if one.period_end else "-",
            format_money(one.owed, one.currency, "en") if one.owed and one.currency else "-",
            one.email or "-",
        )
        for one in ask(list_accounts(state))
    ]
    click.echo(table(("slug", "name", "state", "plan", "stripe", "pays by", "until", "owes", "e-mail"), rows))


@billing.command("mark-paid")
@click.argument("tenant")
@click.argument("invoice")
def billing_mark_paid(tenant: str, invoice: str) -> None:
    """The money of an open invoice came by bank transfer (对公转账)."""
    from saas.operators.accounts import mark_paid

    talk(mark_paid(tenant_id(tenant), invoice))
    click.echo("paid")
