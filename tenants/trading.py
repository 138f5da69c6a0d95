"""Whether the chain may write at all."""

from typing import Final

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.scope import connection, current

_STATUS: Final = "SELECT status FROM tenant WHERE tenant_id = $1"


async def require_trading() -> None:
    """For whoever reads nothing else of the tenant's row. Raises DomainError `tenant-closed`."""
    if await connection().fetchval(_STATUS, current().tenant_id) in CLOSED:
        raise DomainError("tenant-closed")
