"""The API and the admin: collects every feature's handlers and puts the middleware around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Request
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.config.app import AppConfig
from litestar.enums import RequestEncodingType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import BodyKwarg
from litestar.plugins.pydantic import PydanticInitPlugin
from litestar.types import ASGIApp, ControllerRouterHandler

from industry_templates import api as templates_api
from saas import api_docs, assets, health, problems_pages
from saas.auth import AuthMiddleware
from saas.currency import before_refusal
from saas.db import close_pools, open_pool
from saas.login import pages as login_pages
from saas.logs import configure_logging
from saas.middleware import API_VERSION, RequestIdMiddleware, ScopeMiddleware, stamp
from saas.problem_details import exception_handlers
from saas.settings import get_settings
from saas.signup import api as signup_api
from saas.validation import Body, parse_body
from tenants.activities import api as activities_api
from tenants.allowances import api as allowances_api
from tenants.api_keys import api as api_keys_api
from tenants.audit import api as audit_api
from tenants.branches import api as branches_api
from tenants.campaigns import api as campaigns_api
from tenants.cards import api as cards_api
from tenants.confirming import api as confirming_api
from tenants.coupons import api as coupons_api
from tenants.imports import api as imports_api
from tenants.jobs import api as jobs_api
from tenants.members import api as members_api
from tenants.merging import api as merging_api
from tenants.messages import api as messages_api
from tenants.overview import pages as overview_pages
from tenants.passes import api as passes_api
from tenants.points import api as points_api
from tenants.price_lists import api as price_lists_api
from tenants.programme import api as programme_api
from tenants.programme import differences_api as programme_differences_api
from tenants.proofs import api as proofs_api
from tenants.purchases import api as purchases_api
from tenants.referrals import api as referrals_api
from tenants.refunds import api as refunds_api
from tenants.rewards import api as rewards_api
from tenants.segments import api as segments_api
from tenants.settlement import api as settlement_api
from tenants.shifts import api as shifts_api
from tenants.simulation import api as simulation_api
from tenants.tasks import api as tasks_api
from tenants.tenant import api as tenant_api
from tenants.tiers import api as tiers_api
from tenants.top_ups import api as top_ups_api
from tenants.undo import api as undo_api
from tenants.wallet import api as wallet_api

FEATURES = (
    health,
    problems_pages,
    templates_api,
    signup_api,
    tenant_api,
    branches_api,
    api_keys_api,
    audit_api,
    members_api,
    merging_api,
    messages_api,
    confirming_api,
    cards_api,
    passes_api,
    purchases_api,
    refunds_api,
    undo_api,
    shifts_api,
    top_ups_api,
    wallet_api,
    settlement_api,
    activities_api,
    points_api,
    referrals_api,
    segments_api,
    programme_api,
    programme_differences_api,
    simulation_api,
    price_lists_api,
    allowances_api,
    coupons_api,
    rewards_api,
    campaigns_api,
    tasks_api,
    tiers_api,
    proofs_api,
    jobs_api,
    imports_api,
    assets,
    api_docs,
    login_pages,
    overview_pages,
)


CONTRACT = OpenAPIConfig(
    title="Regulars",
    version=API_VERSION,
    description="Membership for chain stores. Every key belongs to one chain: no path names it.",
    components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
    security=[{"key": []}],
)


@asynccontextmanager
async def _pools(_: Litestar) -> AsyncIterator[None]:
    await open_pool()
    try:
        yield
    finally:
        await close_pools()


def _is_body(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Body)


def _decode_body(model: type[Body], value: Any) -> Body:
    """Litestar has parsed the JSON; strict pydantic takes ids and times as text only from JSON, so back it goes."""
    return parse_body(model, msgspec.json.encode(value))


class _Bodies(PydanticInitPlugin):
    """Litestar's pydantic plugin with our decoder: its own comes first otherwise and stops at strict mode's text."""

    @classmethod
    def decoders(cls, validate_strict: bool = False) -> Any:  # noqa: ARG003 - Litestar's signature
        return [(_is_body, _decode_body)]


class _Request(Request[Any, Any, Any]):
    """Where JSON is taken, no body counts as `{}`: what is optional may all be left out, what isn't is named."""

    async def body(self) -> bytes:
        sent = await super().body()
        data = self.route_handler.parsed_data_field
        taken = data.kwarg_definition if data else None
        json = isinstance(taken, BodyKwarg) and taken.media_type == RequestEncodingType.JSON
        return b"{}" if json and not sent else sent


def create_app() -> Litestar:
    """The ASGI application. Reads the settings; opens its pools when it starts to serve."""
    settings = get_settings()
    configure_logging(settings.log_format, settings.log_level)
    handlers: list[ControllerRouterHandler] = [h for feature in FEATURES for h in feature.HANDLERS]
    app = Litestar.from_config(
        AppConfig(
            route_handlers=handlers,
            middleware=[RequestIdMiddleware(), AuthMiddleware(), ScopeMiddleware()],
            exception_handlers=exception_handlers,
            after_exception=[before_refusal],
            plugins=[_Bodies()],
            request_class=_Request,
            lifespan=[_pools],
            logging_config=None,  # ours is set above, for every process alike
            openapi_config=None,  # else Litestar adds pages of its own under /schema; see below
            before_send=[stamp],
            request_max_body_size=10 * 1024 * 1024,
        )
    )
    # The contract itself is wanted (`saas.api_docs` serves it); Litestar has no switch for it without its pages.
    app.plugins.get(OpenAPIPlugin)._openapi_config = CONTRACT  # noqa: SLF001
    return app


def create_served_app() -> ASGIApp:
    """The same for a server's worker: where a trusted proxy stands before it, the caller is whom the proxy names."""
    app, trusted = create_app(), get_settings().trusted_proxies
    if not trusted:
        return app
    proxied: ASGIApp = wrap_asgi_with_proxy_headers(app, trusted_hosts=trusted)
    return proxied
