"""`/tasks/{id}`: one call: whom, why, what was said last, and what came of it."""

from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from pydantic import BaseModel

from saas.errors import DomainError
from saas.i18n import Tongue
from saas.pages import render_page, see_other
from tenants.audit.record import record
from tenants.frame import Frame, frame
from tenants.marketing.asking import actors, address
from tenants.marketing.task_pages.listing import HOME, filters_of
from tenants.marketing.task_pages.words import ACTS, OUTCOME_SIGNS, OUTCOMES, task_line
from tenants.members.row import member_row
from tenants.nightly import this_night
from tenants.offers.asking import GIVE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.places import own_branches
from tenants.offers.typed import Told, Typed
from tenants.programme.versions import current_programme
from tenants.tasks.acting import Act, act
from tenants.tasks.bodies import DoneBody, PostponeBody, SkipBody
from tenants.tasks.listing import task

ONE: Final = f"{HOME}/{{task_id:uuid}}"
_FIELDS: Final = ("note", "until", "outcome")
_SOON: Final = (1, 3, 7)
"""Days for which a call is put off with one press."""
_Kind = Literal["done", "postpone", "skip"]


@get(ONE, opt=READ, include_in_schema=False)
async def show(request: Asked, task_id: FromPath[UUID]) -> Answer:
    return await _page(request, await frame(), task_id)


@post(f"{ONE}/number", opt=GIVE, status_code=200, include_in_schema=False)
async def number(request: Asked, task_id: FromPath[UUID]) -> Answer:
    """The whole phone number, to be called: who looked is in the audit log."""
    about = await task(task_id, speaks_of(request).language)
    row = await member_row(about["member"]["id"])
    await record("member.reveal", f"member:{row['id']}", {"fields": ["phone"]})
    if request.headers.get("hx-request"):
        return render_page(
            request, "task_pages/_number.html", {"task_id": task_id, "phone": None, "call": row["phone"]}
        )
    return await _page(request, await frame(), task_id, call=row["phone"])


@post(f"{ONE}/done", opt=GIVE, include_in_schema=False)
async def done(request: Asked, task_id: FromPath[UUID]) -> Answer:
    return await _act(request, task_id, "done")


@post(f"{ONE}/postpone", opt=GIVE, include_in_schema=False)
async def postpone(request: Asked, task_id: FromPath[UUID]) -> Answer:
    return await _act(request, task_id, "postpone")


@post(f"{ONE}/skip", opt=GIVE, include_in_schema=False)
async def skip(request: Asked, task_id: FromPath[UUID]) -> Answer:
    return await _act(request, task_id, "skip")


async def _act(request: Asked, task_id: UUID, kind: _Kind) -> Answer:
    """Does it, and goes back to the list; the same again is done once."""
    form, _, around = await form_of(request)
    try:
        await act(task_id, _what(typed(form, around), kind))
    except DomainError as error:
        return await _page(request, around, task_id, refused(request, error, around, _FIELDS), form)
    filters = filters_of(request, await own_branches())
    return see_other(address(HOME, {**filters, "done": kind, "task": task_id}))


def _what(asked: Typed, kind: _Kind) -> Act:
    values: dict[str, Any] = {"note": " ".join((asked.text("note") or "").split()) or None}
    model: type[BaseModel] = SkipBody
    if kind == "done":
        model, values["outcome"] = DoneBody, asked.text("outcome")
    elif kind == "postpone":
        pressed = asked.text("until")
        values["until"] = asked.text("day") if pressed in (None, "picked") else pressed
        model = PostponeBody
        if values["until"] is None:
            asked.missing("until")
    body: Any = asked.body(model, {name: value for name, value in values.items() if value is not None})
    return Act(kind, body.note, outcome=getattr(body, "outcome", None), until=getattr(body, "until", None))


async def _page(
    request: Asked,
    around: Frame,
    task_id: UUID,
    problem: Told | None = None,
    form: dict[str, str] | None = None,
    *,
    call: str | None = None,
) -> Answer:
    speaks, today = speaks_of(request), (await this_night()).today
    about = await task(task_id, speaks.language)
    filters = filters_of(request, await own_branches())
    who = await actors([one["actor"] for one in about["acts"]], speaks)
    context = {
        "task": task_line(about, await current_programme(), speaks, around.currency),
        "task_id": task_id,
        "call": call,
        "phone": about["member"]["phone"],
        "form": form or {},
        "query": address("", filters),
        "back": address(HOME, filters),
        "may_act": about["state"] in {"open", "postponed"},
        "outcomes": [(code, speaks.say(name), OUTCOME_SIGNS[code]) for code, name in OUTCOMES.items()],
        "soon": [(today + timedelta(days=n), n) for n in _SOON],
        "acts": [_said(one, who, speaks, around) for one in reversed(about["acts"])],
    }
    return await answer(request, "task_pages/task.html", context, problem, around=around)


def _said(one: dict[str, Any], who: dict[str, str], speaks: Tongue, around: Frame) -> dict[str, Any]:
    kind, outcome = one["kind"], one["outcome"]
    return {
        "what": speaks.say(ACTS[kind], day=speaks.day(one["until"]) if one["until"] else ""),
        "outcome": speaks.say(OUTCOMES[outcome]) if outcome else "",
        "note": one["note"],
        "who": who[one["actor"]],
        "at": speaks.moment(one["at"], around.timezone),
    }


HANDLERS = [show, number, done, postpone, skip]
