"""What holds while members are enrolled or changed: the tenant's clock, its rules, its settings."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.sandboxed import BESIDE
from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.versions import programme

_TERMS: Final = (
    "SELECT timezone, clock_timestamp() + clock_offset AS now, shared_phones, programme_version, status,"
    f" {BESIDE} AS beside"
    " FROM tenant WHERE tenant_id = $1"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The tenant's now (UTC) and its local day; the programme in force; whether members may share a phone, and whether
    it stands beside a real chain.
    """

    now: datetime
    today: date
    programme: Programme
    shared_phones: bool
    beside: bool = False


async def present_terms() -> Terms:
    """Read once a request, and once a batch. Raises DomainError `tenant-closed`: nothing is written for a chain that
    is suspended.
    """
    row = await connection().fetchrow(_TERMS, current().tenant_id)
    if row is None:
        raise DomainError("not-found")
    if row["status"] in CLOSED:
        raise DomainError("tenant-closed")
    return Terms(
        row["now"].astimezone(UTC),
        row["now"].astimezone(ZoneInfo(row["timezone"])).date(),
        await programme(row["programme_version"]),
        row["shared_phones"],
        row["beside"],
    )
