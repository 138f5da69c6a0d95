"""Prices: licensed or metered, per unit or in graduated tiers, by the month and the like."""

from decimal import Decimal
from typing import Any, Final

from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object, Store

_CURRENCIES: Final = frozenset({"cny", "eur", "gbp", "hkd", "sgd", "usd"})
"""All of two decimal places; others are known to Stripe, but not here."""
_DECIMALS: Final = 12
_LONGEST_KEY: Final = 200


@route("POST", "/v1/prices", params="PriceCreateParams", object="price")
def create(call: Call) -> Object:
    """The tiers are shown only when they are expanded, as at Stripe."""
    call.only(
        *("active", "billing_scheme", "currency", "lookup_key", "metadata", "nickname", "product", "tax_behavior"),
        *("recurring.interval", "recurring.interval_count", "recurring.meter", "recurring.usage_type"),
        *("tiers.unit_amount", "tiers.unit_amount_decimal", "tiers.up_to", "tiers_mode"),
        *("transfer_lookup_key", "unit_amount", "unit_amount_decimal"),
    )
    params, store = call.params, call.store
    if params["currency"].lower() not in _CURRENCIES:
        raise not_simulated(f"the currency {params['currency']}")
    if "product" not in params:
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    tiered = params.get("billing_scheme") == "tiered"
    price: Object = {
        "id": store.new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "tiered" if tiered else "per_unit",
        "created": call.now,
        "currency": params["currency"].lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": merged({}, params.get("metadata", {})),
        "nickname": params.get("nickname"),
        "product": store.must("product", params["product"], "product")["id"],
        "recurring": _recurring(store, params.get("recurring")),
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": None,
        "type": "recurring" if "recurring" in params else "one_time",
        **(_tiers(params) if tiered else _amount(params)),
    }
    price = _named(store, price, params)
    emit(store, "price.created", price)
    return price


def _recurring(store: Store, given: dict[str, Any] | None) -> Object | None:
    if given is None:
        return None
    usage, meter = given.get("usage_type", "licensed"), given.get("meter")
    if usage == "metered" and meter is None:
        raise invalid("All metered prices must be backed by meters.", "recurring[meter]")
    if meter is not None:
        if usage != "metered":
            raise invalid("`meter` can only be set with `usage_type=metered`.", "recurring[meter]")
        if store.must("billing.meter", meter, "recurring[meter]")["status"] != "active":
            raise invalid("You can't attach an inactive meter to a price.", "recurring[meter]")
    count = given.get("interval_count", 1)
    if not 0 < count * {"day": 1, "week": 7, "month": 30, "year": 365}[given["interval"]] <= 3 * 366:
        raise invalid("The interval of a price may be three years at most.", "recurring[interval_count]")
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": meter,
        "trial_period_days": None,
        "usage_type": usage,
    }


def _amount(given: dict[str, Any], param: str = "unit_amount") -> Object:
    """`unit_amount` whole where it is whole, and always as a decimal text."""
    if ("unit_amount" in given) == ("unit_amount_decimal" in given):
        raise invalid("You must pass either `unit_amount` or `unit_amount_decimal`, and not both.", param)
    exact = Decimal(given["unit_amount"] if "unit_amount" in given else given["unit_amount_decimal"])
    exponent = exact.normalize().as_tuple().exponent
    if exact < 0 or (isinstance(exponent, int) and exponent < -_DECIMALS):
        raise invalid(f"Invalid decimal: {exact}; at most {_DECIMALS} places, not negative.", param)
    whole = exact == exact.to_integral_value()
    text = format(exact.quantize(Decimal(1)) if whole else exact.normalize(), "f")
    return {"unit_amount": int(exact) if whole else None, "unit_amount_decimal": text}


def _tiers(params: dict[str, Any]) -> Object:
    if params.get("tiers_mode") != "graduated":
        raise not_simulated("tiered prices but with tiers_mode=graduated")
    tiers, bounds = params.get("tiers", []), [tier["up_to"] for tier in params.get("tiers", [])]
    if not tiers or bounds[-1] != "inf" or "inf" in bounds[:-1] or bounds[:-1] != sorted(set(bounds[:-1])):
        raise invalid("Tiers must ascend by `up_to`, and the last one's must be `inf`.", "tiers")
    shown = [
        {
            "flat_amount": None,
            "flat_amount_decimal": None,
            **_amount(tier, f"tiers[{number}][unit_amount]"),
            "up_to": None if tier["up_to"] == "inf" else tier["up_to"],
        }
        for number, tier in enumerate(tiers)
    ]
    return {"unit_amount": None, "unit_amount_decimal": None, "_tiers": shown}


def _named(store: Store, price: Object, params: dict[str, Any]) -> Object:
    """Store it with its lookup key; a key of another price is refused, or taken over if that is asked for."""
    key = params.get("lookup_key")
    if key is not None:
        if len(key) > _LONGEST_KEY:
            raise invalid(f"Invalid string: lookup_key may have {_LONGEST_KEY} characters.", "lookup_key")
        for holder in store.find("price", lookup_key=key):
            if holder["id"] == price["id"]:
                continue
            if not params.get("transfer_lookup_key"):
                raise invalid(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
            bereft = store.put({**holder, "lookup_key": None})
            emit(store, "price.updated", bereft, {"lookup_key": key})
        price = {**price, "lookup_key": key}
    return store.put(price)


@route("GET", "/v1/prices", params="PriceListParams", object="price")
def index(call: Call) -> Object:
    params = call.params
    keys = params.get("lookup_keys")
    if keys is not None and len(keys) > 10:  # noqa: PLR2004 - Stripe's
        raise invalid("You can only specify up to 10 lookup keys.", "lookup_keys")
    equal = {key: params[key] for key in ("active", "currency", "product", "type") if key in params}
    found = [
        price
        for price in call.store.find("price", **equal)
        if within(price["created"], params.get("created")) and (keys is None or price["lookup_key"] in keys)
    ]
    return call.page(found, "active", "created", "currency", "lookup_keys", "product", "type")


@route("GET", "/v1/prices/{price}", params="PriceRetrieveParams", object="price")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("price", "price")


@route("POST", "/v1/prices/{price}", params="PriceUpdateParams", object="price")
def update(call: Call) -> Object:
    call.only("active", "lookup_key", "metadata", "nickname", "transfer_lookup_key")
    before, params = call.must("price", "price"), call.params
    after = before | {key: params[key] for key in ("active", "nickname") if key in params}
    after["metadata"] = merged(before["metadata"], params.get("metadata", {}))
    after = _named(call.store, after, params)
    if after != before:
        emit(call.store, "price.updated", after, changed(before, after))
    return after
