"""What a till sends."""

import re
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from saas.errors import DomainError, FieldError, InvalidValueError, Money, pointer
from saas.field_types import clean_line
from saas.validation import AwareDatetime, Body, ExternalId, MinorUnits, Name
from tenants.confirming.consent import CodeText, WalletConsent
from tenants.coupons.numbers import read_number
from tenants.members.bodies import Phone
from tenants.programme.strict import duplicates

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
Quantity = Annotated[
    int | str,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MOST_PIECES},
                {"type": "string", "pattern": f"^{_DECIMAL.pattern}$"},
            ]
        }
    ),
]


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


def _coupon_ref(text: str) -> str:
    """An id in its canonical form, or else a printed number as it is kept."""
    try:
        return str(UUID(text)) if len(text) == _UUID_LENGTH else read_number(text)
    except ValueError as error:
        raise error if isinstance(error, InvalidValueError) else InvalidValueError("mistyped-number") from None


_UUID_LENGTH: Final = 36
CouponRef = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_coupon_ref)]
"""A coupon in a member's hand by its id, or a printed one by its number."""
PointsAsked = Annotated[int, Field(strict=True, ge=0, le=10**13)]
MOST_COUPONS: Final = 10
WHO: Final = ("member_id", "phone", "card_no", "member_code")


class TicketBody(Body):
    """What somebody wants to buy. Nobody of `member_id`, `phone`, `card_no`, `member_code` (the QR code of the digital
    card): a purchase without a member (散客).

    Amounts are list prices; `external_amounts`: the till took its discounts already and they are final.
    """

    SOME_OF = ("amount", "lines")

    external_id: ExternalId | None = None
    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None
    member_code: CodeText | None = None
    branch_id: UUID
    occurred_at: AwareDatetime | None = None
    amount: MinorUnits | None = None
    lines: list[LineBody] | None = Field(default=None, min_length=1, max_length=500)
    coupons: list[CouponRef] | None = Field(default=None, min_length=1, max_length=MOST_COUPONS)
    points_to_redeem: PointsAsked = 0
    wallet_amount: MinorUnits = 0
    wallet_consent: WalletConsent | None = None
    tenders: list[TenderBody] | None = Field(default=None, min_length=1, max_length=20)
    sold_by: Name | None = None
    external_amounts: bool = False

    @property
    def has_member(self) -> bool:
        return any(getattr(self, name) is not None for name in WHO)

    def total(self) -> int:
        """The ticket's amount in minor units, as it was sent. Raises DomainError where the parts contradict each other,
        `member-needed`, `coupons-need-list-prices`.
        """
        if sum(getattr(self, name) is not None for name in WHO) > 1:
            raise DomainError("validation-failed", errors=[FieldError("/member_id", "one-of-identifiers")])
        if self.amount is None and self.lines is None:
            raise DomainError("validation-failed", errors=[FieldError("/amount", "required")])
        lines = None if self.lines is None else sum(line.amount for line in self.lines)
        if self.amount is not None and lines is not None and lines != self.amount:
            raise DomainError("lines-do-not-match", params={"lines": Money(lines), "amount": Money(self.amount)})
        total = lines if self.amount is None else self.amount
        if total is None or total > MAX_AMOUNT:  # an amount by itself has been checked: the lines are too much
            raise DomainError("validation-failed", errors=[FieldError("/lines", "too-large", {"max": MAX_AMOUNT})])
        self._check_value()
        return total

    def _check_value(self) -> None:
        again = duplicates(self.coupons or [])
        if again:
            raise DomainError(
                "validation-failed", errors=[FieldError(pointer("coupons", n), "duplicate") for n in again]
            )
        if self.coupons and self.external_amounts:
            raise DomainError("coupons-need-list-prices")
        if (self.points_to_redeem or self.wallet_amount) and not self.has_member:
            raise DomainError("member-needed")

    def details(self) -> dict[str, Any]:
        """Lines, tenders, seller and what is to be used, as JSON data; not whose, nor the consent."""
        details = self.model_dump(mode="json", include=_DETAILS, exclude_none=True)
        asked = {"points_to_redeem": self.points_to_redeem, "wallet_amount": self.wallet_amount}
        asked["list_prices"] = not self.external_amounts
        return details | {name: value for name, value in asked.items() if value}


_DETAILS: Final = {"lines", "tenders", "sold_by", "coupons"}


class PurchaseBody(TicketBody):
    """One ticket, with the till's own number. A quote takes the number, too, and ignores it."""

    external_id: ExternalId


MAX_AMOUNT = 10_000_000_000_000


class BatchBody(Body):
    """Up to 1,000 purchases, each checked by itself."""

    items: list[Any] = Field(min_length=1)
