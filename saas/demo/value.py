"""What moves beside purchases: money paid in, passes sold and used, points spent on rewards."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class TopUp:
    """Stored value that a member pays in at a branch; `amount` in fen, `tender` how."""

    external_id: str
    phone: str
    branch: int
    at: datetime
    amount: int
    tender: str
    sold_by: str


@dataclass(frozen=True, slots=True)
class PassSale:
    """`price` in fen for all `uses`, the last of them on `valid_until`."""

    external_id: str
    phone: str
    branch: int
    at: datetime
    product: str
    uses: int
    price: int
    valid_until: date
    sold_by: str


@dataclass(frozen=True, slots=True)
class PassUse:
    """One visit on the pass that was sold under the number `sale`."""

    external_id: str
    sale: str
    branch: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A member's points for the chain's reward."""

    external_id: str
    phone: str
    branch: int
    at: datetime
