"""Enrolling at the counter: the few fields that a queue has time for; the rest can follow on the member's page."""

import json
from typing import Any, Final
from uuid import UUID

from litestar import Response, post

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import render_page, see_other
from saas.validation import parse_body
from tenants.counter.acting import WRITE, AnyRequest, Form, require, scope_of, written
from tenants.counter.home import HOME, shell
from tenants.counter.once import once
from tenants.counter.place import branch_meant, place_of
from tenants.frame import frame
from tenants.members.bodies import NewMember
from tenants.members.enrol import enrol
from tenants.members.terms import present_terms

_FIELDS: Final = ("phone", "name", "card_no", "birthday")


@post(f"{HOME}/enrol", opt=WRITE, include_in_schema=False)
async def enrol_here(request: AnyRequest) -> Response[Any]:
    """Enrols at this branch, once, and opens the desk; what is wrong stands beside its field."""
    form = await texts_of(request)
    try:
        made = await written(request, lambda: _enrol(request, form))
    except DomainError as error:
        problem = told(request, error)
        async with scope_of(request):
            context = {
                **await shell(await frame(), await place_of(request)),
                "form": form,
                "wrong": problem.fields,
                "problem": problem,
                "taken": error.code in {"phone-taken", "card-taken"},
            }
        return render_page(request, "counter/enrol.html", context, status=problem.status)
    return see_other(f"{HOME}/members/{made}?said=enrolled")


async def _enrol(request: AnyRequest, form: Form) -> UUID:
    require("members:write")
    branch_id = await branch_meant(request, form)
    sent: dict[str, Any] = {name: form[name].strip() for name in _FIELDS if form.get(name, "").strip()}
    sent |= {"branch_id": str(branch_id), "source": "till"}
    if form.get("consents_sms"):
        sent["consents"] = {"sms": True}
    body = parse_body(NewMember, json.dumps(sent).encode())

    async def made() -> str:
        return str((await enrol(body, await present_terms()))["id"])

    return UUID(await once(form, made))


HANDLERS = [enrol_here]
