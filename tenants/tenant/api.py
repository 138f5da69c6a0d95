"""`/v1/tenant`."""

from typing import Any, Final

from litestar import Request, Response, get, patch
from litestar.params import JSONBody

from saas.etags import Tags
from saas.scope import current
from saas.validation import ChangeBody, CurrencyCode, LocaleTag, Name, TimeZoneName
from tenants.tenant.change import change_tenant
from tenants.tenant.profile import tenant_and_use

_TAGS: Final = Tags(
    "tenant",
    "tenant_id",
    moves=frozenset({"status", "plan", "trial_ends_at", "programme_version", "limits", "use"}),
)


class TenantChange(ChangeBody):
    """What is left out stays. `shared_phones`: whether the members of a household may have one phone."""

    name: Name | None = None
    locale: LocaleTag | None = None
    timezone: TimeZoneName | None = None
    currency: CurrencyCode | None = None
    shared_phones: bool | None = None


@get("/v1/tenant", opt={"tagged": True}, summary="The key's own tenant: settings, plan, limits and use")
async def read(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, await tenant_and_use())


@patch(
    "/v1/tenant",
    opt={"requires": "admin", "tagged": True},
    summary="Change name, locale, time zone, currency, or whether members may share a phone",
)
async def change(request: Request[Any, Any, Any], data: JSONBody[TenantChange]) -> Response[dict[str, Any]]:
    await _TAGS.require(request, current().tenant_id, tenant_and_use)
    await change_tenant(**data.model_dump(exclude_unset=True))
    return _TAGS.answer(request, await tenant_and_use())


HANDLERS = [read, change]
