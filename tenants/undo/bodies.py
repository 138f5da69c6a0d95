"""What a till sends to take an entry back."""

from saas.field_types import Reason
from saas.validation import Body, Name


class UndoBody(Body):
    """`sold_by`: who asks, where several clerks share a till; it has to be who was named with the entry."""

    reason: Reason | None = None
    sold_by: Name | None = None
