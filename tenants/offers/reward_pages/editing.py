"""A reward is defined, changed, stocked, ended and taken up again."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import mark, require_as_seen
from saas.once import once
from saas.pages import see_other
from tenants.frame import Frame, frame
from tenants.offers.asking import DEFINE, Answer, Asked, answer, form_of, refused, speaks_of, typed
from tenants.offers.coupon_pages.form import code_of
from tenants.offers.coupon_pages.words import named
from tenants.offers.reward_pages.words import floor_words, tiers_of
from tenants.offers.typed import Told, Typed
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.rewards.bodies import NewReward, RewardChange
from tenants.rewards.reward import change_reward, make_reward, reward, shown

ONE: Final = "/rewards/{reward_id:uuid}"
_FIELDS: Final = ("code", "names_zh-CN", "names_en", "points", "stock", "floor")


@get("/rewards/new", opt=DEFINE, include_in_schema=False)
async def new(request: Asked) -> Answer:
    return await _form(request, await frame(), {})


@post("/rewards/new", opt=DEFINE, include_in_schema=False)
async def create(request: Asked) -> Answer:
    """Made once however often it is sent, and shown."""
    form, _, around = await form_of(request)

    async def make() -> str:
        made = await make_reward(_new(typed(form, around)))
        return f"/rewards/{made['id']}?done=made"

    try:
        return see_other(await once(request, make))
    except DomainError as error:
        return await _form(request, around, form, refused(request, error, around, _FIELDS))


@get(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def edit(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    kept = shown(await reward(reward_id))
    return await _form(request, await frame(), _filled(kept, await current_programme()), kept=kept)


@post(f"{ONE}/edit", opt=DEFINE, include_in_schema=False)
async def change(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    """Claims made before keep their points. Pieces are counted on the reward's page."""
    form, _, around = await form_of(request)
    kept = shown(await reward(reward_id))
    try:
        require_as_seen(form, _typed_of(kept))
        was = _filled(kept, await current_programme())["floor"]
        await change_reward(reward_id, _changed(typed(form, around), was))
    except DomainError as error:
        return await _form(request, around, form, refused(request, error, around, _FIELDS), kept=kept)
    return see_other(f"/rewards/{reward_id}?done=changed")


@post(f"{ONE}/end", opt=DEFINE, include_in_schema=False)
async def end(request: Asked, reward_id: FromPath[UUID]) -> Answer:
    """`ended`: yes, and nobody claims it any more; no, and they do again."""
    form, _, _ = await form_of(request)
    ended = form.get("ended") == "yes"
    await change_reward(reward_id, RewardChange(ended=ended))
    return see_other(f"/rewards/{reward_id}?done={'ended' if ended else 'resumed'}")


def _new(asked: Typed) -> NewReward:
    names, points = asked.names(), _points(asked)
    code = asked.plain("code") or code_of(names.get("en") or "", "reward")
    values = {"code": code, "names": names, "points": points, "stock": asked.whole("stock"), "floor": _floor(asked)}
    return asked.body(NewReward, values)


def _changed(asked: Typed, was: str) -> RewardChange:
    """`was`: the floor as the form began with it. Nobody has chosen it then, and it stays, whatever became of it."""
    names, points = asked.names(), _points(asked)
    floor = {} if (asked.text("floor") or "") == was else {"floor": _floor(asked)}
    return asked.body(RewardChange, {"names": names, "points": points, **floor})


def _points(asked: Typed) -> int | None:
    points = asked.whole("points")
    if points is None:
        asked.missing("points")
    return points


def _floor(asked: Typed) -> dict[str, str] | None:
    ladder, _, tier = (asked.text("floor") or "").partition(":")
    return {"ladder": ladder, "tier": tier} if ladder else None


def _filled(kept: Mapping[str, Any], rules: Programme) -> dict[str, str]:
    """The floor by what its tier is called now, where the rules still have it."""
    floor = kept["floor"]
    ladder = rules.ladder(floor["ladder"]) if floor else None
    tier = rules.raised(ladder, floor["tier"]) if ladder else None
    return {
        "names_zh-CN": kept["names"].get("zh-CN", ""),
        "names_en": kept["names"].get("en", ""),
        "points": str(kept["points"]),
        "floor": f"{floor['ladder']}:{tier.code if tier else floor['tier']}" if floor else "",
    }


def _typed_of(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What of a reward is in its form."""
    return {name: kept[name] for name in ("names", "points", "floor")}


async def _form(
    request: Asked,
    around: Frame,
    form: Mapping[str, str],
    problem: Told | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Answer:
    speaks, rules = speaks_of(request), await current_programme()
    tiers = [("", speaks.say("Every member")), *tiers_of(rules, speaks)]
    if kept and (gone := _filled(kept, rules)["floor"]) not in dict(tiers):
        tiers.append((gone, floor_words(kept["floor"], rules, speaks)))
    context = {
        "form": form,
        "reward": kept,
        "seen": mark(_typed_of(kept)) if kept else "",
        "title": named(kept["names"], speaks) if kept else "",
        "tiers": tiers,
    }
    return await answer(request, "reward_pages/form.html", context, problem, around=around)


HANDLERS = [new, create, edit, change, end]
