"""What a till sends when a pass is sold, used or given back."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from saas.errors import DomainError, InvalidValueError
from saas.field_types import clean_line
from saas.validation import Body, ExternalId, LocalDate, MinorUnits, Name
from tenants.members.bodies import Phone
from tenants.purchases.bodies import TenderBody, TenderType

MOST_USES: Final = 10_000
Uses = Annotated[int, Field(strict=True, ge=1, le=MOST_USES)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(clean_line)]


class PassBody(Body):
    """A pass that is sold. Exactly one of `member_id`, `phone`, `card_no`. `price` is for all its `uses`, in minor
    units; `tenders`, where sent, sum to it. `valid_until`: its last local day.
    """

    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None
    branch_id: UUID
    external_id: ExternalId
    product: Name
    uses: Uses
    price: MinorUnits
    valid_until: LocalDate
    tenders: list[TenderBody] | None = Field(default=None, min_length=1, max_length=20)
    sold_by: Name | None = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        given = sum(x is not None for x in (self.member_id, self.phone, self.card_no))
        if given > 1:
            raise InvalidValueError("one-of-identifiers", at="/member_id")
        if given == 0:
            raise InvalidValueError("identifier-missing", expected="member_id, phone, card_no")
        return self

    def check_tenders(self) -> None:
        """Raises DomainError `tenders-do-not-match`."""
        paid = self.price if self.tenders is None else sum(tender.amount for tender in self.tenders)
        if paid != self.price:
            raise DomainError("tenders-do-not-match", params={"tenders": paid, "amount": self.price})


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
