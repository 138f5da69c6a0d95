"""What a till sends."""

import re
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.field_types import clean_line
from saas.validation import AwareDatetime, Body, ExternalId, MinorUnits, Name
from tenants.members.bodies import Phone

TenderType = Literal["cash", "card", "wechat", "alipay", "medical_insurance", "bank_transfer", "other"]
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")


def _quantity(value: object) -> object:
    """One message for both ways to write it, instead of a complaint by each."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise InvalidValueError("too-small", min=0)
        if value > MOST_PIECES:
            raise InvalidValueError("too-large", max=MOST_PIECES)
    elif not isinstance(value, str) or _DECIMAL.fullmatch(value) is None:
        raise InvalidValueError("decimal-string")
    return value


Category = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(clean_line)]
"""As the till names it (处方药), and as a programme and an import may write it."""
MOST_PIECES: Final = 10**9
Quantity = Annotated[int | str, BeforeValidator(_quantity)]


class LineBody(Body):
    """One line; `amount` is the line's total, `quantity` pieces or a decimal string (0.250 kg)."""

    category: Category | None = None
    sku: ExternalId | None = None
    quantity: Quantity = 1
    amount: MinorUnits


class TenderBody(Body):
    """How a part was paid, in minor units."""

    type: TenderType
    amount: MinorUnits


class PurchaseBody(Body):
    """One ticket. Nobody of `member_id`, `phone`, `card_no`: a purchase without a member (散客).

    This release takes final amounts only: `external_amounts` says that the till took its discounts.
    """

    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None
    branch_id: UUID
    external_id: ExternalId
    occurred_at: AwareDatetime | None = None
    amount: MinorUnits | None = None
    lines: list[LineBody] | None = Field(default=None, min_length=1, max_length=500)
    tenders: list[TenderBody] | None = Field(default=None, min_length=1, max_length=20)
    sold_by: Name | None = None
    external_amounts: bool = False

    def total(self) -> int:
        """The ticket's amount in minor units. Raises DomainError where the parts contradict each other."""
        if not self.external_amounts:
            raise DomainError("amounts-not-final")
        if sum(x is not None for x in (self.member_id, self.phone, self.card_no)) > 1:
            raise DomainError("validation-failed", errors=[FieldError("/member_id", "one-of-identifiers")])
        if self.amount is None and self.lines is None:
            raise DomainError("validation-failed", errors=[FieldError("/amount", "required")])
        lines = None if self.lines is None else sum(line.amount for line in self.lines)
        if self.amount is not None and lines is not None and lines != self.amount:
            raise DomainError("lines-do-not-match", params={"lines": lines, "amount": self.amount})
        total = lines if self.amount is None else self.amount
        if total is None or total > MAX_AMOUNT:  # an amount by itself has been checked: the lines are too much
            raise DomainError("validation-failed", errors=[FieldError("/lines", "too-large", {"max": MAX_AMOUNT})])
        paid = None if self.tenders is None else sum(tender.amount for tender in self.tenders)
        if paid is not None and paid != total:
            raise DomainError("tenders-do-not-match", params={"tenders": paid, "amount": total})
        return total

    def details(self) -> dict[str, Any]:
        """Lines, tenders and seller as JSON data."""
        return self.model_dump(mode="json", include={"lines", "tenders", "sold_by"}, exclude_none=True)


MAX_AMOUNT = 10_000_000_000_000


class BatchBody(Body):
    """Up to 1,000 purchases, each checked by itself."""

    items: list[Any] = Field(min_length=1)
