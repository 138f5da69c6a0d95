"""What callers send about coupons."""

from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.field_types import Reason
from saas.validation import Body, ChangeBody, ExternalId, ListQuery, LocalDate, MinorUnits
from tenants.coupons.numbers import CouponNumber
from tenants.coupons.terms import BranchCodes, Combines, Terms, ValidDays, Value
from tenants.programme.strict import Code, Labels, Money, Names

MOST: Final = 1000
"""Members named in one request, and numbers printed by one."""


class NewCoupon(Body):
    """Its terms, and either `valid_days` (local days from that of the grant on) or fixed days until `valid_until`."""

    ONE_OF = ("valid_days", "valid_until")

    code: Code
    names: Names
    value: Value
    minimum: Money = 0
    categories: Labels = ()
    branches: BranchCodes = ()
    combines: Combines = Combines()
    valid_days: ValidDays | None = None
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None

    @model_validator(mode="after")
    def _days(self) -> Self:
        check_days(self.valid_days, self.valid_from, self.valid_until)
        return self

    @property
    def terms(self) -> Terms:
        return Terms(
            value=self.value,
            minimum=self.minimum,
            categories=self.categories,
            branches=self.branches,
            combines=self.combines,
        )


def check_days(valid_days: int | None, valid_from: date | None, valid_until: date | None) -> None:
    """One of the two ways to say it. Raises InvalidValueError `required`, `days-given-twice`, `days-crossed`."""
    if valid_days is None and valid_until is None:
        raise InvalidValueError("required", at="/valid_until" if valid_from is not None else "/valid_days")
    if valid_days is not None and (valid_until is not None or valid_from is not None):
        raise InvalidValueError("days-given-twice", at="/valid_days")
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        raise InvalidValueError("days-crossed", at="/valid_until")


class CouponChange(ChangeBody):
    """What is left out stays; the code always does. Coupons given before keep their terms and days. `valid_from` null:
    from the day of the grant on. `ended`: true, and none is given any more; false, and they are again.
    """

    CLEARABLE = frozenset({"valid_from"})

    names: Names | None = None
    value: Value | None = None
    minimum: Money | None = None
    categories: Labels | None = None
    branches: BranchCodes | None = None
    combines: Combines | None = None
    valid_days: ValidDays | None = None
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    ended: bool | None = None


class GrantBody(Body):
    """To one member, to up to 1,000, or to everybody in a segment (its code or id)."""

    ONE_OF = ("member_id", "member_ids", "segment")

    member_id: UUID | None = None
    member_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)] | None = None
    segment: ExternalId | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _to_whom(self) -> Self:
        given = sum(x is not None for x in (self.member_id, self.member_ids, self.segment))
        if given > 1:
            raise InvalidValueError("one-of-identifiers", at="/member_id")
        if given == 0:
            raise InvalidValueError("identifier-missing", expected="member_id, member_ids, segment")
        return self


class PrintBody(Body):
    """So many numbers to print; `branch_id`: where they are given out."""

    count: int = Field(ge=1, le=MOST)
    branch_id: UUID | None = None


class RedeemBody(Body):
    """A till took the coupon's value by itself: `amount` minor units, where it says so."""

    ONE_OF = ("number", "grant_id")

    number: CouponNumber | None = None
    grant_id: UUID | None = None
    branch_id: UUID
    external_id: ExternalId | None = None
    amount: MinorUnits | None = None

    @model_validator(mode="after")
    def _one_coupon(self) -> Self:
        if self.number is not None and self.grant_id is not None:
            raise InvalidValueError("one-of-identifiers", at="/number")
        if self.number is None and self.grant_id is None:
            raise InvalidValueError("identifier-missing", expected="number, grant_id")
        return self


class VoidBody(Body):
    reason: Reason


class HeldQuery(ListQuery):
    """`state`: as of today; all without one."""

    state: Literal["open", "used", "void", "expired"] | None = None


class GivenQuery(ListQuery):
    """`state`: as it is kept; all without one. One whose last day is over expires in the night."""

    state: Literal["open", "used", "void", "expired"] | None = None
