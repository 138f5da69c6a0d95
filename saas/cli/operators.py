"""`regulars operator`: who may log in to the operator's console."""

import secrets
import sys
from typing import Any

import click

from saas.cli.asking import ask
from saas.terminal import table


def _how(command: Any) -> Any:
    """Where the password comes from; asked for without an option."""
    for option in (
        click.option("--generate", is_flag=True, help="Print a random password instead of asking for one."),
        click.option("--password-stdin", is_flag=True, help="Read it from standard input."),
    ):
        command = option(command)
    return command


@click.group()
def operator() -> None:
    """Who may log in to the operator's console (/operator)."""


@operator.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As the record of acts shows it.")
@_how
@click.option("--keep", is_flag=True, help="Who is an operator already stays as is; that's no error.")
def operator_add(email: str, name: str, *, generate: bool, password_stdin: bool, keep: bool) -> None:
    """Lets somebody in. In production the first log-in sets up a second factor."""
    from saas.console.people import add

    password = _password(email, generate=generate, password_stdin=password_stdin)
    if ask(add(email, name.strip()[:200] or email, password)) is None:
        if keep:
            click.echo("is one already")
            return
        raise click.ClickException(f"{email} is an operator already; `regulars operator reset` gives a new password")
    click.echo(f"password: {password}" if generate else "added")


@operator.command("list")
def operator_list() -> None:
    """Everybody who may log in."""
    from saas.console.people import everybody

    rows = [(o.email, o.name, f"{o.created_at:%Y-%m-%d}", "yes" if o.confirmed_at else "no") for o in ask(everybody())]
    click.echo(table(("e-mail", "name", "since", "second factor"), rows))


@operator.command("reset")
@click.argument("email")
@_how
def operator_reset(email: str, *, generate: bool, password_stdin: bool) -> None:
    """A new password, and the second factor anew, for who lost either. Ends the sessions."""
    from saas.console.people import reset

    password = _password(email, generate=generate, password_stdin=password_stdin)
    if not ask(reset(email, password)):
        raise click.ClickException(f"{email} is no operator")
    click.echo(f"password: {password}" if generate else "reset")


@operator.command("remove")
@click.argument("email")
def operator_remove(email: str) -> None:
    """Out at once; the record of acts keeps the name."""
    from saas.console.people import remove

    if not ask(remove(email)):
        raise click.ClickException(f"{email} is no operator")
    click.echo("removed")


def _password(email: str, *, generate: bool, password_stdin: bool) -> str:
    from saas.errors import InvalidValueError
    from saas.passwords import SHORTEST, require_strong

    if generate:
        return secrets.token_urlsafe(15)
    given: str = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    try:
        return require_strong(given, email)
    except InvalidValueError:
        raise click.ClickException(f"too easy to guess: take {SHORTEST} characters or more, no common word") from None
