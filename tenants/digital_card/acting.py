"""What a member does on its card: confirms its phone, spends points on a reward, says what it wants to be sent."""

import re
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import reader_of
from tenants.digital_card.answers import OPEN, AskedBy, card_page, opened, require_own_page, see_card
from tenants.digital_card.links import Link
from tenants.digital_card.phones import confirm_phone, is_confirmed, may_confirm, send_phone_code
from tenants.digital_card.showing import chain_on_card, rewards_on_card
from tenants.digital_card.sms_codes import MINUTES
from tenants.members.bodies import MemberChange
from tenants.members.change import change_member
from tenants.members.phones import mask_phone
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.programme.versions import current_programme
from tenants.rewards.bodies import ClaimBody
from tenants.rewards.claim import claim

_PHONE: Final = "/c/{link:str}/phone"
_REWARD: Final = "/c/{link:str}/rewards/{reward_id:uuid}"
_KEY: Final = re.compile(r"[0-9a-f]{32}")
_SPOKEN: Final = frozenset({"sms", "wechat", "push", "email"})


@get(_PHONE, **OPEN)
async def show_phone(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """Asks whether to send a code; then for the code."""
    return await _phone_page(request, link)


@post(_PHONE, **OPEN, status_code=200)
async def confirm(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """Without a code it sends one; with the right one this phone may spend from now on."""
    form = await texts_of(request)
    try:
        require_own_page(request)
        async with opened(request, link) as here:
            if "code" not in form:
                await send_phone_code(here.link, here.holder)
                return see_card(f"{here.link.path}/phone?sent=yes")
            cookie = await confirm_phone(here.link, here.holder, form["code"])
    except DomainError as error:
        return await _phone_page(request, link, error)
    if cookie is None:
        return await _phone_page(request, link, wrong=True)
    return see_card(f"{here.link.path}?done=confirmed", cookies=[cookie])


async def _phone_page(
    request: AskedBy, link: str, error: DomainError | None = None, *, wrong: bool = False
) -> Response[Any]:
    async with opened(request, link) as here:
        chain, row = await chain_on_card(), await member_row(here.holder)
    problem = told(request, error) if error else None
    context = {
        "link": here.link,
        "chain": chain,
        "phone": mask_phone(row["phone"]),
        "may_confirm": may_confirm(row["phone"]),
        "confirmed": is_confirmed(request, here.link, row["phone"]),
        "sent": wrong or request.query_params.get("sent") == "yes",
        "wrong": wrong,
        "minutes": MINUTES,
        "problem": problem,
    }
    status = 422 if wrong else problem.status if problem else 200
    return card_page(request, "phone.html", context, status=status, headers=error.headers if error else None)


@get(_REWARD, **OPEN)
async def show_reward(request: AskedBy, link: FromPath[str], reward_id: FromPath[UUID]) -> Response[Any]:
    """What it costs, what stays, and the question."""
    return await _reward_page(request, link, reward_id)


@post(_REWARD, **OPEN, status_code=200)
async def take(request: AskedBy, link: FromPath[str], reward_id: FromPath[UUID]) -> Response[Any]:
    """Spends the points, once however often it is sent: `key` is the page's own number."""
    form = await texts_of(request)
    key = form.get("key", "")
    if _KEY.fullmatch(key) is None or form.get("consent") != "yes":
        raise DomainError("bad-request")
    try:
        require_own_page(request)
        async with opened(request, link) as here:
            await _require_confirmed(request, here.link, here.holder)
            await claim(reward_id, ClaimBody(member_id=here.holder, external_id=f"card:{key}"))
    except DomainError as error:
        return await _reward_page(request, link, reward_id, error, key=key)
    return see_card(f"{here.link.path}?done=claimed#rewards")


async def _require_confirmed(request: AskedBy, link: Link, holder: UUID) -> None:
    if not is_confirmed(request, link, (await member_row(holder))["phone"]):
        raise DomainError("not-permitted")


async def _reward_page(
    request: AskedBy, link: str, reward_id: UUID, error: DomainError | None = None, *, key: str = ""
) -> Response[Any]:
    speaks = reader_of(request).tongue
    async with opened(request, link) as here:
        chain, row = await chain_on_card(), await member_row(here.holder)
        member = await show(row, speaks.language)
        offered = await rewards_on_card(member, await current_programme(), speaks)
    one = next((each for each in offered if each["id"] == reward_id), None)
    if one is None:
        raise error or DomainError("not-found")
    problem = told(request, error) if error else None
    context = {
        "link": here.link,
        "chain": chain,
        "one": one,
        "spendable": member["points"]["spendable"],
        "confirmed": is_confirmed(request, here.link, row["phone"]),
        "may_confirm": may_confirm(row["phone"]),
        "key": key if _KEY.fullmatch(key) else uuid7().hex,
        "problem": problem,
    }
    status = problem.status if problem else 200
    return card_page(request, "reward.html", context, status=status, headers=error.headers if error else None)


@post("/c/{link:str}/consents", **OPEN, status_code=200)
async def say_consents(request: AskedBy, link: FromPath[str]) -> Response[Any]:
    """Offers by SMS and the like. Whoever has the link takes them back; only a confirmed phone asks for them."""
    form = await texts_of(request)
    channel, wanted = form.get("channel"), form.get("wanted") == "yes"
    require_own_page(request)
    if channel not in _SPOKEN:
        raise DomainError("bad-request")
    change = MemberChange.model_validate({"consents": {channel: wanted}, "source": "page"})
    async with opened(request, link) as here:
        phone = (await member_row(here.holder))["phone"]
        if wanted and not is_confirmed(request, here.link, phone):
            if may_confirm(phone):
                return see_card(f"{here.link.path}/phone")
            raise DomainError("not-permitted")
        await change_member(here.holder, change, None)
    return see_card(f"{here.link.path}?done=consents#consents")


HANDLERS = [show_phone, confirm, show_reward, take, say_consents]
