"""What callers send about allowances."""

from uuid import UUID

from saas.validation import Body, ExternalId


class UseBody(Body):
    """One use. `external_id`: the caller's own number for it; the same again is answered with the first answer."""

    branch_id: UUID | None = None
    external_id: ExternalId | None = None
