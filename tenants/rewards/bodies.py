"""What callers send about rewards."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.validation import Body, ChangeBody, ExternalId, ListQuery
from tenants.members.named import OfMember
from tenants.programme.strict import Code, Names

MOST: Final = 10**9
Points = Annotated[int, Field(strict=True, ge=1, le=MOST)]


class Floor(Body):
    """The lowest tier of a ladder that may claim it."""

    ladder: Code
    tier: Code


class NewReward(Body):
    """`stock`: pieces there are to begin with; None: as many as wanted. `floor` None: for every member."""

    code: Code
    names: Names
    points: Points
    stock: Annotated[int, Field(strict=True, ge=0, le=MOST)] | None = None
    floor: Floor | None = None


class RewardChange(ChangeBody):
    """What is left out stays; `floor` null: for every member from now on. `unlimited`: pieces are counted no more.
    `ended`: true, and nobody claims it any more; false, and they do again. Claims made before hold.
    """

    CLEARABLE = frozenset({"floor"})

    names: Names | None = None
    points: Points | None = None
    floor: Floor | None = None
    unlimited: Literal[True] | None = None
    ended: bool | None = None


class StockBody(Body):
    """Pieces that came (above 0) or are gone (below 0)."""

    pieces: Annotated[int, Field(strict=True, ge=-MOST, le=MOST)]

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.pieces == 0:
            raise InvalidValueError("not-zero", at="/pieces")
        return self


class ClaimBody(OfMember):
    """Who claims one piece. `external_id`: the caller's own number of it, unique for ever."""

    branch_id: UUID | None = None
    external_id: ExternalId | None = None


class ClaimsQuery(ListQuery):
    state: Literal["claimed", "collected", "cancelled"] | None = None
