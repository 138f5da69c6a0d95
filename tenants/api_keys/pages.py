"""`/keys`: what other systems call us with. A key is shown once; what nobody uses can be revoked."""

import json
from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import told
from saas.i18n import n_
from saas.once import once
from saas.pages import render_page, see_other
from saas.paging import decode_cursor, encode_cursor
from saas.principal import KeyScope
from saas.validation import parse_body
from tenants.api_keys.api import NewApiKey
from tenants.api_keys.issue import issue_key, key_named, keys, revoke_key
from tenants.branches.branch import branches
from tenants.frame import frame

HOME: Final = "/keys"
SCOPE_NAMES: Final[dict[KeyScope, tuple[str, str]]] = {
    "members:read": (n_("Read members"), n_("look-up, lists, balances, what somebody holds")),
    "members:write": (n_("Write members"), n_("enrol, change, merge, cards, coupons given by hand, imports")),
    "health:read": (n_("Read health measurements"), n_("what the rules call a measurement of health")),
    "purchases:write": (n_("Record sales"), n_("purchases, refunds, activities, coupons and rewards used")),
    "points:write": (n_("Adjust points"), n_("by hand, with a reason")),
    "wallet:write": (n_("Move stored value"), n_("top-ups, refunds, pay-outs")),
    "wallet:confirm": (n_("Ask for consent"), n_("codes that let a member pay by stored value")),
    "programme:write": (n_("Change the rules"), n_("draft, publish, coupons, rewards, price lists, segments")),
    "reports:read": (n_("Read reports"), n_("sales, members, settlement")),
    "webhooks:write": (n_("Set up webhooks"), n_("where events are sent")),
    "admin": (n_("Everything"), n_("also staff, branches, keys and payment")),
}
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_SHOWN: Final = 50
_BRANCHES: Final = 2000
_Request = Request[Any, Any, Any]
_Answer = Response[Any]
_NEW: Final[dict[str, Any]] = {"name": "", "scopes": [], "where": "all", "branch_ids": []}


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """Keys without their secrets, and the form of a new one."""
    return await _list(request, _NEW)


@post(HOME, opt={**_PAGE, "shows_secret": True}, status_code=200, include_in_schema=False)
async def issue(request: _Request) -> _Answer:
    """Answers with the key, which is shown this once. Sent again, as by loading the page anew, it makes no other."""
    sent = await request.form()
    form = {
        "name": str(sent.get("name", "")).strip(),
        "scopes": [str(one) for one in sent.getall("scopes", [])],
        "where": str(sent.get("where", "all")),
        "branch_ids": [str(one) for one in sent.getall("branch_ids", [])],
    }
    limits = form["branch_ids"] if form["where"] == "some" else None
    try:
        body = parse_body(
            NewApiKey, json.dumps({"name": form["name"], "scopes": form["scopes"], "branch_ids": limits}).encode()
        )
        made: list[dict[str, Any]] = []

        async def make() -> str:
            made.append(await issue_key(body.name, body.scopes, body.branch_ids))
            return f"{HOME}?done=again"

        again = await once(request, make)
    except DomainError as error:
        return await _list(request, form, error=error)
    return await _list(request, _NEW, made=made[0]) if made else see_other(again)


@get(f"{HOME}/{{key_id:str}}/revoke", opt=_PAGE, include_in_schema=False)
async def ask(request: _Request, key_id: FromPath[str]) -> _Answer:
    """Before it ends: which one it is."""
    context = {"frame": await frame(), "key": await key_named(key_id)}
    return render_page(request, "api_keys/revoke.html", context)


@post(f"{HOME}/{{key_id:str}}/revoke", opt={**_PAGE, "although": ("moving",)}, include_in_schema=False)
async def revoke(key_id: FromPath[str]) -> _Answer:
    """Ended at once, once."""
    await revoke_key(key_id)
    return see_other(f"{HOME}?done=revoked")


async def _list(
    request: _Request, form: dict[str, Any], *, made: dict[str, Any] | None = None, error: DomainError | None = None
) -> _Answer:
    problem = told(request, error) if error is not None else None
    place = decode_cursor(request.query_params.get("cursor"), datetime, str)
    rows = await keys((place[0], place[1]) if place else None, _SHOWN + 1)
    shown, known = rows[:_SHOWN], await branches(None, _BRANCHES)
    last = shown[-1] if len(rows) > _SHOWN else None
    context = {
        "frame": await frame(),
        "keys": shown,
        "first": HOME if place else None,
        "following": f"{HOME}?cursor={encode_cursor(last['created_at'], last['id'])}" if last else None,
        "scope_names": SCOPE_NAMES,
        "branches": known,
        "branch_names": {one["id"]: one["name"] for one in known},
        "form": form,
        "made": made,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": request.query_params.get("done"),
    }
    return render_page(request, "api_keys/keys.html", context, status=problem.status if problem else 200)


HANDLERS = [show, issue, ask, revoke]
