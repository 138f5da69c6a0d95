"""What the counter shows."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from tenants.programme.leaves import Number
from tenants.programme.strict import Code, Fault, Label, Names, Strict, as_tuple, duplicates, invalid
from tenants.purchases.bodies import TenderType

Action = Literal[
    "purchase",
    "refund",
    "undo",
    "enrol",
    "top_up",
    "redeem_points",
    "coupon",
    "reward",
    "allowance",
    "activity",
    "shift",
]
Tender = Literal[TenderType, "points", "wallet"]
"""What a till sends as a tender, and what a purchase names by itself: `points_to_redeem`, `wallet_amount`."""
TENDERS: Final = frozenset(get_args(Tender))


class Category(Strict):
    """A category that a clerk picks by a button, under the name that goes into the purchase's lines."""

    category: Label
    names: Names


class Measure(Strict):
    """A number that goes with an activity: between which bounds it is believable, and its unit."""

    names: Names
    unit: str = Field(default="", max_length=16)
    least: Number
    most: Number

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least >= self.most:
            params = {"gte": str(self.least), "lt": str(self.most)}
            raise invalid("measure", [Fault(("most",), "bounds-crossed", "{lt} isn't above {gte}", params)])
        return self


class MeasuredField(Measure):
    """One of several numbers, under its name in the activity's `data`."""

    code: Code


class ActivityButton(Strict):
    """One kind of activity: with one number (`value`), several (`fields`), or none; `prints`: what comes on paper."""

    kind: Code
    names: Names
    value: Measure | None = None
    fields: Annotated[tuple[MeasuredField, ...], BeforeValidator(as_tuple), Field(max_length=10)] = ()
    prints: Literal["measuring_log"] | None = None

    @model_validator(mode="after")
    def _differ(self) -> Self:
        again = duplicates([field.code for field in self.fields])
        if again:
            message = "This field is there already"
            raise invalid("activity", [Fault(("fields", n, "code"), "duplicate", message) for n in again])
        return self


class Till(Strict):
    """The counter's buttons, tenders and activities, in the order in which they stand there."""

    buttons: Annotated[tuple[Action, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=11)]
    tenders: Annotated[tuple[Tender, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=8)]
    categories: Annotated[tuple[Category, ...], BeforeValidator(as_tuple), Field(max_length=30)] = ()
    activities: Annotated[tuple[ActivityButton, ...], BeforeValidator(as_tuple), Field(max_length=30)] = ()

    @model_validator(mode="after")
    def _differ(self) -> Self:
        listed: dict[str, list[str]] = {
            "buttons": list(self.buttons),
            "tenders": list(self.tenders),
            "categories": [item.category for item in self.categories],
            "activities": [item.kind for item in self.activities],
        }
        faults = [
            Fault((name, n), "duplicate", "{value} is listed twice", {"value": items[n]})
            for name, items in listed.items()
            for n in duplicates(items)
        ]
        if faults:
            raise invalid("till", faults)
        return self
