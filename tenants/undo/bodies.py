"""What a till sends to take an entry back."""

from typing import Annotated

from pydantic import StringConstraints
from pydantic.functional_validators import AfterValidator

from saas.field_types import clean_line
from saas.validation import Body, Name

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(clean_line)]


class UndoBody(Body):
    """`sold_by`: who asks, where several clerks share a till; it has to be who was named with the entry."""

    reason: Reason | None = None
    sold_by: Name | None = None
