"""What of a purchase is done before its member is locked: looking at the member's PIN, which takes its time."""

from typing import Final

from saas.scope import connection, current
from tenants.confirming.confirm import Ahead, look_ahead
from tenants.confirming.consent import PinConsent
from tenants.confirming.pins import STORED
from tenants.members.identities import CARD, PHONE
from tenants.programme.versions import programme
from tenants.purchases.bodies import PurchaseBody

_PAYER: Final = f"""
SELECT t.programme_version, m.id AS member_id, {STORED.format(member="m.id")} AS stored,
       EXISTS (SELECT FROM purchase_external x
                WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = $3) AS taken
  FROM tenant t JOIN member m ON m.tenant_id = t.tenant_id AND m.status = 'active' AND m.id = coalesce($4::uuid, (
       SELECT i.member_id FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = $5 AND i.value = $6))
 WHERE t.tenant_id = $1"""


async def pin_ahead(body: PurchaseBody) -> Ahead | None:
    """The PIN held against whom the body means; None where none is needed, or who is meant takes more than a look: then
    the PIN is looked at behind the lock.
    """
    consent = body.wallet_consent
    if not isinstance(consent, PinConsent) or not body.wallet_amount:
        return None
    kind, value = (CARD, body.card_no) if body.phone is None else (PHONE, body.phone)
    payer = await connection().fetchrow(
        _PAYER, current().tenant_id, body.branch_id, body.external_id, body.member_id, kind, value
    )
    if payer is None or payer["taken"]:
        return None
    rules = await programme(payer["programme_version"])
    if body.wallet_amount <= rules.wallet.confirm_above:
        return None
    return await look_ahead(payer["member_id"], consent, payer["stored"])
