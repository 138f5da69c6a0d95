"""`/v1/tenant`."""

from typing import Any

from litestar import get, patch
from litestar.params import JSONBody

from saas.validation import ChangeBody, CurrencyCode, LocaleTag, Name, TimeZoneName
from tenants.tenant.change import change_tenant
from tenants.tenant.profile import tenant_and_use


class TenantChange(ChangeBody):
    """What is left out stays. `shared_phones`: whether the members of a household may have one phone."""

    name: Name | None = None
    locale: LocaleTag | None = None
    timezone: TimeZoneName | None = None
    currency: CurrencyCode | None = None
    shared_phones: bool | None = None


@get("/v1/tenant", summary="The key's own tenant: settings, plan, limits and use")
async def read() -> dict[str, Any]:
    return await tenant_and_use()


@patch(
    "/v1/tenant",
    opt={"requires": "admin"},
    summary="Change name, locale, time zone, currency, or whether members may share a phone",
)
async def change(data: JSONBody[TenantChange]) -> dict[str, Any]:
    await change_tenant(**data.model_dump(exclude_unset=True))
    return await tenant_and_use()


HANDLERS = [read, change]
