"""`regulars billing sync`: our plans as Stripe's products and prices, the meter, and the portal's settings.

Each is looked for first, by a name that Stripe keeps unique (a product's id, a price's lookup key, a meter's event), so
it may run any number of times, and two at once make nothing twice. A price that is there is never changed: somebody may
hold it. Nothing is taken away either: old revisions stay for who holds them.
"""

from decimal import Decimal
from typing import Any, Final

import stripe

from saas.billing.client import plain, problem, read, stripe_client
from saas.billing.portal import CONFIGURATION, portal_configuration
from saas.billing.prices import forget_prices
from saas.billing.usage.meter import EVENT as METER
from saas.errors import DEFAULT_LANGUAGE, DomainError
from saas.plans.catalogue import PARTS, Part, Plan, held, lookup_key

_NAME: Final = "Regulars"


class SyncError(Exception):
    """Stripe has something else under one of our names."""


async def sync() -> list[str]:
    """Makes what is missing and returns a line for each thing, made or found.

    Raises SyncError where a price at Stripe isn't the plan's: a revision was changed after it was sold; and DomainError
    `billing-unavailable`, `billing-refused`, `billing-disabled`.
    """
    forget_prices()
    try:
        told = [await _product(one) for one in _newest()]
        meter, line = await _meter()
        told.append(line)
        for one in held():
            for currency in one.prices:
                told += [await _price(one, currency, part, meter) for part in PARTS]
        told.append(await _portal())
    except stripe.StripeError as error:
        raise problem(error) from error
    return told


def _newest() -> list[Plan]:
    """One revision of each plan: its name is the product's."""
    return list({one.code: one for one in sorted(held(), key=lambda one: one.revision or "")}.values())


def product_id(code: str) -> str:
    """A plan's product; all its revisions are prices of it."""
    return f"regulars_{code}"


async def _product(one: Plan) -> str:
    client, name = stripe_client(), product_id(one.code)
    wanted = f"{_NAME} {one.names[DEFAULT_LANGUAGE]} {one.names['en']}"
    try:
        found = await read(client.v1.products.retrieve_async(name))
    except DomainError as error:
        if error.code != "not-found":
            raise
        await client.v1.products.create_async({"id": name, "name": wanted, "metadata": {"plan": one.code}})
        return f"made   product {name}"
    if found.name != wanted:
        await client.v1.products.update_async(name, {"name": wanted})
        return f"named  product {name}"
    return f"found  product {name}"


async def _meter() -> tuple[str, str]:
    """Its id, and what is told. The last count of a period is what is paid for."""
    client = stripe_client()
    params: Any = {"status": "active", "limit": 100}
    for one in plain(await read(client.v1.billing.meters.list_async(params)))["data"]:
        if one["event_name"] == METER:
            if one["default_aggregation"]["formula"] != "last":
                raise SyncError(f"meter {METER} adds up by {one['default_aggregation']['formula']}, not by last")
            return one["id"], f"found  meter {METER}"
    made = await client.v1.billing.meters.create_async(
        {
            "display_name": f"{_NAME} active members",
            "event_name": METER,
            "default_aggregation": {"formula": "last"},
            "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )
    return made.id, f"made   meter {METER}"


async def _price(one: Plan, currency: str, part: Part, meter: str) -> str:
    client, key = stripe_client(), lookup_key(one, currency, part)
    params: Any = {"lookup_keys": [key], "expand": ["data.tiers"], "limit": 1}
    found = plain(await read(client.v1.prices.list_async(params)))["data"]
    if found:
        _require_same(found[0], one, currency, part, meter)
        return f"found  price {key}"
    shape = _monthly(one, currency) if part == "base" else _metered(one, currency, meter)
    common: Any = {
        "product": product_id(one.code),
        "currency": currency.lower(),
        "lookup_key": key,
        "nickname": key,
        "metadata": {"plan": one.code, "revision": one.revision or "", "part": part},
    }
    whole: Any = {**common, **shape}
    await client.v1.prices.create_async(whole)
    return f"made   price {key}"


def _monthly(one: Plan, currency: str) -> dict[str, Any]:
    return {"unit_amount": one.prices[currency].monthly, "recurring": {"interval": "month"}}


def _metered(one: Plan, currency: str, meter: str) -> dict[str, Any]:
    return {
        "recurring": {"interval": "month", "usage_type": "metered", "meter": meter},
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": [
            {"up_to": one.members, "unit_amount": 0},
            {"up_to": "inf", "unit_amount_decimal": one.prices[currency].per_member},
        ],
    }


def _require_same(there: dict[str, Any], one: Plan, currency: str, part: Part, meter: str) -> None:
    """Raises SyncError where a price of ours is another one by now."""
    price = one.prices[currency]
    if part == "base":
        same = there.get("unit_amount") == price.monthly
    else:
        tiers = [(tier.get("up_to"), Decimal(tier["unit_amount_decimal"])) for tier in there["tiers"]]
        same = tiers == [(one.members, Decimal(0)), (None, price.per_member)] and there["recurring"]["meter"] == meter
    if not same or there["currency"] != currency.lower() or not there["active"]:
        key = lookup_key(one, currency, part)
        raise SyncError(f"price {key} is another one at Stripe: a revision that was sold can't change, make a new one")


async def _portal() -> str:
    """Cards and invoices. Plan, address and what a fapiao says are changed on our own pages, which know the limits."""
    if await portal_configuration() is not None:
        return "found  portal settings"
    params: Any = {
        "business_profile": {"headline": _NAME},
        "features": {
            "payment_method_update": {"enabled": True},
            "invoice_history": {"enabled": True},
            "customer_update": {"enabled": False},
            "subscription_cancel": {"enabled": False},
            "subscription_update": {"enabled": False},
        },
        "metadata": {"regulars": CONFIGURATION},
    }
    await stripe_client().v1.billing_portal.configurations.create_async(params)
    return "made   portal settings"
