"""`/webhooks/new` and `/webhooks/{id}/edit`: an endpoint's address, its types, whether it sends."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.once import once
from saas.pages import render_page, see_other
from saas.validation import parse_body
from tenants.events.choosing import types_of
from tenants.events.types import TYPES
from tenants.frame import frame
from tenants.webhooks.bodies import NewWebhook, WebhookChange
from tenants.webhooks.endpoint import change_endpoint, endpoint, make_endpoint
from tenants.webhooks.words import NOUNS

HOME: Final = "/webhooks"
PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "webhooks:write"}
SAMPLE: Final = """\
from standardwebhooks import Webhook

event = Webhook("whsec_…").verify(request.body, request.headers)"""
"""How a server of theirs verifies what it gets."""
_NEW: Final[dict[str, Any]] = {"url": "", "description": "", "which": "all", "types": []}
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


async def page_of(
    request: _Request, template: str, context: Mapping[str, object], *, status: int = 200
) -> Response[str]:
    """A page of this folder, in its chain's frame."""
    return render_page(request, f"webhooks/{template}", {"frame": await frame(), **context}, status=status)


def see(found: Mapping[str, Any]) -> str:
    """A delivery's page."""
    return f"{HOME}/deliveries/{found['id']}"


@get(f"{HOME}/new", opt=PAGE, include_in_schema=False)
async def ask(request: _Request) -> _Answer:
    return await _form(request, None, _NEW)


@post(f"{HOME}/new", opt={**PAGE, "shows_secret": True}, status_code=200, include_in_schema=False)
async def make(request: _Request) -> _Answer:
    """Answers with the secret, which is shown this once. Sent again it makes no other endpoint."""
    form = await _sent(request)
    try:
        body = parse_body(NewWebhook, msgspec.json.encode(_body(form)))
        made: list[dict[str, Any]] = []

        async def create() -> str:
            made.append(await make_endpoint(body))
            return f"{HOME}/{made[0]['id']}?done=shown"

        again = await once(request, create)
    except DomainError as error:
        return await _form(request, None, form, error)
    if not made:
        return see_other(again)
    context = {"one": made[0], "made": made[0]["secret"], "overlaps": (), "sample": SAMPLE}
    return await page_of(request, "secret.html", context)


@get(f"{HOME}/{{webhook_id:uuid}}/edit", opt=PAGE, include_in_schema=False)
async def ask_change(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    one = await endpoint(webhook_id)
    form = {
        "url": one["url"],
        "description": one["description"] or "",
        "which": "all" if one["types"] is None else "some",
        "types": types_of(one["types"] or ()),
    }
    return await _form(request, one, form)


@post(f"{HOME}/{{webhook_id:uuid}}/edit", opt=PAGE, status_code=200, include_in_schema=False)
async def change(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    one, form = await endpoint(webhook_id), await _sent(request)
    try:
        body = _body({**form, "types": _kept(form["types"], one["types"] or ())})
        await change_endpoint(webhook_id, parse_body(WebhookChange, msgspec.json.encode(body)))
    except DomainError as error:
        return await _form(request, one, form, error)
    return see_other(f"{HOME}/{webhook_id}?done=changed")


@post(f"{HOME}/{{webhook_id:uuid}}/enabled", opt=PAGE, include_in_schema=False)
async def switch(request: _Request, webhook_id: FromPath[UUID]) -> _Answer:
    """Off, or on again."""
    on = (await texts_of(request)).get("enabled") == "yes"
    await change_endpoint(webhook_id, WebhookChange(enabled=on))
    return see_other(f"{HOME}/{webhook_id}?done={'on' if on else 'off'}")


async def _sent(request: _Request) -> dict[str, Any]:
    texts = await texts_of(request)
    chosen = [str(one) for one in (await request.form()).getall("types", [])]
    return {
        "url": texts.get("url", "").strip(),
        "description": texts.get("description", "").strip(),
        "which": texts.get("which", "all"),
        "types": chosen,
    }


def _body(form: Mapping[str, Any]) -> dict[str, Any]:
    types = form["types"] if form["which"] == "some" else None
    return {"url": form["url"], "description": form["description"] or None, "types": types}


def _kept(chosen: Sequence[str], before: Sequence[str]) -> list[str]:
    """What was all of a noun, types to come too, stays so while every type of it is ticked."""
    whole = [one for one in before if one not in TYPES and set(types_of([one])) <= set(chosen)]
    inside = set(types_of(whole))
    return whole + [one for one in chosen if one not in inside]


async def _form(
    request: _Request, one: dict[str, Any] | None, form: Mapping[str, Any], error: DomainError | None = None
) -> _Answer:
    problem = told(request, error) if error is not None else None
    by_noun: dict[str, list[Any]] = {}
    for kind in TYPES.values():
        by_noun.setdefault(kind.code.partition(".")[0], []).append(kind)
    context = {
        "one": one,
        "form": form,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "groups": by_noun,
        "nouns": NOUNS,
    }
    return await page_of(request, "form.html", context, status=problem.status if problem else 200)


HANDLERS = [ask, make, ask_change, change, switch]
