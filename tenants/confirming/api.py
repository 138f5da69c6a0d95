"""`/v1/members/{id}/wallet-codes` and `/pin`.

`wallet:confirm` is for the chain's member app and its PIN pads: who has it can consent in a member's place. A till
needs none of it: it asks for an SMS, which only the member's phone gets, and sends on what it is told.
"""

from typing import Any
from uuid import UUID

from litestar import Request, delete, post, put
from litestar.params import FromPath, JSONBody

from saas.errors import DomainError
from saas.principal import Principal
from saas.scope import tenant_scope
from tenants.confirming.asking import code_by_sms, code_for_card, remove_pin, require_unlike_others, set_pin
from tenants.confirming.bodies import PinBody, QrBody, SmsBody
from tenants.confirming.pins import pin_hash
from tenants.members.whereabouts import survivor_of

CONFIRM = {"requires": "wallet:confirm"}
TAGS = ["wallet"]


@post(
    "/v1/members/{member_id:uuid}/wallet-codes",
    opt={**CONFIRM, "shows_secret": True},
    tags=TAGS,
    summary="A one-minute code for the member's digital card",
)
async def create_code(member_id: FromPath[UUID], data: JSONBody[QrBody]) -> dict[str, Any]:
    """It names the member at the till and consents to one payment from the wallet. The answer isn't kept: a repeat
    with the same Idempotency-Key answers `secret-shown-once`.
    """
    shown = await code_for_card(member_id, data.amount)
    return {"code": shown.code, "expires_at": shown.expires_at, "qr": shown.qr}


@post(
    "/v1/members/{member_id:uuid}/wallet-codes/sms",
    opt={"requires": "purchases:write"},
    status_code=202,
    tags=TAGS,
    summary="Send the member a code for one payment, by SMS",
)
async def send_code(member_id: FromPath[UUID], data: JSONBody[SmsBody]) -> dict[str, Any]:
    """Six digits that hold for five minutes and end the ones before; three in fifteen minutes at most."""
    return {"expires_at": await code_by_sms(member_id, data.amount)}


@put(
    "/v1/members/{member_id:uuid}/pin",
    opt={**CONFIRM, "scoped": False},
    status_code=204,
    tags=TAGS,
    summary="Set the member's PIN",
)
async def put_pin(request: Request[Any, Any, Any], member_id: FromPath[UUID], data: JSONBody[PinBody]) -> None:
    """Hashed between two scopes: argon2 takes its time on purpose, and no lock waits for it."""
    require_unlike_others(data.pin)
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None:
        raise DomainError("not-permitted")
    request_id = request.scope["state"].get("request_id")
    async with tenant_scope(principal.tenant_id, principal=principal, request_id=request_id):
        meant = await survivor_of(member_id)
    hashed = await pin_hash(principal.tenant_id, meant, data.pin)
    async with tenant_scope(principal.tenant_id, principal=principal, request_id=request_id):
        await set_pin(meant, hashed)


@delete("/v1/members/{member_id:uuid}/pin", opt=CONFIRM, tags=TAGS, summary="Take the member's PIN away; again is fine")
async def delete_pin(member_id: FromPath[UUID]) -> None:
    await remove_pin(member_id)


HANDLERS = [create_code, send_code, put_pin, delete_pin]
