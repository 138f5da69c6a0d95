"""UUIDv7: ids that grow with time, so that a primary key answers "since when"."""

from datetime import datetime
from uuid import UUID


def first_id_since(instant: datetime) -> UUID:
    """The smallest UUIDv7 of an instant's millisecond (RFC 9562: the first 48 bits are Unix milliseconds).

    Ids made by the database since then are not below it.
    """
    return UUID(int=int(instant.timestamp() * 1000) << 80)
