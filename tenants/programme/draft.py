"""The draft as it is edited: kept in whatever state it is, with what is wrong in it. Who simulates or publishes it
hears the same faults again, and gets no further.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import field_errors
from tenants.audit.record import record
from tenants.programme.document import Programme
from tenants.programme.lineage import Holders
from tenants.programme.publish import refuse_what_the_chain_lacks
from tenants.programme.versions import current_programme, current_version

LONGEST: Final = 1_000_000
"""Characters of a draft's JSON."""

_READ: Final = """
SELECT d.document, d.revision, d.holders, d.hands, d.updated_at, coalesce(f.name, '') AS by
  FROM programme_draft d
  LEFT JOIN staff f ON f.tenant_id = d.tenant_id AND 'staff:' || f.id::text = d.updated_by
 WHERE d.tenant_id = $1"""
_LOCK: Final = "SELECT currency FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE"
_KEEP: Final = """
INSERT INTO programme_draft AS d (tenant_id, document, revision, updated_by, holders, hands)
VALUES ($1, $2, 1, $3, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE SET document = excluded.document, revision = d.revision + 1,
   updated_by = excluded.updated_by, updated_at = clock_timestamp(), holders = excluded.holders, hands = excluded.hands
RETURNING revision"""
_DROP: Final = "DELETE FROM programme_draft WHERE tenant_id = $1 RETURNING revision"


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft. `revision` 0: there is none, and `document` is that of the rules in force. `by`: the name of the staff
    who changed it last, empty where a key did. `hands`: by a part's pointer, who edited it last.
    """

    document: dict[str, Any]
    revision: int = 0
    holders: Holders = field(default_factory=dict)
    hands: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    by: str = ""


async def kept_draft() -> Kept:
    """The draft, or the rules in force to begin one with."""
    row = await connection().fetchrow(_READ, current().tenant_id)
    if row is None:
        return Kept((await current_programme()).dump())
    return Kept(row["document"], row["revision"], row["holders"], row["hands"], row["updated_at"], row["by"])


async def lock_draft() -> Kept:
    """The same, and nobody changes it, or publishes, until the transaction's end."""
    await connection().fetchval(_LOCK, current().tenant_id)
    return await kept_draft()


async def keep_draft(document: dict[str, Any], holders: Mapping[str, Any], was: Kept, pointer: str) -> int:
    """Keeps a document with whatever faults, in the place of what `lock_draft` gave; its revision. `pointer`: the part
    that changed. A draft remembers behind which version it was begun. Raises DomainError `payload-too-large`.
    """
    version = was.document["version"] if was.revision else await current_version() + 1
    currency = await connection().fetchval("SELECT currency FROM tenant WHERE tenant_id = $1", current().tenant_id)
    kept = {**document, "version": version, "currency": currency}
    if len(json.dumps(kept)) > LONGEST:
        raise DomainError("payload-too-large")
    actor = current().principal.actor
    hands = {**was.hands, pointer: actor}
    revision: int = await connection().fetchval(_KEEP, current().tenant_id, kept, actor, dict(holders), hands)
    await record("programme.draft", f"draft:{revision}")
    return revision


async def drop_draft() -> None:
    """The rules in force are what is edited next. Raises DomainError `draft-missing`."""
    revision = await connection().fetchval(_DROP, current().tenant_id)
    if revision is None:
        raise DomainError("draft-missing")
    await record("programme.draft_dropped", f"draft:{revision}")


async def faults_of(document: dict[str, Any]) -> tuple[Programme | None, list[FieldError]]:
    """What keeps a document from being published, by pointers into it; the programme where it can be read."""
    try:
        rules = Programme.parse(document)
    except ValidationError as error:
        return None, field_errors(error, document)
    try:
        await refuse_what_the_chain_lacks(rules)
    except DomainError as refused:
        if refused.code != "programme-invalid":
            raise
        return rules, list(refused.errors)
    return rules, []
