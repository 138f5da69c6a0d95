"""What an account has beside its members: webhooks, files, views, bills."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from saas.isolation.furnishing.posting import Chain, done, post, write
from saas.principal import SYSTEM
from saas.scope import connection, tenant_scope
from tenants.imports.uploads import keep


async def webhook(chain: Chain, mark: str) -> tuple[str, str]:
    """An endpoint that was turned off, and a delivery that waits for it."""
    body = {"url": f"https://hooks.example.com/{mark}", "description": f"till {mark}"}
    made = (await post(chain, "/v1/webhooks", body))["id"]
    sent = (await post(chain, f"/v1/webhooks/{made}/test", {"type": "tier.changed"}))["id"]
    await done(chain.http.patch(f"/v1/webhooks/{made}", json={"enabled": False}))
    return made, sent


async def uploaded(chain: Chain, import_id: str) -> str:
    """A file that came by the pages, whose check and import were of this run; its id."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"external_id,name\nX,A\n"

    upload_id = await keep(chain.tenant_id, SYSTEM, "members", "m.csv", "text/csv", chunks())
    options = {"kind": "members", "mapping": {"external_id": "external_id"}}
    async with tenant_scope(chain.tenant_id):
        await connection().execute(
            "UPDATE import_upload SET options = $3, check_id = $4, import_id = $4 WHERE tenant_id = $1 AND id = $2",
            chain.tenant_id,
            upload_id,
            options,
            import_id,
        )
    return str(upload_id)


async def bulk(chain: Chain) -> str:
    """An act for many members that is under way; its id."""
    async with tenant_scope(chain.tenant_id):
        made = await connection().fetchval(
            "INSERT INTO job (tenant_id, id, kind, state) VALUES ($1, uuidv7(), 'member_bulk', 'queued') RETURNING id",
            chain.tenant_id,
        )
    return str(made)


async def export(chain: Chain) -> str:
    """An export whose file isn't kept any more; its id."""
    async with tenant_scope(chain.tenant_id):
        made = await connection().fetchval(
            "WITH job AS (INSERT INTO job AS j (tenant_id, id, kind, state) VALUES ($1, uuidv7(), 'export', 'done')"
            " RETURNING j.tenant_id, j.id) INSERT INTO export AS e (tenant_id, id, actor, run, ended_at)"
            " SELECT j.tenant_id, j.id, 'system', 1, clock_timestamp() FROM job AS j RETURNING e.id",
            chain.tenant_id,
        )
    return str(made)


async def view(chain: Chain, staff_id: str, mark: str) -> str:
    """A saved view of somebody's, and one of the chain's; the latter's id."""
    for owner in (staff_id, None):
        async with tenant_scope(chain.tenant_id):
            made = await connection().fetchval(
                "INSERT INTO member_view (tenant_id, id, staff_id, name, filters, created_by)"
                " VALUES ($1, uuidv7(), $2, $3, '{}', 'system') RETURNING id",
                chain.tenant_id,
                owner,
                f"v{mark}",
            )
    return str(made)


async def billing(chain: Chain, member_id: str, mark: str) -> None:
    """Our copy of what Stripe would tell: no call goes out from here."""
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=30)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("platform.stripe_customer", {"customer_id": f"cus_{chain.tenant_id.hex}"}),
        (
            "subscription",
            {
                "subscription_id": f"sub_{mark}",
                "stripe_status": "active",
                "plan": "chain",
                "revision": "2026-11",
                "currency": "CNY",
                "collection_method": "send_invoice",
                "period_start": now,
                "period_end": later,
            },
        ),
        ("billing_profile", {"customer_id": f"cus_{chain.tenant_id.hex}"}),
        ("billing_operation", {"id": chain.branch_id, "kind": "cancel", "request": {}, "state": "done", "actor": "x"}),
        (
            "invoice",
            {
                "id": f"in_{mark}",
                "status": "open",
                "collection_method": "send_invoice",
                "currency": "CNY",
                **dict.fromkeys(("total", "amount_due", "amount_paid", "amount_remaining"), 0),
                **dict.fromkeys(("period_start", "period_end", "created_at", "read_at"), now),
            },
        ),
        ("billing_notice", {"kind": "billing.trial_ending", "about": later}),
        ("stripe_event", {"id": f"evt_{mark}", "type": "invoice.paid", "created_at": now, "via": "webhook"}),
        (
            "usage_period",
            {"period_start": now, "period_end": later, "billed": True, "plan": "chain", "revision": "2026-11"},
        ),
        (
            "usage_member",
            {"period_start": now, "member_id": member_id, "kind": "purchase", "source_id": member_id, "at": now},
        ),
        (
            "usage_report",
            {
                "identifier": mark,
                "period_start": now,
                "day": later.date(),
                "value": 1,
                **dict.fromkeys(("counted_at", "at"), now),
            },
        ),
    ]
    await write(chain, rows)
