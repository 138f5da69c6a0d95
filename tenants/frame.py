"""What every page of a chain shows around its content: the chain, who is logged in, where to go."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from saas.errors import DomainError
from saas.i18n import n_
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
    """The chain and the reader of a page. `role_name` is to be translated."""

    chain: str
    branches: int
    timezone: ZoneInfo
    currency: str
    staff: str
    role_name: str
    places: tuple[tuple[str, tuple[Place, ...]], ...]


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (n_("Insight"), (Place("/overview", "layout-dashboard", n_("Overview"), "members:read"),)),
    (n_("Developers"), (Place("/docs", "book-open", n_("API reference")),)),
)


async def frame() -> Frame:
    """The frame of the current scope's page. Raises DomainError `unauthenticated` for who is no longer staff."""
    scope = current()
    kind, _, staff_id = scope.principal.actor.partition(":")
    row = await connection().fetchrow(
        "SELECT t.name AS chain, t.timezone, t.currency, s.name AS staff, s.role,"
        " (SELECT count(*) FROM branch b WHERE b.tenant_id = $1 AND b.closed_at IS NULL) AS branches"
        " FROM tenant t JOIN staff s ON s.tenant_id = t.tenant_id AND s.id = $2::text::uuid"
        " WHERE t.tenant_id = $1",
        scope.tenant_id,
        staff_id,
    )
    if kind != "staff" or row is None:
        raise DomainError("unauthenticated")
    return Frame(
        row["chain"],
        row["branches"],
        ZoneInfo(row["timezone"]),
        row["currency"],
        row["staff"],
        ROLE_NAMES[row["role"]],
        _places_of(scope.principal),
    )


def _places_of(principal: Principal) -> tuple[tuple[str, tuple[Place, ...]], ...]:
    return tuple(
        (title, seen)
        for title, places in PLACES
        if (seen := tuple(p for p in places if p.requires is None or principal.may(p.requires)))
    )
