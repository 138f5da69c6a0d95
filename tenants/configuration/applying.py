"""Takes a set-up over: what is new is made, what differs is changed, what is the same stays untouched.

The rules only become the draft: who publishes them looks at them first.
"""

from typing import Final

from saas.errors import DomainError, Language
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.configuration.document import Configuration
from tenants.configuration.item import Item
from tenants.configuration.taking import Taking

_LOCK: Final = "SELECT currency FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE"


async def take_over(wanted: Configuration, language: Language, *, dry_run: bool) -> list[Item]:
    """What became of each thing of the document, or with `dry_run` would become: then nothing is written.

    Raises DomainError `configuration-currency` for a document of another currency, whose amounts would mean something
    else here.
    """
    scope = current()
    currency = await connection().fetchval(_LOCK, scope.tenant_id)
    if wanted.currency != currency:
        raise DomainError("configuration-currency", params={"currency": wanted.currency, "own": currency})
    later = len(scope.after_commit)
    await connection().execute("SAVEPOINT trial")
    items = await Taking(wanted, language).all()
    if dry_run:
        await connection().execute("ROLLBACK TO SAVEPOINT trial")
        del scope.after_commit[later:]
    elif any(item.outcome in {"added", "changed"} for item in items):
        counts = {name: sum(item.outcome == name for item in items) for name in ("added", "changed", "refused")}
        await record("configuration.put", f"tenant:{scope.tenant_id}", counts)
    return items
