"""The hooks of `regulars up`: make the demo chains once per data folder, say how to get in, and fill them.

Everything that an integrator could do goes through the HTTP API. Every step may be repeated: a start that was
interrupted goes on where it stopped.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from saas.demo.accounts import buy_plans
from saas.demo.bulk import fill_large
from saas.demo.client import AnswerError, Client
from saas.demo.database import ChainDatabase
from saas.demo.fill import fill
from saas.demo.industries import INDUSTRIES
from saas.demo.industry import DAYS, ZONE
from saas.demo.state import ChainState, DemoState, Keeper, load, state_file
from saas.local.supervisor import Hook, Running
from saas.local.texts import text

_EMAIL: Final = "demo@example.com"
_SIDE_BY_SIDE: Final = 2
LARGE: Final = "pharmacy"
"""The industry of a chain of a size that was asked for: the one with two ladders."""


def hooks(demo: bool | None, members: int | None = None, days: int | None = None) -> list[Hook]:
    """What `regulars up` does when it is ready. `demo` None: demo chains only where the database is ours too, or where
    `members` asks for one; `days`: how far back their history reaches.
    """
    if demo is None:
        demo = members is not None or days is not None or not os.environ.get("DATABASE_URL")
    return (
        [partial(open_chains, members=members, days=days), announce, fill_chains, buy_plans]
        if demo
        else [announce_sign_up]
    )


def open_chains(running: Running, members: int | None = None, days: int | None = None) -> None:
    """Signs up the four chains, or one of so many members, where they aren't there yet; one account owns them all.
    Raises AnswerError or OSError where the API doesn't play along.
    """
    state = load(running.data_dir) or DemoState.fresh(_EMAIL, datetime.now(ZONE).replace(microsecond=0))
    keeper = Keeper(running.data_dir, state)
    with keeper.changing():  # kept before anybody is asked: an answer that is lost can be asked for again
        _add_missing(state, members, days)
    for code, chain in state.chains.items():
        if chain.key is None:
            _sign_up(running, keeper, code)
    _let_operator_in(running, state)


def _let_operator_in(running: Running, state: DemoState) -> None:
    """The same person looks after the installation. Raises CalledProcessError."""
    command = [sys.executable, "-m", "saas.cli", "operator", "add", state.email, "--name", "Demo"]
    subprocess.run(  # noqa: S603  # our own command
        [*command, "--keep", "--password-stdin"],
        env={**os.environ, **running.environment},
        input=state.password,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def announce(running: Running) -> None:
    """Prints the log-in and the keys, the same at every start."""
    state = load(running.data_dir)
    if state is None or not state.chains or any(chain.key is None for chain in state.chains.values()):
        announce_sign_up(running)
        return
    first = next(iter(state.chains.values()))
    try:
        with Client(running.url, first.key) as client:
            client.get("/v1/tenant")
    except AnswerError as error:
        if error.code != "unauthenticated":
            raise
        running.say(text("demo_strange", file=state_file(running.data_dir)))
        return
    running.say(text("demo_log_in", url=running.url, email=state.email, password=state.password))
    running.say(text("demo_operator", url=running.url))
    for chain in state.chains.values():
        running.say(text("demo_key", company=chain.company, template=chain.template, key=chain.key))
    running.say(text("demo_try", key=first.key, url=running.url))


def announce_sign_up(running: Running) -> None:
    """What `regulars up --no-demo` prints."""
    running.say(text("sign_up", url=running.url))


def fill_chains(running: Running) -> None:
    """Writes the chains' histories, two at a time, behind the open shop. Raises what the first failure raises."""
    state = load(running.data_dir)
    waiting = [] if state is None else [code for code, chain in state.chains.items() if chain.key and not chain.filled]
    if state is None or not waiting:
        return
    started = time.monotonic()
    running.say(text("demo_filling", days=max(state.chains[code].days or DAYS for code in waiting)))
    keeper = Keeper(running.data_dir, state)
    with ThreadPoolExecutor(_SIDE_BY_SIDE, "demo") as pool:
        for done in [pool.submit(_fill, running, keeper, code) for code in waiting]:
            done.result()
    running.say(text("demo_filled", seconds=time.monotonic() - started))


def _add_missing(state: DemoState, members: int | None, days: int | None) -> None:
    if members is not None:
        company = f"{INDUSTRIES[LARGE].company} {members:,}"
        state.chains.setdefault(f"{LARGE}-{members}", ChainState.fresh(LARGE, company, members, days))
        return
    for code, industry in INDUSTRIES.items():
        state.chains.setdefault(code, ChainState.fresh(code, industry.company, days=days))


def _sign_up(running: Running, keeper: Keeper, code: str) -> None:
    """The chain with its key: the same one again if an earlier start was cut off before it could keep the answer."""
    state, chain = keeper.state, keeper.state.chains[code]
    name, _, place = state.email.partition("@")
    is_first = code == next(iter(state.chains))
    form = {
        "company": chain.company,
        "template": chain.template,
        "name": "林悦" if is_first else "周建国",
        "email": state.email if is_first else f"{name}-{code}@{place}",
        "password": state.password,
        "locale": "zh-CN",
        "timezone": ZONE.key,
        "currency": "CNY",
    }
    try:
        with Client(running.url) as client:
            made = client.post("/v1/signup", form, idempotency_key=chain.sign_up_key)
    except AnswerError as error:
        if error.code != "email-taken" or not is_first or state.email != _EMAIL:
            raise
        # A database that outlived its data folder: the address belongs to those demo chains.
        with keeper.changing():
            state.email = f"demo-{chain.sign_up_key[:8].lower().strip('-_')}@example.com"
        _sign_up(running, keeper, code)
        return
    if not is_first:
        with ChainDatabase(running.environment, made["tenant"]["id"]) as database:
            database.employ_owner(state.email)
    with keeper.changing():
        chain.key, chain.tenant_id = made["api_key"]["key"], made["tenant"]["id"]


def _fill(running: Running, keeper: Keeper, code: str) -> None:
    state, chain = keeper.state, keeper.state.chains[code]
    if chain.key is None or chain.tenant_id is None:
        return
    industry = replace(INDUSTRIES[chain.template], days=chain.days or DAYS)

    def keep(done: int) -> None:
        with keeper.changing():
            chain.done = done

    with Client(running.url, chain.key) as client:
        if chain.members is not None:
            fill_large(client, industry, state.until, chain.members, chain.done, keep)
        else:
            with ChainDatabase(running.environment, chain.tenant_id) as database:
                fill(client, database, industry, state.until, chain.done, keep)
    with keeper.changing():
        chain.filled = True
