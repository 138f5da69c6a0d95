"""`/rewards/claims/{id}`: a claim until it is handed out or called off."""

from typing import Final
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.pages import see_other
from saas.scope import connection, current
from tenants.frame import Frame, frame
from tenants.offers.asking import CLAIM, READ, Answer, Asked, answer, form_of, refused, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.reward_pages.listing import claims_page
from tenants.offers.reward_pages.words import claim_line
from tenants.offers.typed import Told
from tenants.offers.whom import people
from tenants.rewards.claim import cancel, collect
from tenants.rewards.waiting import claim_row

_ONE: Final = "/rewards/claims/{claim_id:uuid}"
_BRANCH: Final = "SELECT name FROM branch WHERE tenant_id = $1 AND id = $2"
_NAMES: Final = (
    "SELECT 'staff:' || f.id AS actor, f.name FROM staff f WHERE f.tenant_id = $1 AND 'staff:' || f.id = ANY ($2)"
)


@get(_ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, claim_id: FromPath[UUID]) -> Answer:
    return await _page(request, await frame(), claim_id)


@post(f"{_ONE}/collect", opt=CLAIM, include_in_schema=False)
async def hand_out(request: Asked, claim_id: FromPath[UUID]) -> Answer:
    """The member has it now. From the list it goes back to the list."""
    form, _, around = await form_of(request)
    await _existing(claim_id)
    listed = form.get("from") == "list"
    try:
        await collect(claim_id)
    except DomainError as error:
        problem = refused(request, error, around)
        return await (claims_page(request, problem) if listed else _page(request, around, claim_id, problem))
    return see_other("/rewards/claims?done=collected" if listed else f"/rewards/claims/{claim_id}?done=collected")


@post(f"{_ONE}/cancel", opt=CLAIM, include_in_schema=False)
async def call_off(request: Asked, claim_id: FromPath[UUID]) -> Answer:
    """Points and piece come back."""
    around = await frame()
    await _existing(claim_id)
    try:
        await cancel(claim_id)
    except DomainError as error:
        return await _page(request, around, claim_id, refused(request, error, around))
    return see_other(f"/rewards/claims/{claim_id}?done=cancelled")


async def _existing(claim_id: UUID) -> asyncpg.Record:
    row = await claim_row(claim_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def _page(request: Asked, around: Frame, claim_id: UUID, problem: Told | None = None) -> Answer:
    row, speaks = await _existing(claim_id), speaks_of(request)
    who = (await people([row["member_id"]], speaks)).get(row["member_id"])
    acted = await connection().fetch(_NAMES, current().tenant_id, [row["actor"], row["changed_by"] or ""])
    staff = {one["actor"]: one["name"] for one in acted}
    branch = await connection().fetchval(_BRANCH, current().tenant_id, row["branch_id"])
    line = claim_line(row, who, speaks, around)
    facts = [
        (speaks.say("Reward"), named(row["names"], speaks)),
        (speaks.say("Points"), speaks.number(row["points"])),
        (speaks.say("Branch"), branch),
        (speaks.say("Claimed"), line["at"]),
        (speaks.say("Entered by"), staff.get(row["actor"])),
        (line["state"], speaks.moment(row["changed_at"], around.timezone) if row["changed_at"] else None),
        (speaks.say("Done by"), staff.get(row["changed_by"])),
    ]
    context = {
        "claim": line,
        "reward_id": row["reward_id"],
        "facts": [(name, value) for name, value in facts if value],
    }
    return await answer(request, "reward_pages/claim.html", context, problem, around=around)


HANDLERS = [one, hand_out, call_off]
