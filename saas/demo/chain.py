"""The hooks of `regulars up`: makes the demo chain once per data folder, and prints how to get in.

Everything goes through the HTTP API, as an integrator would do it. Every step may be repeated: a start that
was interrupted goes on at the next one.
"""

import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as datetime_time
from random import Random
from typing import Any, Final

from saas.demo.client import AnswerError, Client, batches
from saas.demo.clock import move_clock
from saas.demo.people import MONTHS, Person, people
from saas.demo.purchases import ZONE, Ticket, tickets
from saas.demo.state import DemoState, load, save, state_file
from saas.local.supervisor import Running
from saas.local.texts import text

_SEED: Final = 20261101
_COMPANY: Final = "青禾生活馆"
_EMAIL: Final = "demo@example.com"
_BRANCHES: Final = (("main", "人民路店"), ("university", "大学城店"), ("station", "高铁站店"))
_JOB_SECONDS: Final = 60
_DAYS_A_STEP: Final = 5
_STEPS_A_MONTH: Final = 6
_CLOSING_TIME: Final = datetime_time(21, 30)


def wanted() -> bool:
    """Whether a demo chain is made unasked: only where the database is ours too."""
    return not os.environ.get("DATABASE_URL")


def seed(running: Running) -> None:
    """Makes the demo chain. Raises AnswerError or OSError where the API doesn't play along."""
    state = load(running.data_dir)
    if state is not None and state.filled:
        return
    started = time.monotonic()
    running.say(text("demo_filling", months=MONTHS))
    if state is None:
        state = DemoState.fresh(_COMPANY, _EMAIL, datetime.now(ZONE).date())
        save(running.data_dir, state)
    if state.key is None:
        state = _sign_up(running, state)
        save(running.data_dir, state)
    members, sold = _fill(running, state)
    save(running.data_dir, replace(state, filled=True))
    seconds = time.monotonic() - started
    running.say(text("demo_filled", seconds=seconds, members=members, purchases=sold))


def announce(running: Running) -> None:
    """Prints the demo chain's log-in and key, the same at every start."""
    state = load(running.data_dir)
    if state is None or state.key is None:
        running.say(text("sign_up", url=running.url))
        return
    try:
        Client(running.url, state.key).get("/v1/tenant")
    except AnswerError as error:
        if error.code != "unauthenticated":
            raise
        running.say(text("demo_strange", file=state_file(running.data_dir)))
        return
    running.say(text("demo_log_in", company=state.company, url=running.url))
    running.say(text("demo_account", email=state.email, password=state.password))
    running.say(text("demo_key", key=state.key))
    running.say(text("demo_try", key=state.key, url=running.url))


def announce_sign_up(running: Running) -> None:
    """What `regulars up --no-demo` prints."""
    running.say(text("sign_up", url=running.url))


def _sign_up(running: Running, state: DemoState) -> DemoState:
    """The chain with its key: the same one again if an earlier start was cut off before it could keep the answer."""
    form = {
        "company": state.company,
        "template": "general",
        "email": state.email,
        "password": state.password,
        "locale": "zh-CN",
        "timezone": ZONE.key,
        "currency": "CNY",
    }
    try:
        made = Client(running.url).post("/v1/signup", form, idempotency_key=state.sign_up_key)
    except AnswerError as error:
        if error.code != "email-taken" or state.email != _EMAIL:
            raise
        # A database that outlived its data folder: the address belongs to that demo chain.
        state = replace(state, email=f"demo-{state.sign_up_key[:8].lower().strip('-_')}@example.com")
        save(running.data_dir, state)
        return _sign_up(running, state)
    return replace(state, key=made["api_key"]["key"], tenant_id=made["tenant"]["id"])


def _fill(running: Running, state: DemoState) -> tuple[int, int]:
    """Members and purchases, a few days at a time on the chain's own clock, so that each tier is decided when it
    was earned; a recalculation a month lets validities end when they did. Returns how many there are.
    """
    client = Client(running.url, state.key)
    branches = _open_branches(client)
    random = Random(_SEED)  # noqa: S311  # made-up data, the same each time
    yesterday = state.today - timedelta(days=1)
    until = datetime.combine(yesterday, _CLOSING_TIME, ZONE)
    everybody = people(random, yesterday)
    sold = tickets(random, everybody, state.today - timedelta(days=MONTHS * 30), until)
    members = sales = 0
    for number, moment in enumerate(_moments(until), 1):
        move_clock(running.environment, state, moment)
        joining = [p for p in everybody[members:] if p.joined_on <= moment.date()]
        _enrol(client, joining, branches)
        members += len(joining)
        buying = [t for t in sold[sales:] if t.occurred_at <= moment]
        _sell(client, buying, branches)
        sales += len(buying)
        if number % _STEPS_A_MONTH == 0:
            _recalculate(client)
    move_clock(running.environment, state, None)
    _recalculate(client)
    return members, sales


def _moments(until: datetime) -> list[datetime]:
    """The evenings on which the till's work of the days before is sent."""
    return [until - timedelta(days=n * _DAYS_A_STEP) for n in reversed(range(MONTHS * _STEPS_A_MONTH))]


def _open_branches(client: Client) -> list[str]:
    """The ids of the branches, made where they are missing."""
    there = {branch["code"]: branch["id"] for branch in client.get("/v1/branches")["data"]}
    for code, name in _BRANCHES:
        if code in there:
            client.patch(f"/v1/branches/{there[code]}", {"name": name})
        else:
            there[code] = client.post("/v1/branches", {"code": code, "name": name})["id"]
    return [there[code] for code, _ in _BRANCHES]


def _enrol(client: Client, members: list[Person], branches: list[str]) -> None:
    for batch in batches(members):
        items = [
            {
                "external_id": person.external_id,
                "phone": person.phone,
                "name": person.name,
                "gender": person.gender,
                "birthday": person.birthday.isoformat(),
                "joined_on": person.joined_on.isoformat(),
                "branch_id": branches[person.branch],
            }
            for person in batch
        ]
        _require(client.post("/v1/members:batch", {"items": items}), "external-id-taken", "phone-taken")


def _sell(client: Client, sold: list[Ticket], branches: list[str]) -> None:
    for batch in batches(sold):
        items = [
            {
                **({} if ticket.buyer is None else {"phone": ticket.buyer}),
                "branch_id": branches[ticket.branch],
                "external_id": ticket.external_id,
                "occurred_at": ticket.occurred_at.isoformat(),
                "lines": ticket.lines,
                "tenders": [{"type": ticket.tender, "amount": ticket.amount}],
                "external_amounts": True,
            }
            for ticket in batch
        ]
        _require(client.post("/v1/purchases:batch", {"items": items}))


def _require(answer: dict[str, Any], *repeats: str) -> None:
    """Raises AnswerError for the first item refused, unless it is one that an earlier start has brought in."""
    for outcome in answer["data"]:
        problem = outcome.get("error")
        if problem is not None and problem["type"].rpartition("/")[2] not in repeats:
            raise AnswerError("POST", "batch", outcome["status"], problem)


def _recalculate(client: Client) -> None:
    """Runs the schedule's decision for everybody, and waits for it."""
    job = client.post("/v1/programme/recalculate", {})["job_id"]
    deadline = time.monotonic() + _JOB_SECONDS
    while (state := client.get(f"/v1/jobs/{job}")["state"]) not in {"done", "failed"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the recalculation {job} isn't through after {_JOB_SECONDS} s")
        time.sleep(0.05)
    if state == "failed":
        raise RuntimeError(f"the recalculation {job} failed")
