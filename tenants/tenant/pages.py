"""`/settings`: the chain's name, language, time zone, currency, what members may share. Works without JavaScript."""

import json
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from babel.dates import get_timezone_name
from litestar import Request, Response, get, post

from saas.errors import DomainError
from saas.forms import mark, require_as_seen, texts_of, told
from saas.i18n import Tongue, n_
from saas.pages import reader_of, render_page, see_other
from saas.scope import connection, current
from saas.validation import parse_body
from tenants.frame import frame
from tenants.programme.versions import current_programme
from tenants.tenant.api import TenantChange
from tenants.tenant.change import change_tenant
from tenants.tenant.profile import tenant_profile

HOME: Final = "/settings"
CURRENCIES: Final = ("CNY", "HKD", "MOP", "TWD", "SGD", "MYR", "THB", "JPY", "KRW", "USD", "EUR", "GBP", "AUD")
"""To choose from; the API takes any."""
LANGUAGES: Final = {"zh-CN": "中文", "en": "English"}
TYPE_NAMES: Final = {
    "text": n_("text"),
    "number": n_("number"),
    "date": n_("day"),
    "boolean": n_("yes or no"),
    "choice": n_("choice"),
}
_NEAR: Final = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei")
_NO_PLACES: Final = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")
_FROZEN: Final = (
    "SELECT has_facts OR EXISTS (SELECT FROM import_run WHERE tenant_id = $1) FROM tenant WHERE tenant_id = $1"
)
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_Request = Request[Any, Any, Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """As they are."""
    return await _page(request)


@post(HOME, opt=_PAGE, status_code=200, include_in_schema=False)
async def change(request: _Request) -> Response[Any]:
    """What is in the form. What is frozen isn't in it, and stays."""
    form = await texts_of(request)
    names = ("name", "locale", "timezone", "currency")
    wanted: dict[str, Any] = {name: form[name].strip() for name in names if name in form}
    wanted["shared_phones"] = bool(form.get("shared_phones"))
    try:
        require_as_seen(form, _typed_of(await tenant_profile()))
        body = parse_body(TenantChange, json.dumps(wanted).encode())
        await change_tenant(**body.model_dump(exclude_unset=True))
    except DomainError as error:
        return await _page(request, form, error)
    return see_other(f"{HOME}?done=changed")


async def _page(
    request: _Request, form: dict[str, str] | None = None, error: DomainError | None = None
) -> Response[Any]:
    kept, rules, speaks = await tenant_profile(), await current_programme(), reader_of(request).tongue
    problem = told(request, error) if error is not None else None
    as_kept = {name: kept[name] for name in ("name", "locale", "timezone", "currency")}
    as_kept |= {"shared_phones": "yes"} if kept["shared_phones"] else {}
    shown = as_kept if form is None else {**{k: v for k, v in as_kept.items() if k != "shared_phones"}, **form}
    context = {
        "frame": await frame(),
        "tenant": kept,
        "seen": mark(_typed_of(kept)),
        "frozen": await connection().fetchval(_FROZEN, current().tenant_id),
        "languages": list(LANGUAGES.items()),
        "zones": _zones(kept["timezone"], speaks),
        "currencies": [(code, code) for code in dict.fromkeys([kept["currency"], *CURRENCIES])],
        "attributes": [
            (
                one.names.get(speaks.language),
                one.code,
                TYPE_NAMES[one.type],
                speaks.say(", ").join(choice.names.get(speaks.language) for choice in one.choices or ()),
            )
            for one in rules.attributes
        ],
        "form": shown,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": request.query_params.get("done"),
    }
    return render_page(request, "tenant/settings.html", context, status=problem.status if problem else 200)


def _typed_of(kept: Mapping[str, Any]) -> list[Any]:
    """What of a chain is in the form."""
    return [kept[name] for name in ("name", "locale", "timezone", "currency", "shared_phones")]


def _zones(present: str, speaks: Tongue) -> list[tuple[str, str]]:
    """China's first, then the others by name."""
    others = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_NO_PLACES))
    return [
        (zone, f"{zone} · {get_timezone_name(zone, locale=speaks.locale)}" if zone in _NEAR else zone)
        for zone in dict.fromkeys([present, *_NEAR, *others])
    ]


HANDLERS = [show, change]
