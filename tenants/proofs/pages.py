"""`/proof`: the owner sees whether what is stored is what happened, and has it proved at once."""

import json
import re
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.i18n import Tongue, n_
from saas.isolation_proofs import last_proof
from saas.pages import reader_of, render_page, see_other
from saas.paging import decode_cursor
from saas.principal import Principal
from saas.scope import tenant_scope
from tenants.audit.record import record
from tenants.frame import Frame, frame
from tenants.offers.whom import people
from tenants.proofs.finding import KEPT
from tenants.proofs.proof import prove_now
from tenants.proofs.told import read_differences, read_proof
from tenants.proofs.words import is_money

HOME: Final = "/proof"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_LINES: Final = 50
_PARTS: Final[dict[str, str]] = {"principal": n_("Principal"), "bonus": n_("Bonus")}
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_Request = Request[Any, Any, Any]


@get(HOME, opt=_OPT, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """When all was proved last, how far the one under way is, and the differences; `cursor` is their next page. Who
    follows a proof by htmx gets the changing part alone.
    """
    around, speaks = await frame(), reader_of(request).tongue
    cursor = request.query_params.get("cursor")
    place = decode_cursor(cursor, UUID, int)
    told = await read_proof(speaks.language)
    found = await read_differences(speaks.language, None if place is None else (place[0], place[1]), _LINES)
    context = {
        "frame": around,
        "proof": told,
        "lines": await _lines(found["data"], around, speaks),
        "kept": KEPT,
        "first": HOME if cursor else None,
        "following": f"{HOME}?cursor={found['next_cursor']}" if found["next_cursor"] else None,
        "apart": await last_proof(),
        "at": f"{HOME}?cursor={cursor}" if cursor else HOME,
        "year": (await tenant_now()).astimezone(around.timezone).year,
    }
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        return render_page(request, "proofs/_proof.html", context)
    return render_page(request, "proofs/proof.html", context)


@post(HOME, opt={**_OPT, "scoped": False}, include_in_schema=False)
async def begin(request: _Request) -> Response[Any]:
    """Proves now, or goes on with what the night left. Where one is at work already, the page shows that one."""
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None:
        raise DomainError("not-permitted")
    request_id = request.scope["state"].get("request_id")
    try:
        async with tenant_scope(principal.tenant_id, principal=principal, request_id=request_id):
            await record("proof.start", f"job:{await prove_now()}")
    except DomainError as error:
        if error.code != "proof-running":
            raise
    return see_other(HOME)


async def _lines(differences: list[dict[str, Any]], around: Frame, speaks: Tongue) -> list[dict[str, Any]]:
    """Each with whose it is, and both values as people read them."""
    known = await people([one["member_id"] for one in differences if one["member_id"]], speaks)
    return [
        {
            **one,
            "member": known.get(one["member_id"]),
            "expected": _value(one["expected"], one["kind"], around.currency, speaks),
            "stored": _value(one["stored"], one["kind"], around.currency, speaks),
        }
        for one in differences
    ]


def _value(value: Any, kind: str, currency: str, speaks: Tongue) -> str:
    """Numbers (a ledger's come as texts) as the reader writes them, money as money; the rest as it is kept."""
    match value:
        case None:
            return "—"
        case bool():
            return speaks.say("Yes") if value else speaks.say("No")
        case dict():
            return " · ".join(
                f"{speaks.say(_PARTS.get(str(name), str(name)))} {_value(part, kind, currency, speaks)}"
                for name, part in value.items()
            )
        case str() if _NUMBER.fullmatch(value) is None:
            return value
        case int() | str():
            return speaks.money(int(value), currency) if is_money(kind) else speaks.number(int(value))
        case _:
            return json.dumps(value, ensure_ascii=False)


HANDLERS = [show, begin]
