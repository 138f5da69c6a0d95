"""The overview's board: kept answers, drawn. Nothing here walks through facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from saas.i18n import Tongue
from saas.scope import current
from tenants.frame import Frame
from tenants.overview import figures, tables
from tenants.overview.asking import AGAINST_NAMES, PERIOD_NAMES, Choice, branches, days_text
from tenants.overview.pictures import Pictures
from tenants.programme.versions import current_programme
from tenants.reports.answers import Answer, Asked, for_page
from tenants.reports.span import Today

_BRANCHES_SHOWN = 8


async def board(choice: Choice, now: Today, around: Frame, speaks: Tongue) -> dict[str, Any]:
    """What the overview shows of what was chosen."""
    wanted = {name: choice.asked(name) for name in ("overview", "tier-mix", "movements", "branches")}
    wanted |= {"rfm": choice.asked_ever("rfm")}
    wanted |= {f"{name}/then": choice.asked_then(name) for name in ("overview", "branches")}
    if choice.span.branch_ids is None:
        wanted["liability"] = choice.asked("liability")
    found, fresh = await _found(wanted, now, speaks, around)
    rules, pictures = await current_programme(), Pictures(choice, now.currency, speaks)
    overview, then, mix = found["overview"], found["overview/then"], found["tier-mix"]
    moved, rows, owed = found["movements"], found["branches"], found.get("liability")
    numbers = [] if overview is None else figures.figures(choice, overview, then, now.currency, speaks)
    lines = None if rows is None else tables.branch_lines(choice, rows, found["branches/then"], now.currency, speaks)
    return {
        **fresh,
        "figures": numbers + ([] if owed is None else figures.owed(owed, now.currency, speaks)),
        "members": None if overview is None else overview["members"]["total"],
        "sales": overview and pictures.sales(overview, then),
        "mixes": mix and pictures.tiers(mix, rules),
        "rfm": None if found["rfm"] is None else tables.rfm(choice, found["rfm"], now.currency, speaks),
        "joined": overview and pictures.joined(overview),
        "moved": moved,
        "moves": moved and tables.moves(choice, moved, rules, speaks),
        "several_ladders": len(rules.ladders) > 1,
        "branch_lines": lines and lines[:_BRANCHES_SHOWN],
        "more_branches": len(lines or []) - _BRANCHES_SHOWN,
        "owes": "liability" in wanted,
        "owed": owed,
        "wallet": owed and any(owed["wallet"].values()) and pictures.wallet(owed),
        "points": owed and any(value for value in owed["points"].values()) and pictures.points(owed),
        "currency": now.currency,
    }


async def loyalty(choice: Choice, now: Today, around: Frame, speaks: Tongue) -> dict[str, Any]:
    """Who comes back, and how much the best members make."""
    wanted = {name: choice.asked(name) for name in ("cohorts", "pareto")}
    found, fresh = await _found(wanted, now, speaks, around)
    pareto = found["pareto"]
    return {
        **fresh,
        "cohorts": None if found["cohorts"] is None else tables.cohorts(found["cohorts"], speaks),
        "pareto": pareto,
        "curve": pareto and Pictures(choice, now.currency, speaks).pareto(pareto),
        "steps": [(each, pareto["needed"][each - 1]) for each in (50, 80, 95)] if pareto and pareto["needed"] else [],
        "currency": now.currency,
    }


async def branch_table(choice: Choice, now: Today, around: Frame, speaks: Tongue) -> dict[str, Any]:
    """Every branch."""
    wanted = {"branches": choice.asked("branches"), "then": choice.asked_then("branches")}
    found, fresh = await _found(wanted, now, speaks, around)
    rows = found["branches"]
    lines = None if rows is None else tables.branch_lines(choice, rows, found["then"], now.currency, speaks)
    return {**fresh, "branch_lines": lines}


async def controls(choice: Choice, speaks: Tongue) -> dict[str, Any]:
    """What may be chosen, and what is."""
    mine = current().principal.branch_ids
    return {
        "choice": choice,
        "periods": [
            (choice.address(period=name, **{"from": None, "to": None}), speaks.say(text), choice.period == name)
            for name, text in PERIOD_NAMES.items()
        ],
        "branches": await branches(),
        "own_branches": mine is not None,
        "againsts": [(name, speaks.say(text)) for name, text in AGAINST_NAMES.items()],
        "days": days_text(choice.span, speaks),
        "then_days": days_text(choice.then, speaks),
    }


async def _found(
    wanted: Mapping[str, Asked], now: Today, speaks: Tongue, around: Frame
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers by name, None where there is none yet; and how old they are."""
    answers = await for_page(list(wanted.values()), now)
    named = {name: answers[asked] for name, asked in wanted.items()}
    oldest = min((each.made_at for each in named.values() if each.made_at is not None), default=None)
    return {name: each.data for name, each in named.items()}, _fresh(named, oldest, speaks, around, now)


def _fresh(
    named: Mapping[str, Answer], oldest: datetime | None, speaks: Tongue, around: Frame, now: Today
) -> dict[str, Any]:
    return {
        "as_of": None if oldest is None else speaks.moment(oldest, around.timezone, year=now.day.year),
        "looking": any(each.wanted for each in named.values()),
    }
