"""`/v1/approvals`: a manager's PIN at the counter."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import JSONBody
from pydantic import Field

from saas.validation import Body
from tenants.approvals.giving import approve, who_may_approve
from tenants.approvals.limits import Act, limits

OPT = {"requires": "members:read"}


class ApprovalBody(Body):
    """`act`, `target` and `amount` as the problem `approval-needed` names them; `pin` is typed by who approves."""

    staff_id: UUID
    pin: Annotated[str, Field(min_length=1, max_length=64)]
    act: Act
    target: Annotated[str, Field(min_length=1, max_length=200)]
    amount: Annotated[int, Field(strict=True, ge=0, le=2**62)] = 0


@get("/v1/approvals/people", opt=OPT, tags=["staff"])
async def list_people() -> dict[str, Any]:
    """Who may approve for the session that asks, and what its clerks may do alone."""
    return {"data": await who_may_approve(), "limits": await limits()}


@post("/v1/approvals", opt={**OPT, "scoped": False, "shows_secret": True}, tags=["staff"])
async def post_approval(request: Request[Any, Any, Any], data: JSONBody[ApprovalBody]) -> dict[str, Any]:
    """Allows this session one act: 201 with a token, good once and for two minutes, to be sent with the act in the
    header `Approval`. Five wrong PINs in a row, and the person has to log in with the password first.
    """
    state = request.scope["state"]
    made = await approve(
        state["principal"], data.staff_id, data.pin, data.act, data.target, data.amount, state.get("request_id")
    )
    return {"id": made.id, "token": made.token, "approved_by": made.name, "expires_at": made.expires_at}


HANDLERS = [list_people, post_approval]
