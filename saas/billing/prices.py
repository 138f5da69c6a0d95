"""Our prices at Stripe, found by lookup key. A price never changes, so what was found once is kept."""

from saas.billing.client import read, stripe_client
from saas.errors import DomainError, FieldError
from saas.plans.catalogue import PARTS, Plan, lookup_key, offered, plan

_found: dict[str, str] = {}


async def price_ids(code: str, revision: str | None, currency: str) -> dict[str, str]:
    """Stripe's ids of a plan's prices, by part (`base`, `usage`).

    Raises DomainError `billing-not-set-up` where Stripe has none: then `regulars billing sync` was forgotten.
    """
    one = plan(code, revision)
    keys = {part: lookup_key(one, currency, part) for part in PARTS}
    if not keys.keys() <= {part for part, key in keys.items() if key in _found}:
        told = await read(stripe_client().v1.prices.list_async({"lookup_keys": list(keys.values()), "active": True}))
        _found.update({price.lookup_key: price.id for price in told.data if price.lookup_key is not None})
    try:
        return {part: _found[key] for part, key in keys.items()}
    except KeyError:
        raise DomainError("billing-not-set-up") from None


def forget_prices() -> None:
    """For who has changed the account that is spoken to."""
    _found.clear()


def sold(code: str) -> Plan:
    """The newest revision of a plan that can be bought; a DomainError that lists them for another code."""
    known = [one.code for one in offered()]
    if code not in known:
        fault = FieldError("/plan", "unknown-plan", {"known": ", ".join(known)})
        raise DomainError("validation-failed", errors=[fault])
    return plan(code)
