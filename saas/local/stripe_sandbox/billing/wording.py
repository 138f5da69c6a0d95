"""The descriptions on invoice lines, as Stripe words them."""

from datetime import UTC, datetime
from decimal import Decimal

from saas.local.stripe_sandbox.store import Object, Store

_SYMBOLS = {"cny": "CN¥", "usd": "$"}


def money(amount: Decimal | int, currency: str) -> str:
    """Minor units as `$85.00`; parts of a minor unit are shown where there are some."""
    major = Decimal(amount) / 100
    places = max(2, -int(major.normalize().as_tuple().exponent))
    return f"{'-' if major < 0 else ''}{_SYMBOLS.get(currency, currency.upper() + ' ')}{abs(major):,.{places}f}"


def decimal_text(number: Decimal) -> str:
    """`4.90` as `4.9`, `700` as `700`."""
    return f"{number.normalize():f}"


def product_name(store: Store, price: Object) -> str:
    """The name that lines call a price by."""
    return str(store.must("product", price["product"])["name"])


def units(store: Store, price: Object, quantity: int, unit: Decimal, tier: int | None = None) -> str:
    """`1 × Growth (at CN¥599.00 / month)`."""
    where = f"Tier {tier} at " if tier else "at "
    each = f"{where}{money(unit, price['currency'])} / {price['recurring']['interval']}"
    return f"{quantity} × {product_name(store, price)} ({each})"


def trial(store: Store, price: Object) -> str:
    """A line without a price."""
    return f"Trial period for {product_name(store, price)}"


def prorated(store: Store, price: Object, at: int, *, credit: bool) -> str:
    """`Unused time on Growth after 04 Mar 2027`, or `Remaining time on …`."""
    kind = "Unused" if credit else "Remaining"
    return f"{kind} time on {product_name(store, price)} after {datetime.fromtimestamp(at, UTC):%d %b %Y}"
