"""The tenant's message texts, by code: what campaigns send."""

from collections.abc import Sequence
from typing import Any, Final

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.campaigns.campaign import mark_of
from tenants.campaigns.texts import Message
from tenants.trading import require_trading

_SHOWN: Final = "t.document, t.source, t.changed_at"
_LIST: Final = f"""
SELECT {_SHOWN} FROM message_text AS t WHERE t.tenant_id = $1 AND t.code > $2 ORDER BY t.code LIMIT $3"""
_READ: Final = f"SELECT {_SHOWN} FROM message_text AS t WHERE t.tenant_id = $1 AND t.code = $2"
_PUT: Final = f"""
INSERT INTO message_text AS t (tenant_id, code, document, source, changed_at)
SELECT $1, $2, $3, 'tenant', clock_timestamp() + n.clock_offset FROM tenant AS n WHERE n.tenant_id = $1
ON CONFLICT (tenant_id, code) DO UPDATE SET document = excluded.document, source = excluded.source,
   changed_at = excluded.changed_at
RETURNING {_SHOWN}, (SELECT NOT EXISTS (SELECT FROM message_text o WHERE o.tenant_id = $1 AND o.code = $2)) AS is_new"""
_LOCK: Final = "SELECT t.document FROM message_text AS t WHERE t.tenant_id = $1 AND t.code = $2 FOR UPDATE"
_MAKE: Final = f"""
INSERT INTO message_text AS t (tenant_id, code, document, source, changed_at)
SELECT $1, $2, $3, 'tenant', clock_timestamp() + n.clock_offset FROM tenant AS n WHERE n.tenant_id = $1
ON CONFLICT DO NOTHING RETURNING {_SHOWN}"""
_DELETE: Final = "DELETE FROM message_text AS t WHERE t.tenant_id = $1 AND t.code = $2 RETURNING t.code"
_USED: Final = """
SELECT c.code FROM campaign AS c
 WHERE c.tenant_id = $1 AND c.state <> 'stopped' AND c.document ->> 'message' = $2 ORDER BY c.code LIMIT 1"""
_INSTALL: Final = """
INSERT INTO message_text AS t (tenant_id, code, document, source, changed_at)
SELECT $1, n.code, n.document, 'template', clock_timestamp()
  FROM unnest($2::text[], $3::jsonb[]) AS n (code, document)"""


async def list_texts(after: str | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` texts by code, behind `after`."""
    rows = await connection().fetch(_LIST, current().tenant_id, after or "", count)
    return [_shown(row["document"], row["source"], row["changed_at"]) for row in rows]


async def read_text(code: str) -> dict[str, Any]:
    """One text as JSON data. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, code)
    if row is None:
        raise DomainError("not-found")
    return _shown(row["document"], row["source"], row["changed_at"])


async def message_of(code: str) -> Message | None:
    """The text of this code; None where there is none (any more)."""
    row = await connection().fetchrow(_READ, current().tenant_id, code)
    return None if row is None else Message.model_validate(row["document"])


async def make_text(message: Message) -> dict[str, Any]:
    """A new text. Raises DomainError `tenant-closed`, `code-taken`."""
    await require_trading()
    row = await connection().fetchrow(_MAKE, current().tenant_id, message.code, message.model_dump(mode="json"))
    if row is None:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("message_text.put", f"message_text:{message.code}")
    return _shown(row["document"], row["source"], row["changed_at"])


async def put_text(message: Message, seen: str | None = None) -> tuple[dict[str, Any], bool]:
    """Keeps the text under its code; whether it is a new one. What is sent from now on says it, also by campaigns that
    run. `seen`: the mark (`campaign.mark_of`) of the text that was changed.

    Raises DomainError `tenant-closed`; with `seen` also `not-found` where it is gone, `changed-meanwhile` where it
    says something else by now.
    """
    await require_trading()
    if seen is not None:
        kept = await connection().fetchval(_LOCK, current().tenant_id, message.code)
        if kept is None:
            raise DomainError("not-found")
        if mark_of(kept) != seen:
            raise DomainError("changed-meanwhile")
    row = await connection().fetchrow(_PUT, current().tenant_id, message.code, message.model_dump(mode="json"))
    if row is None:
        raise RuntimeError("a tenant without its row")
    await record("message_text.put", f"message_text:{message.code}")
    return _shown(row["document"], row["source"], row["changed_at"]), row["is_new"]


async def delete_text(code: str) -> None:
    """Raises DomainError `tenant-closed`, `not-found`, `text-in-use` {campaign} while a draft or a running campaign
    sends it.
    """
    await require_trading()
    used_by = await connection().fetchval(_USED, current().tenant_id, code)
    if used_by is not None:
        raise DomainError("text-in-use", params={"campaign": used_by})
    if await connection().fetchval(_DELETE, current().tenant_id, code) is None:
        raise DomainError("not-found")
    await record("message_text.delete", f"message_text:{code}")


async def install_texts(messages: Sequence[Message]) -> None:
    """Keeps a template's texts as the new tenant's own to change."""
    codes, documents = [m.code for m in messages], [m.model_dump(mode="json") for m in messages]
    await connection().execute(_INSTALL, current().tenant_id, codes, documents)


def _shown(document: dict[str, Any], source: str, changed_at: Any) -> dict[str, Any]:
    return {**document, "source": source, "changed_at": changed_at}
