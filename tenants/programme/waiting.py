"""Whether a publish waits that comes before what is due at an instant."""

from datetime import datetime, timedelta
from typing import Final

from saas.scope import connection, current

WAIT: Final = timedelta(seconds=5)
"""How long what has to wait does so before it looks again."""

_FIRST: Final = "SELECT EXISTS (SELECT FROM programme_pending WHERE tenant_id = $1 AND at <= $2 AND failed IS NULL)"


async def publish_comes_first(due_at: datetime) -> bool:
    """Whether new rules are to be in force by then that aren't yet."""
    found: bool = await connection().fetchval(_FIRST, current().tenant_id, due_at)
    return found
