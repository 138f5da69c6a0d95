"""`/rewards/{id}`: what it costs, how many are left, who claimed it, and claiming it for a member."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError
from saas.once import once
from saas.pages import see_other
from saas.paging import decode_cursor, encode_cursor
from tenants.frame import Frame, frame
from tenants.nightly import this_night
from tenants.offers.asking import CLAIM, DEFINE, READ, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.words import Words, named
from tenants.offers.places import chosen, own_branches
from tenants.offers.reward_pages.editing import ONE
from tenants.offers.reward_pages.words import claim_line, floor_words
from tenants.offers.typed import Told, act_of, new_act
from tenants.offers.whom import MOST, meant, people
from tenants.points.reading import totals
from tenants.programme.versions import current_programme
from tenants.rewards.bodies import ClaimBody, RewardChange, StockBody
from tenants.rewards.claim import claim
from tenants.rewards.reward import change_reward, reward, shown, stock_reward
from tenants.rewards.waiting import claimed, claims_of_reward

_SHOWN: Final = 30
_COUNTED: Final = 100_000
_FIELDS: Final = ("pieces", "who", "branch_id")
_NUMBERED: Final = "page-"


@get(ONE, opt=READ, include_in_schema=False)
async def one(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    return await reward_page(request, await frame(), reward_id)


@post(f"{ONE}/stock", opt=DEFINE, include_in_schema=False)
async def stock(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    """Pieces that came or are gone, counted once however often it is sent; or, with `unlimited`, counted no more."""
    form, _, around = await form_of(request)

    async def count() -> str:
        asked = typed(form, around)
        pieces = asked.whole("pieces")
        if form.get("unlimited"):
            await change_reward(reward_id, RewardChange(unlimited=True))
        else:
            if pieces is None:
                asked.missing("pieces")
            signed = -pieces if pieces is not None and form.get("way") == "gone" else pieces
            await stock_reward(reward_id, asked.body(StockBody, {"pieces": signed}).pieces)
        return f"/rewards/{reward_id}?done=stocked"

    try:
        return see_other(await once(request, count))
    except DomainError as error:
        return await reward_page(request, around, reward_id, refused(request, error, around, _FIELDS), form)


@get(f"{ONE}/claim", opt=CLAIM, include_in_schema=False)
async def ask(reward_id: FromPath[UUID]) -> Answer:
    """Who claims is sent, not asked for: back to the form."""
    await reward(reward_id)
    return see_other(f"/rewards/{reward_id}#claim")


@post(f"{ONE}/claim", opt=CLAIM, status_code=200, include_in_schema=False)
async def look(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    """Who is meant, with what they can spend."""
    form, _, around = await form_of(request)
    kept, speaks, asked = shown(await reward(reward_id)), speaks_of(request), typed(form, around)
    lines = asked.listed("who")[:MOST]
    if not lines:
        error = DomainError("validation-failed", errors=[FieldError("/who", "required")])
        return await reward_page(request, around, reward_id, refused(request, error, around, _FIELDS), form)
    found = [person for one in await meant(lines[:1], speaks) for person in one.people if person.active]
    return await _choice(request, around, kept, found, form)


@post(f"{ONE}/claim/{{member_id:uuid}}", opt=CLAIM, include_in_schema=False)
async def take(request: Asked, reward_id: FromPath[UUID], member_id: FromPath[UUID]) -> Answer:
    """A member's points for one piece; once, however often it is sent."""
    form, _, around = await form_of(request)
    kept, asked = shown(await reward(reward_id)), typed(form, around)
    wanted = {
        "member_id": str(member_id),
        "branch_id": asked.text("branch_id"),
        "external_id": f"{_NUMBERED}{act_of(form)}-{member_id}",
    }
    try:
        body = asked.body(ClaimBody, {name: value for name, value in wanted.items() if value is not None})
        row, _ = await claim(reward_id, body)
    except DomainError as error:
        problem = refused(request, error, around, _FIELDS)
        who = await people([member_id], speaks_of(request))
        return await _choice(request, around, kept, list(who.values()), form, problem)
    return see_other(f"/rewards/claims/{row['id']}?done=claimed")


async def _choice(
    request: Asked,
    around: Frame,
    kept: dict[str, Any],
    found: list[Any],
    form: dict[str, str],
    problem: Told | None = None,
) -> Answer:
    places, speaks = await own_branches(), speaks_of(request)
    points = await totals([person.id for person in found], (await this_night()).today)
    context = {
        "reward": kept,
        "title": named(kept["names"], speaks),
        "people": [(person, points[person.id].out["spendable"]) for person in found],
        "branches": [("", "—"), *((str(place["id"]), place["name"]) for place in places)],
        "form": {"branch_id": chosen(request, places), **form},
        "act": new_act(),
    }
    return await answer(request, "reward_pages/claim_for.html", context, problem, around=around)


async def reward_page(
    request: Asked, around: Frame, reward_id: UUID, problem: Told | None = None, form: dict[str, str] | None = None
) -> Answer:
    """The reward's page, also where something that was sent from it is refused."""
    kept, speaks, rules = shown(await reward(reward_id)), speaks_of(request), await current_programme()
    words, cursor = Words(speaks, around.currency), request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows = await claims_of_reward(reward_id, before, _SHOWN)
    who = await people([row["member_id"] for row in rows], speaks)
    after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    context = {
        "reward": kept,
        "title": named(kept["names"], speaks),
        "for_whom": floor_words(kept["floor"], rules, speaks),
        "claimed": words.count((await claimed([reward_id], _COUNTED))[reward_id], _COUNTED),
        "lines": [claim_line(row, who.get(row["member_id"]), speaks, around) for row in rows[:_SHOWN]],
        "form": form or {},
        "first": f"/rewards/{reward_id}" if cursor else None,
        "following": f"/rewards/{reward_id}?cursor={after}" if after else None,
    }
    return await answer(request, "reward_pages/reward.html", context, problem, around=around)


HANDLERS = [one, stock, ask, look, take]
