"""`/tasks/report`: what was done, by rule, branch and clerk, and who came back."""

from datetime import timedelta
from typing import Any, Final

from litestar import get

from saas.errors import DomainError, FieldError
from saas.i18n import Tongue
from saas.validation import parse_query
from tenants.frame import frame
from tenants.marketing.asking import REPORT, actors, address
from tenants.marketing.task_pages.listing import HOME
from tenants.marketing.task_pages.words import OUTCOMES
from tenants.nightly import this_night
from tenants.offers.asking import Answer, Asked, answer, refused, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.places import own_branches
from tenants.tasks.bodies import ReportQuery
from tenants.tasks.report import report

_HERE: Final = f"{HOME}/report"
_SPANS: Final = (7, 30, 90)
_FIELDS: Final = ("from", "to", "branch_id")


@get(_HERE, opt=REPORT, include_in_schema=False)
async def show(request: Asked) -> Answer:
    """The last thirty days, or the days asked for."""
    speaks, around, today = speaks_of(request), await frame(), (await this_night()).today
    form = {
        "from": request.query_params.get("from") or str(today - timedelta(days=29)),
        "to": request.query_params.get("to") or str(today),
        "branch_id": request.query_params.get("branch_id", ""),
    }
    problem, told = None, None
    try:
        told = await report(parse_query(ReportQuery, {name: value for name, value in form.items() if value}))
    except DomainError as error:
        error = error if error.code == "validation-failed" else _no_branch()
        problem = refused(request, error, around, _FIELDS)
    clerks = await actors([one["clerk"] for one in told["clerks"]], speaks) if told else {}
    context = {
        "form": form,
        "told": told and _shown(told, clerks, speaks),
        "branches": [
            ("", speaks.say("Every branch")),
            *((str(one["id"]), one["name"]) for one in await own_branches()),
        ],
        "spans": [
            (
                address(_HERE, {**form, "from": today - timedelta(days=n - 1), "to": today}),
                speaks.plural("Last %(n)s day", "Last %(n)s days", n),
                form["to"] == str(today) and form["from"] == str(today - timedelta(days=n - 1)),
            )
            for n in _SPANS
        ],
    }
    return await answer(request, "task_pages/report.html", context, problem, around=around)


def _no_branch() -> DomainError:
    return DomainError("validation-failed", errors=[FieldError("/branch_id", "unknown-branch")])


def _shown(told: dict[str, Any], clerks: dict[str, str], speaks: Tongue) -> dict[str, Any]:
    nowhere = speaks.say("At home in no branch")
    return {
        "totals": _line("", told["totals"], speaks),
        "within": told["within_days"],
        "outcomes": [(speaks.say(OUTCOMES[code]), n) for code, n in told["totals"]["outcomes"].items()],
        "rules": [_line(named(one["rule"]["names"], speaks), one, speaks) for one in told["rules"]],
        "branches": [
            _line(one["branch"]["name"] if one["branch"] else nowhere, one, speaks) for one in told["branches"]
        ],
        "clerks": [_line(clerks[one["clerk"]], one, speaks) for one in told["clerks"]],
    }


def _line(name: str, sums: dict[str, Any], speaks: Tongue) -> dict[str, Any]:
    returns = {which: _share(one, speaks) for which, one in sums["returns"].items()}
    counts = {key: value for key, value in sums.items() if isinstance(value, int) and key != "done"}
    return {"name": name, "done_count": sums["done"], **counts, **returns}


def _share(one: dict[str, Any], speaks: Tongue) -> dict[str, Any]:
    return {**one, "share": speaks.percent(one["returned"], one["looked_at"])}


HANDLERS = [show]
