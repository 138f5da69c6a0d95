"""`/counter/members/{id}`: the member at the till, and what can be done with it, a tab each."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from saas.clock import tenant_now
from saas.cookies import cookie_of
from saas.forms import Told
from saas.i18n import n_
from saas.pages import reader_of, render_page, see_other
from saas.scope import current
from tenants.counter.acting import READ, AnyRequest
from tenants.counter.basket import TENDERS, categories_of
from tenants.counter.holdings import CARD_STATES, SAID, TABS, holdings
from tenants.counter.home import HOME, shell
from tenants.counter.numbers import new_number
from tenants.counter.people import customer
from tenants.counter.place import place_of
from tenants.counter.quoting import offers
from tenants.frame import frame
from tenants.members.row import member_row
from tenants.programme.versions import current_programme
from tenants.programme.windows import local_day
from tenants.shifts.words import TENDER_NAMES

DESK: Final = f"{HOME}/members/{{member_id:uuid}}"
TENDER_COOKIE: Final = "regulars_tender"
_TENDERS: Final = ("wechat", "alipay", "cash", "card", "medical_insurance", "bank_transfer", "other")
CONSENTS: Final = (
    ("pin", n_("Member’s PIN")),
    ("sms", n_("Code by SMS")),
    ("qr", n_("Member code (QR)")),
)


@get(DESK, opt=READ, include_in_schema=False)
async def desk(request: AnyRequest, member_id: FromPath[UUID]) -> Response[Any]:
    """A merged record leads to its survivor. `do` names the tab."""
    row = await member_row(member_id)
    if row["id"] != member_id:
        return see_other(f"{HOME}/members/{row['id']}")
    given = {name: request.query_params[name] for name in ("amount", "coupon") if name in request.query_params}
    context = await desk_context(request, member_id, request.query_params.get("do", "sale"), form=given)
    return render_page(request, "counter/desk.html", context)


async def desk_context(
    request: AnyRequest,
    member_id: UUID | None,
    tab: str,
    *,
    form: Mapping[str, str] | None = None,
    problem: Told | None = None,
) -> dict[str, Any]:
    """What the desk's template needs; `member_id` None: a guest. Raises DomainError `not-found`, `member-closed`."""
    around, place, speaks = await frame(), await place_of(request), reader_of(request).tongue
    rules, typed = await current_programme(), dict(form or {})
    if tab not in TABS or member_id is None:
        tab = "sale"
    here = None if member_id is None else await customer(member_id, speaks)
    ids = {"member_id": str(here.id)} if here else {}
    return {
        **await shell(around, place),
        "customer": here,
        "tab": tab,
        "tabs": [(code, name) for code, name in TABS.items()],
        "form": {"tender": _tender(request), **typed},
        "problem": problem,
        "approvers": None,
        "said": _said(request),
        "card_states": CARD_STATES,
        "wrong": problem.fields if problem else {},
        "number": typed.get("number") or new_number(local_day(await tenant_now(), around.timezone)),
        "tenders": [(code, speaks.say(TENDER_NAMES[code])) for code in _TENDERS if code in TENDERS],
        "categories": categories_of(rules),
        "offers": await offers({**typed, **ids}, {}, speaks) if here else [],
        "redeem": rules.points.redeem,
        "confirm_above": rules.wallet.confirm_above,
        "consents": [(code, speaks.say(name)) for code, name in CONSENTS],
        "may": {scope: current().principal.may(scope) for scope in ("points:write", "wallet:write", "members:write")},
        **(await holdings(here, tab, rules, speaks, around) if here else {}),
    }


def _said(request: AnyRequest) -> str | None:
    """What was done just now."""
    return SAID.get(request.query_params.get("said", ""))


def _tender(request: AnyRequest) -> str:
    """How was paid last at this till."""
    last = cookie_of(request, TENDER_COOKIE, HOME)
    return last if last in TENDERS else _TENDERS[0]


HANDLERS = [desk]
