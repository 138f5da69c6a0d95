"""What every page of a chain shows around its content: the chain, who is logged in, where to go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from saas.errors import DomainError
from saas.i18n import n_
from saas.plans.banner import Banner, account_of, banner
from saas.principal import KeyScope, Principal
from saas.scope import connection, current
from saas.sessions import ROLE_NAMES


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation, for whom it is."""

    path: str
    icon: str
    label: str
    requires: KeyScope | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The chain and the reader of a page. `role_name` is to be translated. `notice`: what everybody, or who `pays`,
    has to know of the chain's account. `searches`: members may be looked for; `enrols`: new ones written down.
    `sample`, `sandbox`: a chain beside a real one, which nobody pays for. `moved`: its clock, which shows `now`, isn't
    ours; `moving`: just now, and nothing can be written.
    """

    chain: str
    branches: int
    timezone: ZoneInfo
    currency: str
    staff: str
    role_name: str
    places: tuple[tuple[str, tuple[Place, ...]], ...]
    notice: Banner | None
    pays: bool
    searches: bool
    enrols: bool
    sample: bool
    sandbox: bool
    now: datetime
    moved: bool
    moving: bool


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        n_("Front desk"),
        (
            Place("/counter", "scan-barcode", n_("Counter"), "purchases:write"),
            Place("/members", "users", n_("Members"), "members:read"),
            Place("/joining", "qr-code", n_("Join by QR"), "members:write"),
        ),
    ),
    (
        n_("Membership programme"),
        (
            Place("/programme", "crown", n_("Membership rules"), "members:read"),
            Place("/coupons", "ticket-percent", n_("Coupons"), "members:read"),
            Place("/rewards", "gift", n_("Rewards"), "members:read"),
            Place("/passes", "ticket-check", n_("Passes"), "members:read"),
            Place("/price-lists", "tags", n_("Price lists"), "members:read"),
        ),
    ),
    (
        n_("Marketing"),
        (
            Place("/tasks", "phone", n_("Calls"), "members:read"),
            Place("/segments", "list-filter", n_("Segments"), "members:read"),
            Place("/campaigns", "megaphone", n_("Campaigns"), "members:read"),
            Place("/messages", "message-square", n_("Messages"), "reports:read"),
        ),
    ),
    (
        n_("Insight"),
        (
            Place("/overview", "layout-dashboard", n_("Overview"), "members:read"),
            Place("/reports/branches", "store", n_("Branches in figures"), "reports:read"),
            Place("/reports/loyalty", "repeat", n_("Loyalty"), "reports:read"),
            Place("/reports/shifts", "clipboard-check", n_("Shifts and takings"), "reports:read"),
            Place("/reports/settlement", "scale", n_("Settlement between branches"), "reports:read"),
        ),
    ),
    (
        n_("Settings"),
        (
            Place("/staff", "users", n_("Staff"), "admin"),
            Place("/branches", "store", n_("Branches"), "admin"),
            Place("/imports", "upload", n_("Imports"), "admin"),
            Place("/exports", "download", n_("Exports"), "admin"),
            Place("/keys", "key-round", n_("API keys"), "admin"),
            Place("/proof", "shield-check", n_("Proof of the books"), "admin"),
            Place("/audit", "scroll-text", n_("Audit log"), "admin"),
            Place("/settings", "settings", n_("Settings of the chain"), "admin"),
            Place("/billing", "wallet-cards", n_("Plan and payment"), "admin"),
        ),
    ),
    (
        n_("Developers"),
        (
            Place("/webhooks", "webhook", n_("Webhooks"), "webhooks:write"),
            Place("/sandbox", "flask-conical", n_("Sandbox"), "admin"),
            Place("/docs", "book-open", n_("API reference")),
        ),
    ),
)
_READ: Final = """
SELECT t.name AS chain, t.timezone, t.currency, f.name AS staff, f.role, t.status, t.trial_ends_at, t.held_by_operator,
       t.cancelled_at, s.subscription_id, s.trial_end, s.payment_method, s.collection_method, s.overdue_since,
       s.cancel_at_period_end OR s.cancel_at IS NOT NULL AS ending, coalesce(s.cancel_at, s.period_end) AS ends_at,
       clock_timestamp() + t.clock_offset AS now, t.sample_of IS NOT NULL AS sample,
       t.sandbox_of IS NOT NULL AS sandbox, t.clock_offset > '1 minute' AS moved,
       t.sandbox_of IS NOT NULL
           AND EXISTS (SELECT FROM clock_move m WHERE m.tenant_id = $1 AND m.ended_at IS NULL) AS moving,
       (SELECT count(*) FROM branch b WHERE b.tenant_id = $1 AND b.closed_at IS NULL) AS branches
  FROM tenant t
  JOIN staff f ON f.tenant_id = t.tenant_id AND f.id = $2::text::uuid
  LEFT JOIN subscription s ON s.tenant_id = t.tenant_id
 WHERE t.tenant_id = $1
"""


async def frame() -> Frame:
    """The frame of the current scope's page. Raises DomainError `unauthenticated` for who is no longer staff."""
    scope = current()
    kind, _, staff_id = scope.principal.actor.partition(":")
    row = await connection().fetchrow(_READ, scope.tenant_id, staff_id)
    if kind != "staff" or row is None:
        raise DomainError("unauthenticated")
    free = row["sample"] or row["sandbox"]
    said, pays = banner(account_of(row), row["now"]), scope.principal.may("admin")
    return Frame(
        row["chain"],
        row["branches"],
        ZoneInfo(row["timezone"]),
        row["currency"],
        row["staff"],
        ROLE_NAMES[row["role"]],
        _places_of(scope.principal, free=free, sample=row["sample"]),
        said if said is not None and not free and (pays or said.level == "danger") else None,
        pays,
        scope.principal.may("members:read"),
        scope.principal.may("members:write"),
        row["sample"],
        row["sandbox"],
        row["now"],
        row["moved"],
        row["moving"],
    )


def _places_of(principal: Principal, *, free: bool, sample: bool) -> tuple[tuple[str, tuple[Place, ...]], ...]:
    return tuple(
        (title, seen)
        for title, places in PLACES
        if (seen := tuple(p for p in places if _is_for(p, principal, free=free, sample=sample)))
    )


def _is_for(place: Place, principal: Principal, *, free: bool, sample: bool) -> bool:
    if (free and place.path == "/billing") or (sample and place.path == "/sandbox"):
        return False
    return place.requires is None or principal.may(place.requires)
