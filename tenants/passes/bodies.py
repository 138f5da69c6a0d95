"""What a till sends when a pass is sold, used or given back."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from saas.errors import DomainError, Money
from saas.field_types import Reason
from saas.validation import Body, ExternalId, LocalDate, MinorUnits, Name
from tenants.members.named import OfMember
from tenants.purchases.bodies import TenderBody, TenderType

MOST_USES: Final = 10_000
Uses = Annotated[int, Field(strict=True, ge=1, le=MOST_USES)]


class PassBody(OfMember):
    """A pass that is sold. `price` is for all its `uses`, in minor units; `tenders`, where sent, sum to it.
    `valid_until`: its last local day.
    """

    branch_id: UUID
    external_id: ExternalId
    product: Name
    uses: Uses
    price: MinorUnits
    valid_until: LocalDate
    tenders: list[TenderBody] | None = Field(default=None, min_length=1, max_length=20)
    sold_by: Name | None = None

    def check_tenders(self) -> None:
        """Raises DomainError `tenders-do-not-match`."""
        paid = self.price if self.tenders is None else sum(tender.amount for tender in self.tenders)
        if paid != self.price:
            raise DomainError("tenders-do-not-match", params={"tenders": Money(paid), "amount": Money(self.price)})


class UseBody(Body):
    """`count` visits at once. With `external_id` a repeat is answered the same."""

    branch_id: UUID
    external_id: ExternalId | None = None
    count: Uses = 1


class UndoBody(Body):
    """The use that wasn't one."""

    entry_id: UUID


class RefundBody(Body):
    """`uses` given back, else all that are left. `tender`: how the money goes out."""

    branch_id: UUID
    external_id: ExternalId | None = None
    uses: Uses | None = None
    tender: TenderType | None = None
    reason: Reason | None = None
