"""What the caller wants done with the file."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from saas.errors import InvalidValueError, pointer
from saas.validation import Body

Kind = Literal["members", "purchases", "activities", "opening_balances"]

FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "members": (
        "external_id",
        "phone",
        "card_no",
        "name",
        "kind",
        "birthday",
        "birthday_calendar",
        "gender",
        "joined_on",
        "branch",
        "tags",
    ),
    "purchases": ("external_id", "member", "branch", "occurred_at", "amount", "category", "refund_of"),
    "activities": ("external_id", "member", "kind", "occurred_at", "value", "branch"),
    "opening_balances": (
        "member",
        "points",
        "points_expire_on",
        "wallet_principal",
        "wallet_bonus",
        "tier",
        "tier_since",
        "ladder",
    ),
}
REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "members": (),
    "purchases": ("external_id", "member", "occurred_at", "amount"),
    "activities": ("external_id", "member", "kind", "occurred_at"),
    "opening_balances": ("member",),
}
ONE_OF: Final[dict[Kind, tuple[str, ...]]] = {
    "members": ("external_id", "phone", "card_no"),
    "purchases": (),
    "activities": (),
    "opening_balances": ("tier", "points", "wallet_principal", "wallet_bonus"),
}
"""At least one of these is required."""

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ImportOptions(Body):
    """The `options` part of an upload. `mapping` names a field for each column to be read, and no other column
    is read then; without it columns are matched by name. `minor_units`: amounts are integers, already in minor
    units. `create_missing`: unknown branches and members are made instead of refused. `accrue`: the purchases or
    activities earn points. A column of a member file may also feed an attribute that the programme declares, by its
    code.
    """

    kind: Kind
    mapping: dict[_Column, str] | None = Field(default=None, min_length=1, max_length=100)
    dry_run: bool = False
    evaluate: bool = True
    accrue: bool = False
    minor_units: bool = False
    create_missing: bool = False

    @model_validator(mode="after")
    def _accrue_fits(self) -> Self:
        if self.accrue and self.kind not in {"purchases", "activities"}:
            raise InvalidValueError("not-allowed", at=pointer("accrue"), expected="kind: purchases, activities")
        return self

    @model_validator(mode="after")
    def _mapping_fits(self) -> Self:
        if self.mapping is None:
            return self
        known = FIELDS[self.kind]
        for column, field in self.mapping.items():
            at = pointer("mapping", column)
            if field not in known and not (self.kind == "members" and _CODE.fullmatch(field)):
                raise InvalidValueError("not-allowed", at=at, expected=", ".join(known))
            if list(self.mapping.values()).count(field) > 1:
                raise InvalidValueError("duplicate", at=at)
        return self
