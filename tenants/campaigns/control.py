"""The control group: members by chance who get nothing, so that the others can be compared with them.

Chance is a hash of campaign and member: the same member is in or out for as long as the campaign lives, without a row,
in Python and in SQL alike. The first 32 bits of SHA-256 over both ids, modulo 10,000, against the percentage in
hundredths: a group of 12.34 % is those below 1,234.
"""

from decimal import Decimal
from hashlib import sha256
from typing import Final
from uuid import UUID

IN_CONTROL: Final = (
    "(('x' || left(encode(sha256(uuid_send({campaign}) || uuid_send({member})), 'hex'), 8))::bit(32)::bigint % 10000"
    " < {percent} * 100)"
)
"""A boolean; `campaign` and `member` are uuids, `percent` is numeric."""


def in_control(campaign_id: UUID, member_id: UUID, percent: Decimal) -> bool:
    """Whether the member is one of the `percent` that get nothing."""
    digest = sha256(campaign_id.bytes + member_id.bytes).digest()
    return int.from_bytes(digest[:4]) % 10_000 < percent * 100
