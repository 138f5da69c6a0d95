"""What a till sends when money goes into the wallet or comes back out of it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import DomainError, InvalidValueError, Money
from saas.field_types import Reason
from saas.money import MAX_MINOR
from saas.validation import AwareDatetime, ExternalId, Name
from tenants.members.named import OfMember
from tenants.purchases.bodies import TenderBody, TenderType

Positive = Annotated[int, Field(strict=True, ge=1, le=MAX_MINOR)]


class TopUpBody(OfMember):
    """`amount`: what is paid in, in minor units. `tenders`: how; they sum to it. `occurred_at`: now, where left out."""

    branch_id: UUID
    external_id: ExternalId
    amount: Positive
    tenders: list[TenderBody] | None = Field(default=None, min_length=1, max_length=20)
    occurred_at: AwareDatetime | None = None
    sold_by: Name | None = None

    def check_tenders(self) -> None:
        """Raises DomainError `tenders-do-not-match`."""
        paid = self.amount if self.tenders is None else sum(tender.amount for tender in self.tenders)
        if paid != self.amount:
            raise DomainError("tenders-do-not-match", params={"tenders": Money(paid), "amount": Money(self.amount)})


class WalletRefundBody(OfMember):
    """Principal that is paid back: an `amount`, the newest top-ups first, or of one top-up (`top_up_id`; without an
    amount all that is left of it). `tender`: how the money goes out.
    """

    SOME_OF = ("amount", "top_up_id")

    branch_id: UUID
    external_id: ExternalId
    amount: Positive | None = None
    top_up_id: UUID | None = None
    tender: TenderType | None = None
    reason: Reason | None = None
    sold_by: Name | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.amount is None and self.top_up_id is None:
            raise InvalidValueError("required", at="/amount")
        return self
