"""The API and the admin: collects every feature's handlers and puts the middleware around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.enums import HttpMethod, RequestEncodingType
from litestar.params import BodyKwarg
from litestar.plugins.pydantic import PydanticInitPlugin
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, ControllerRouterHandler

from industry_templates import api as templates_api
from saas import api_docs, assets, health, problems_pages
from saas.account import factor_pages
from saas.account import pages as account_pages
from saas.auth import AuthMiddleware
from saas.billing import api as billing_api
from saas.billing import pages as billing_pages
from saas.billing import webhook as stripe_webhook
from saas.billing.client import close_stripe
from saas.billing.usage import api as usage_api
from saas.compress import CompressMiddleware
from saas.console import door as console_door
from saas.console import pages as console_pages
from saas.conventions import ConventionsMiddleware, stamp
from saas.currency import before_refusal
from saas.db import close_pools, open_pool
from saas.garbage import keep_what_is_loaded
from saas.limits.middleware import RateLimitMiddleware
from saas.login import forgotten, invitations, locking
from saas.login import pages as login_pages
from saas.logs import configure_logging
from saas.mail import pages as mail_pages
from saas.middleware import RequestIdMiddleware, ScopeMiddleware
from saas.problem_details import exception_handlers
from saas.samples import pages as samples_pages
from saas.sandbox import api as sandbox_api
from saas.sandbox import pages as sandbox_pages
from saas.sandbox.middleware import ClockMiddleware
from saas.settings import get_settings
from saas.signup import api as signup_api
from saas.signup import pages as signup_pages
from saas.stopping import listen
from saas.validation import Body, parse_body
from saas.valkey import close_lines
from saas.welcome import pages as welcome_pages
from tenants.activities import api as activities_api
from tenants.allowances import api as allowances_api
from tenants.api_keys import api as api_keys_api
from tenants.api_keys import pages as key_pages
from tenants.approvals import api as approvals_api
from tenants.audit import api as audit_api
from tenants.audit_pages import pages as audit_pages
from tenants.branches import api as branches_api
from tenants.branches import pages as branch_pages
from tenants.campaigns import api as campaigns_api
from tenants.cards import api as cards_api
from tenants.components import pages as components_pages
from tenants.configuration import api as configuration_api
from tenants.configuration import pages as configuration_pages
from tenants.confirming import api as confirming_api
from tenants.counter import pages as counter_pages
from tenants.coupons import api as coupons_api
from tenants.digital_card import acting as digital_card_acting
from tenants.digital_card import api as digital_card_api
from tenants.digital_card import pages as digital_card_pages
from tenants.digital_card import staff_pages as digital_card_staff_pages
from tenants.events import api as events_api
from tenants.exports import api as exports_api
from tenants.exports import pages as export_pages
from tenants.first_steps import pages as first_steps_pages
from tenants.imports import api as imports_api
from tenants.imports import pages as import_pages
from tenants.imports import run_pages as import_run_pages
from tenants.jobs import api as jobs_api
from tenants.joining import api as joining_api
from tenants.joining import pages as joining_pages
from tenants.joining import staff_pages as joining_staff_pages
from tenants.marketing import pages as marketing_pages
from tenants.member_pages import pages as member_pages
from tenants.members import api as members_api
from tenants.merging import api as merging_api
from tenants.messages import api as messages_api
from tenants.offers import pages as offers_pages
from tenants.overview import pages as overview_pages
from tenants.overview import takings_pages
from tenants.passes import api as passes_api
from tenants.points import api as points_api
from tenants.price_lists import api as price_lists_api
from tenants.programme import api as programme_api
from tenants.programme import differences_api as programme_differences_api
from tenants.programme_pages import pages as programme_pages
from tenants.proofs import api as proofs_api
from tenants.proofs import isolation_pages
from tenants.proofs import pages as proof_pages
from tenants.purchases import api as purchases_api
from tenants.referrals import api as referrals_api
from tenants.refunds import api as refunds_api
from tenants.reports import api as reports_api
from tenants.rewards import api as rewards_api
from tenants.segments import api as segments_api
from tenants.settlement import api as settlement_api
from tenants.shifts import api as shifts_api
from tenants.simulation import api as simulation_api
from tenants.staff import api as staff_api
from tenants.staff import pages as staff_pages
from tenants.tasks import api as tasks_api
from tenants.tenant import api as tenant_api
from tenants.tenant import pages as settings_pages
from tenants.tiers import api as tiers_api
from tenants.tills import api as tills_api
from tenants.tills import pages as tills_pages
from tenants.timeline import api as timeline_api
from tenants.top_ups import api as top_ups_api
from tenants.undo import api as undo_api
from tenants.wallet import api as wallet_api
from tenants.webhooks import api as webhooks_api
from tenants.webhooks import forms as webhook_forms
from tenants.webhooks import pages as webhook_pages

FEATURES = (
    health,
    problems_pages,
    templates_api,
    signup_api,
    signup_pages,
    welcome_pages,
    samples_pages,
    sandbox_api,
    sandbox_pages,
    first_steps_pages,
    tenant_api,
    branches_api,
    staff_api,
    api_keys_api,
    approvals_api,
    tills_api,
    audit_api,
    events_api,
    members_api,
    merging_api,
    messages_api,
    confirming_api,
    cards_api,
    digital_card_api,
    digital_card_pages,
    digital_card_acting,
    joining_api,
    joining_pages,
    joining_staff_pages,
    passes_api,
    purchases_api,
    refunds_api,
    undo_api,
    shifts_api,
    top_ups_api,
    wallet_api,
    settlement_api,
    reports_api,
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
    timeline_api,
    proofs_api,
    jobs_api,
    imports_api,
    exports_api,
    configuration_api,
    webhooks_api,
    usage_api,
    billing_api,
    stripe_webhook,
    assets,
    api_docs,
    login_pages,
    invitations,
    forgotten,
    locking,
    account_pages,
    factor_pages,
    mail_pages,
    counter_pages,
    overview_pages,
    takings_pages,
    proof_pages,
    isolation_pages,
    components_pages,
    marketing_pages,
    member_pages,
    digital_card_staff_pages,
    programme_pages,
    offers_pages,
    import_pages,
    import_run_pages,
    export_pages,
    configuration_pages,
    branch_pages,
    key_pages,
    audit_pages,
    settings_pages,
    staff_pages,
    tills_pages,
    webhook_forms,
    webhook_pages,
    billing_pages,
    console_door,
    console_pages,
)


@asynccontextmanager
async def _pools(app: Litestar) -> AsyncIterator[None]:
    await open_pool()
    listen()
    try:
        yield
    finally:
        await app.state.limiter.close()
        await close_lines()
        await close_stripe()
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
    limiter = RateLimitMiddleware()
    app = Litestar.from_config(
        AppConfig(
            route_handlers=handlers,
            middleware=[
                RequestIdMiddleware(),
                CompressMiddleware(),
                AuthMiddleware(),
                limiter,
                ConventionsMiddleware(),
                ClockMiddleware(),
                ScopeMiddleware(),
            ],
            exception_handlers=exception_handlers,
            after_exception=[before_refusal],
            plugins=[_Bodies()],
            request_class=_Request,
            lifespan=[_pools],
            state=State({"limiter": limiter}),
            logging_config=None,  # ours is set above, for every process alike
            openapi_config=None,  # the contract is ours: `saas.contract`
            before_send=[stamp],
            request_max_body_size=10 * 1024 * 1024,
        )
    )
    _tell_all_methods(app)
    return app


def _tell_all_methods(app: Litestar) -> None:
    """Litestar makes a path's route anew with each of its handlers, and leaves the answer to OPTIONS with the first:
    `Allow` then names that one's method alone.
    """
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                made_in = handler.fn.__closure__ if handler.http_methods == {HttpMethod.OPTIONS} else None
                for cell in made_in or ():
                    if isinstance(cell.cell_contents, HTTPRoute):
                        cell.cell_contents = route


def create_served_app() -> ASGIApp:
    """The same for a server's worker: where a trusted proxy stands before it, the caller is whom the proxy names."""
    app, trusted = create_app(), get_settings().trusted_proxies
    keep_what_is_loaded()
    if not trusted:
        return app
    proxied: ASGIApp = wrap_asgi_with_proxy_headers(app, trusted_hosts=trusted)
    return proxied
