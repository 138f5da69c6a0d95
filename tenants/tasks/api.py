"""`/v1/tasks`: the rules of tasks, the branch's list, what was done with each, and what came of it."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.principal import Principal
from saas.problem_details import language_of
from saas.validation import parse_query
from tenants.tasks import following  # noqa: F401 - registers itself
from tenants.tasks.acting import Act, act
from tenants.tasks.bodies import (
    DoneBody,
    NewRule,
    PostponeBody,
    ReportQuery,
    RuleChange,
    RulesQuery,
    SkipBody,
    TasksCsvQuery,
    TasksQuery,
)
from tenants.tasks.listing import task, tasks
from tenants.tasks.listing_csv import begin_csv
from tenants.tasks.report import report
from tenants.tasks.rule import change_rule, end_rule, make_rule, rule, rules, shown

READ = {"requires": "members:read"}
ACT = {"requires": "members:write"}
DEFINE = {"requires": "programme:write"}
REPORT = {"requires": "reports:read"}
TAGS = ["tasks"]
_RULES: Final = Tags("task_rule")


@get("/v1/tasks/rules", opt=READ, tags=TAGS, summary="Rules of tasks, the oldest first")
async def list_rules(request: Request[Any, Any, Any]) -> Page:
    """Those in force; with `ended=true` those that have ended."""
    query = parse_query(RulesQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    found = await rules(after, query.limit + 1, ended=query.ended)
    return page(found, query.limit, shown, lambda row: (row["id"],))


@post("/v1/tasks/rules", opt=DEFINE, tags=TAGS, summary="A new rule: with whom, how often")
async def create(data: JSONBody[NewRule]) -> dict[str, Any]:
    """Its first tasks are made at once, by a job."""
    return await make_rule(data)


@get("/v1/tasks/rules/{rule_id:uuid}", opt={**READ, "tagged": True}, tags=TAGS, summary="One rule")
async def read_rule(request: Request[Any, Any, Any], rule_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _RULES.answer(request, await _one(rule_id))


@patch(
    "/v1/tasks/rules/{rule_id:uuid}",
    opt={**DEFINE, "tagged": True},
    tags=TAGS,
    summary="Change a rule's rhythm or names",
)
async def change(
    request: Request[Any, Any, Any], rule_id: FromPath[UUID], data: JSONBody[RuleChange]
) -> Response[dict[str, Any]]:
    await _RULES.require(request, rule_id, partial(_one, rule_id))
    return _RULES.answer(request, await change_rule(rule_id, data))


@delete(
    "/v1/tasks/rules/{rule_id:uuid}",
    opt={**DEFINE, "tagged": True},
    tags=TAGS,
    summary="End a rule; what was done stays",
)
async def end(request: Request[Any, Any, Any], rule_id: FromPath[UUID]) -> None:
    await _RULES.require(request, rule_id, partial(_one, rule_id))
    await end_rule(rule_id)


async def _one(rule_id: UUID) -> dict[str, Any]:
    return shown(await rule(rule_id))


@get("/v1/tasks", opt=READ, tags=TAGS, summary="What there is to do, what is due and worth most first")
async def list_tasks(request: Request[Any, Any, Any]) -> Page:
    """Open tasks, unless another `state` is asked for. A key of branches sees these branches' alone."""
    query = parse_query(TasksQuery, request.query_params.multi_items())
    return await tasks(query, language_of(request.scope))


@get("/v1/tasks.csv", opt={**READ, "scoped": False}, tags=TAGS, summary="The same list as a table")
async def get_list(request: Request[Any, Any, Any]) -> Stream:
    """All of it, in the same order and of the same filters, with whole phone numbers: it is there to be called from.
    Who has taken it is in the audit log.
    """
    query = parse_query(TasksCsvQuery, request.query_params.multi_items())
    principal: Principal = request.scope["state"]["principal"]
    language = language_of(request.scope)
    begun = await begin_csv(principal, query, language)
    return Stream(
        begun,
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="tasks.csv"', "Cache-Control": "no-store"},
    )


@get("/v1/tasks/{task_id:uuid}", opt=READ, tags=TAGS, summary="One task, with all that was done with it")
async def read(request: Request[Any, Any, Any], task_id: FromPath[UUID]) -> dict[str, Any]:
    return await task(task_id, language_of(request.scope))


@post("/v1/tasks/{task_id:uuid}/done", opt=ACT, status_code=200, tags=TAGS, summary="The member was called")
async def done(request: Request[Any, Any, Any], task_id: FromPath[UUID], data: JSONBody[DoneBody]) -> dict[str, Any]:
    """Who declined isn't listed again by this rule for 90 days."""
    return await _acted(request, task_id, Act("done", data.note, outcome=data.outcome))


@post("/v1/tasks/{task_id:uuid}/postpone", opt=ACT, status_code=200, tags=TAGS, summary="It waits for a day")
async def postpone(
    request: Request[Any, Any, Any], task_id: FromPath[UUID], data: JSONBody[PostponeBody]
) -> dict[str, Any]:
    return await _acted(request, task_id, Act("postpone", data.note, until=data.until))


@post("/v1/tasks/{task_id:uuid}/skip", opt=ACT, status_code=200, tags=TAGS, summary="Not this time")
async def skip(request: Request[Any, Any, Any], task_id: FromPath[UUID], data: JSONBody[SkipBody]) -> dict[str, Any]:
    """The rhythm goes on from today, as if it had been done."""
    return await _acted(request, task_id, Act("skip", data.note))


async def _acted(request: Request[Any, Any, Any], task_id: UUID, what: Act) -> dict[str, Any]:
    await act(task_id, what)
    return await task(task_id, language_of(request.scope))


@get("/v1/reports/tasks", opt=REPORT, tags=["reports"], summary="What was done, and who came back")
async def get_report(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """By rule, branch and clerk. `returns` sets the members whose task was done beside those whose task wasn't: a
    comparison, no proof, for whoever is called is no sample by chance.
    """
    return await report(parse_query(ReportQuery, request.query_params.multi_items()))


HANDLERS = [
    list_rules,
    create,
    read_rule,
    change,
    end,
    list_tasks,
    get_list,
    read,
    done,
    postpone,
    skip,
    get_report,
]
