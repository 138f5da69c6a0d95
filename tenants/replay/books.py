"""What those who move a person's value have in common."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tenants.replay.facts import Chain, Facts
from tenants.replay.person import Record
from tenants.replay.purse import Points
from tenants.replay.value import Earned, Promised
from tenants.replay.wallets import Wallets


@dataclass(frozen=True, slots=True)
class Now:
    """Whose fact it is that is being told, and when it was recorded."""

    record: Record
    at: datetime
    today: date

    @property
    def member_id(self) -> UUID:
        return self.record.id

    @property
    def has_left(self) -> bool:
        return not self.record.active(self.at)


@dataclass
class Books:
    """A person's points and wallets, and what its facts promise. `earned`: by purchase, once it was credited."""

    chain: Chain
    facts: Facts
    points: Points
    wallets: Wallets = field(default_factory=Wallets)
    promised: list[Promised] = field(default_factory=list)
    earned: dict[UUID, Earned] = field(default_factory=dict)
