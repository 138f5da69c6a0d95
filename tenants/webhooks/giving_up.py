"""An endpoint that has gone, or has failed for three days, is turned off, and its owners are told."""

from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from saas.errors import DEFAULT_LANGUAGE
from saas.i18n import as_language, n_, tongue
from saas.mail.letter import post_letter
from saas.scope import connection, current
from saas.settings import get_settings
from tenants.audit.record import record
from tenants.events.emit import emit

GIVE_UP_AFTER: Final = timedelta(days=3)

_OFF: Final = """
UPDATE webhook_endpoint SET state = $3, state_since = clock_timestamp()
 WHERE tenant_id = $1 AND id = $2 AND state = 'on' RETURNING url"""
_OWNERS: Final = """
SELECT s.name, s.email, t.name AS chain, t.locale
  FROM staff s JOIN tenant t ON t.tenant_id = $1
 WHERE s.tenant_id = $1 AND s.role = 'owner' AND s.left_at IS NULL ORDER BY s.id"""
_WHY: Final = {
    "gone": n_("Your server answered that it is gone for good (410)."),
    "failing": n_("For three days it has answered nothing but errors, or nothing at all."),
}


async def give_up(endpoint_id: UUID, why: Literal["gone", "failing"]) -> None:
    """In the scope that has seen the last failure; once."""
    tenant_id = current().tenant_id
    url = await connection().fetchval(_OFF, tenant_id, endpoint_id, why)
    if url is None:
        return
    await record("webhook.disable", f"webhook:{endpoint_id}", {"url": url, "reason": why})
    # Read by others, too: what stands behind the `?` is often what opens it.
    told = {"webhook_id": str(endpoint_id), "url": url.partition("?")[0], "reason": why}
    await emit("webhook.disabled", told)
    for owner in await connection().fetch(_OWNERS, tenant_id):
        await _post(dict(owner), endpoint_id, url, why)


async def _post(owner: dict[str, Any], endpoint_id: UUID, url: str, why: str) -> None:
    speaks = tongue(as_language(owner["locale"]) or DEFAULT_LANGUAGE)
    paragraphs = [
        speaks.say("Dear %(name)s,", name=owner["name"]),
        speaks.say("%(chain)s’s events are no longer sent to this address:", chain=owner["chain"]),
        url,
        speaks.say(_WHY[why]),
        speaks.say("What waited is kept. Once your server is well again, turn it on here and send what it missed:"),
        f"{get_settings().public_url.rstrip('/')}/webhooks/{endpoint_id}",
    ]
    subject = speaks.say("%(chain)s: a webhook was turned off", chain=owner["chain"])
    await post_letter(owner["email"], subject, "\n\n".join(paragraphs) + "\n")
