"""`/tasks`: the branch's list, what is due first on top."""

from typing import Any, Final
from uuid import UUID

from litestar import get

from saas.errors import DomainError
from saas.i18n import Tongue, n_
from saas.pages import reader_of
from saas.scope import current
from saas.validation import parse_query
from tenants.frame import frame
from tenants.marketing.asking import actors, address
from tenants.marketing.task_pages.words import OUTCOMES, task_line
from tenants.nightly import this_night
from tenants.offers.asking import READ, Answer, Asked, answer, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.places import chosen, own_branches
from tenants.programme.versions import current_programme
from tenants.tasks.bodies import TasksQuery
from tenants.tasks.listing import task, tasks
from tenants.tasks.rule import rules
from tenants.tasks.tally import MOST, ended_by_me, waiting

HOME: Final = "/tasks"
ALL: Final = "all"
"""Every branch that the reader may see, where this browser stands in one."""
_SHOWN: Final = 30
_RULES: Final = 200
_VIEWS: Final = {
    "open": n_("To call"),
    "postponed": n_("Put off"),
    "done": n_("Done"),
    "skipped": n_("Skipped"),
    "settled": n_("Came by themselves"),
}


@get(HOME, opt=READ, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """Open tasks, or those of another `state`; of the branch where this browser stands unless told otherwise."""
    speaks, around, places = speaks_of(request), await frame(), await own_branches()
    asked = filters_of(request, places)
    state = request.query_params.get("state", "open")
    state = state if state in _VIEWS else "open"
    mine = "yes" if request.query_params.get("mine") == "yes" else ""
    cursor = request.query_params.get("cursor")
    known = await rules(None, _RULES, ended=False)
    if asked["rule"] not in {row["code"] for row in known}:
        asked["rule"] = ""
    wanted = {**_asked(asked), "state": state, "limit": str(_SHOWN), "mine": str(bool(mine)).lower()}
    found = await tasks(parse_query(TasksQuery, {**wanted, **({"cursor": cursor} if cursor else {})}), speaks.language)
    here = {**asked, "state": state if state != "open" else "", "mine": mine}
    today, branch = (await this_night()).today, _asked(asked).get("branch_id")
    programme = await current_programme()
    to_do, late = await waiting(UUID(branch) if branch and branch != "none" else branch, today)
    context = {
        "lines": [task_line(one, programme, speaks, around.currency) for one in found["data"]],
        "who_ended": await actors([one["ended_by"] for one in found["data"]], speaks),
        "state": state,
        "mine": mine,
        "form": asked,
        "query": address("", asked).removeprefix("?"),
        "branches": _branches(places, speaks),
        "rules": [("", speaks.say("Every reason")), *((row["code"], named(row["names"], speaks)) for row in known)],
        "views": [
            (address(HOME, {**here, "state": one}), speaks.say(text), one == state) for one, text in _VIEWS.items()
        ],
        "to_do": _up_to(to_do, speaks),
        "late": _up_to(late, speaks) if late else "",
        "done_today": await ended_by_me(today),
        "any_rule": bool(known),
        "csv": address("/v1/tasks.csv", {**_asked(asked), "state": state}),
        "first": address(HOME, here) if cursor else None,
        "following": address(HOME, {**here, "cursor": found["next_cursor"]}) if found["next_cursor"] else None,
        "told": await _told(request, speaks),
        "reports": current().principal.may("reports:read"),
    }
    return await answer(request, "task_pages/tasks.html", context, around=around)


def filters_of(request: Asked, places: list[dict[str, Any]]) -> dict[str, str]:
    """Branch and rule as the address has them; no branch in it means the one where this browser stands."""
    given = request.query_params.get("branch_id")
    known = {str(one["id"]) for one in places} | {ALL}
    if current().principal.branch_ids is None:
        known.add("none")
    branch = given if given in known else chosen(request, places)
    return {"branch_id": branch, "rule": request.query_params.get("rule", "")}


def _asked(filters: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value and value != ALL}


def _branches(places: list[dict[str, Any]], speaks: Tongue) -> list[tuple[str, str]]:
    everywhere = (ALL, speaks.say("Every branch"))
    named_ = [(str(one["id"]), one["name"]) for one in places]
    if len(places) == 1 and current().principal.branch_ids is not None:
        return named_
    nowhere = [("none", speaks.say("At home in no branch"))] if current().principal.branch_ids is None else []
    return [everywhere, *named_, *nowhere]


def _up_to(n: int, speaks: Tongue) -> str:
    return speaks.number(n) if n <= MOST else f"{speaks.number(MOST)}+"


async def _told(request: Asked, speaks: Tongue) -> str:
    """What was done just now, and with whom."""
    said = {
        "done": n_("Done: %(who)s."),
        "postpone": n_("Put off: %(who)s."),
        "skip": n_("Skipped: %(who)s."),
    }.get(request.query_params.get("done", ""))
    if said is None:
        return ""
    try:
        about = await task(UUID(request.query_params.get("task", "")), reader_of(request).language)
    except (ValueError, DomainError):
        return ""  # an address that somebody made up says nothing
    member = about["member"]
    text = speaks.say(said, who=member["name"] or member["phone"] or speaks.say("Unnamed"))
    outcome = OUTCOMES.get(about["outcome"] or "")
    return f"{text} {speaks.say(outcome)}" if outcome else text


HANDLERS = [show]
