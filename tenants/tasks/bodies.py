"""What callers send about tasks and their rules."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.field_types import Reason
from saas.validation import Body, ChangeBody, ListQuery, LocalDate, Query
from tenants.programme.strict import Code, Codes, Names
from tenants.tasks.document import Rhythm, for_somebody

DUE_DAYS: Final = 7
Days = Annotated[int, Field(strict=True, ge=1, le=366)]
Outcome = Literal["reached", "not_reached", "will_come", "declined", "other"]
State = Literal["open", "postponed", "done", "skipped", "settled", "dropped"]


class NewRule(Body):
    """For a ladder's tiers, or for a segment by its code. `due_days`: how many local days a task of it is in time.
    `visit_settles`: who buys meanwhile needn't be called any more.
    """

    code: Code
    names: Names
    ladder: Code | None = None
    tiers: Codes = ()
    segment: Code | None = None
    every: Rhythm
    due_days: Days = DUE_DAYS
    visit_settles: bool = False

    @model_validator(mode="after")
    def _with_whom(self) -> Self:
        if not for_somebody(self.ladder, self.tiers, self.segment):
            raise InvalidValueError("task-for-whom", at="")
        return self


class RuleChange(ChangeBody):
    """What is left out stays. For whom a rule is stays too: that would be another rule."""

    names: Names | None = None
    every: Rhythm | None = None
    due_days: Days | None = None
    visit_settles: bool | None = None


class DoneBody(Body):
    outcome: Outcome
    note: Reason | None = None


class PostponeBody(Body):
    """`until`: the local day on which it is due then."""

    until: LocalDate
    note: Reason | None = None


class SkipBody(Body):
    note: Reason | None = None


class RulesQuery(ListQuery):
    ended: bool = False


class TasksCsvQuery(Query):
    """`branch_id`: a branch, or `none` for members without one. `rule`: its code or id. `mine`: what the caller itself
    ended or postponed last.
    """

    state: State = "open"
    branch_id: UUID | Literal["none"] | None = None
    rule: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    due_to: LocalDate | None = None
    member_id: UUID | None = None
    mine: bool = False


class TasksQuery(ListQuery, TasksCsvQuery):
    """The same, a page at a time."""


class ReportQuery(Query):
    """`from` and `to`: local days (all of the last one) or instants. `rule`: its code or id."""

    first: Annotated[str, Field(alias="from", min_length=1, max_length=40)]
    last: Annotated[str, Field(alias="to", min_length=1, max_length=40)]
    branch_id: UUID | Literal["none"] | None = None
    rule: Annotated[str, Field(min_length=1, max_length=64)] | None = None
