"""`/rewards`: what points buy; `/rewards/claims`: what waits to be handed out."""

from typing import Final
from uuid import UUID

from litestar import get

from saas.i18n import Tongue, n_
from saas.paging import decode_cursor, encode_cursor
from tenants.frame import frame
from tenants.members.existing import require_member
from tenants.offers.asking import READ, Answer, Asked, answer, speaks_of
from tenants.offers.coupon_pages.words import Words, named
from tenants.offers.reward_pages.words import claim_line, floor_words
from tenants.offers.typed import Told
from tenants.offers.whom import meant, people
from tenants.programme.versions import current_programme
from tenants.rewards.claim import claims_of_member
from tenants.rewards.reward import newest_rewards, shown
from tenants.rewards.waiting import claimed, waiting_claims

HOME: Final = "/rewards"
CLAIMS: Final = "/rewards/claims"
_ENDED: Final = f"{HOME}?state=ended"
_SHOWN: Final = 30
_COUNTED: Final = 10_000


@get(HOME, opt=READ, include_in_schema=False)
async def rewards(request: Asked) -> Answer:
    """Those that can be claimed, or those that have ended (`state=ended`), the newest first."""
    speaks, around, rules = speaks_of(request), await frame(), await current_programme()
    ended, cursor = request.query_params.get("state") == "ended", request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows = await newest_rewards(before, _SHOWN + 1, ended=ended)
    counted = await claimed([row["id"] for row in rows[:_SHOWN]], _COUNTED)
    words = Words(speaks, around.currency)
    after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    context = {
        "lines": [
            {
                **shown(row),
                "name": named(row["names"], speaks),
                "for_whom": floor_words(shown(row)["floor"], rules, speaks),
                "claimed": words.count(counted[row["id"]], _COUNTED),
            }
            for row in rows[:_SHOWN]
        ],
        "ended": ended,
        "views": _views(speaks, _ENDED if ended else HOME),
        "first": (_ENDED if ended else HOME) if cursor else None,
        "following": f"{HOME}?cursor={after}{'&state=ended' if ended else ''}" if after else None,
    }
    return await answer(request, "reward_pages/rewards.html", context, around=around)


@get(CLAIMS, opt=READ, include_in_schema=False)
async def claims(request: Asked) -> Answer:
    """Those that wait, the newest first; with `q` those of who is meant."""
    return await claims_page(request)


async def claims_page(request: Asked, problem: Told | None = None) -> Answer:
    """The list, also where handing out is refused."""
    speaks, around = speaks_of(request), await frame()
    q, cursor = request.query_params.get("q", "").strip(), request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    if q:
        ids = [person.id for one in await meant([q], speaks) for person in one.people]
        every = [
            row for one in ids for row in await claims_of_member(await require_member(one), "claimed", _SHOWN, None)
        ]
        rows, after = every[:_SHOWN], None
    else:
        rows = await waiting_claims(before, _SHOWN)
        after = encode_cursor(rows[_SHOWN - 1]["id"]) if len(rows) > _SHOWN else None
    who = await people([row["member_id"] for row in rows], speaks)
    context = {
        "lines": [claim_line(row, who.get(row["member_id"]), speaks, around) for row in rows[:_SHOWN]],
        "q": q,
        "views": _views(speaks, CLAIMS),
        "first": CLAIMS if cursor else None,
        "following": f"{CLAIMS}?cursor={after}" if after else None,
    }
    return await answer(request, "reward_pages/claims.html", context, problem, around=around)


def _views(speaks: Tongue, here: str) -> list[tuple[str, str, bool]]:
    named = {HOME: n_("To claim"), CLAIMS: n_("To be handed out"), _ENDED: n_("Ended")}
    return [(address, speaks.say(name), address == here) for address, name in named.items()]


HANDLERS = [rewards, claims]
