"""How a command asks the database one thing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


def ask(question: Coroutine[Any, Any, T]) -> T:
    """Runs one question to the database and closes the pools."""
    from saas.db import close_pools

    async def answer() -> T:
        try:
            return await question
        finally:
            await close_pools()

    return asyncio.run(answer())


def talk(question: Coroutine[Any, Any, T]) -> T:
    """One question to Stripe and the database. What Stripe or the chain's state refuses is said in a line."""
    from saas.billing.client import close_stripe
    from saas.errors import DomainError, catalogue
    from saas.wording import fill
    from saas.worker import load_jobs

    load_jobs()  # what a chain has begun may be in the way, whatever it is: then it's finished first

    async def answer() -> T:
        try:
            return await question
        finally:
            await close_stripe()

    try:
        return ask(answer())
    except DomainError as error:
        said = catalogue().problems[error.code]
        raise click.ClickException(fill(said.detail["en"], {**said.defaults, **error.params}, "en")) from None
