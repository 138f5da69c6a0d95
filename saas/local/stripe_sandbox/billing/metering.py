"""What the meters say a customer has used."""

from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.resources.meter_events import aggregate
from saas.local.stripe_sandbox.store import Object, Store


def quantity_of(store: Store, price: Object, customer: str, period: Period) -> int:
    """The use that a metered price bills for the period; without any report it is 0."""
    meter = store.must("billing.meter", price["recurring"]["meter"])
    return aggregate(store, meter, customer, period.start, period.end) or 0
