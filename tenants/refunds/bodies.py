"""What a till sends to give something back."""

from typing import Annotated, Final

from pydantic import Field

from saas.errors import DomainError, FieldError, Money, pointer
from saas.field_types import Reason
from saas.money import MAX_MINOR
from saas.validation import Body, ExternalId

Positive = Annotated[int, Field(strict=True, ge=1, le=MAX_MINOR)]
MOST_LINES: Final = 500


class LineRefundBody(Body):
    """What is given back of one line: `line` is its index in the purchase, from 0; `amount` in minor units."""

    line: Annotated[int, Field(strict=True, ge=0)]
    amount: Positive


class RefundBody(Body):
    """One refund: an `amount` of the whole, or `lines` with an amount each. With both they must add up."""

    SOME_OF = ("amount", "lines")

    external_id: ExternalId
    amount: Positive | None = None
    lines: list[LineRefundBody] | None = Field(default=None, min_length=1, max_length=MOST_LINES)
    reason: Reason | None = None

    def total(self) -> int:
        """In minor units. Raises DomainError where neither is given, they contradict, or a line comes twice."""
        if self.lines is None:
            if self.amount is None:
                raise DomainError("validation-failed", errors=[FieldError("/amount", "required")])
            return self.amount
        named = [line.line for line in self.lines]
        twice = [n for n, line in enumerate(named) if line in named[:n]]
        if twice:
            errors = [FieldError(pointer("lines", n, "line"), "duplicate") for n in twice]
            raise DomainError("validation-failed", errors=errors)
        total = sum(line.amount for line in self.lines)
        if self.amount is not None and self.amount != total:
            raise DomainError("lines-do-not-match", params={"lines": Money(total), "amount": Money(self.amount)})
        return total
