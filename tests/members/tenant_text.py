"""All that a tenant's tables hold, as text: to look for what should be gone."""

from typing import Any

from support.clock import owner


async def everything(chain: Any) -> str:
    """Every row of the tenant as a line, kept answers as text too."""
    conn = await owner()
    names = await conn.fetch(
        "SELECT a.attrelid::regclass::text AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    )
    texts = []
    for row in names:
        found = await conn.fetch(
            f"SELECT to_jsonb(t)::text AS text FROM {row['name']} t WHERE tenant_id = $1", chain.tenant_id
        )
        texts += [f"{row['name']} {each['text']}" for each in found]
    for row in await conn.fetch(
        "SELECT body FROM idempotency WHERE tenant_id = $1 AND body IS NOT NULL", chain.tenant_id
    ):
        texts.append(f"answer {bytes(row['body']).decode()}")
    return "\n".join(texts)
