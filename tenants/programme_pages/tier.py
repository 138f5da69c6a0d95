"""One tier of the draft: what it is called, what reaches it, what keeps it; and how it goes."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import see_other
from saas.scope import connection, current
from tenants.programme.lineage import Holders
from tenants.programme_pages.choices import HOW, JOINS, METRICS, NUMBERED, UNIT_NAMES, WINDOWS
from tenants.programme_pages.drafting import Draft, change_draft
from tenants.programme_pages.finding import Json, ladder_at, name_of, tier_at
from tenants.programme_pages.ladders import names_of, ranked
from tenants.programme_pages.sections import WRITE, draft_of, draft_to_change, section
from tenants.programme_pages.telling import benefit_told
from tenants.programme_pages.tree import OF_CATEGORY, OF_KIND, PLAIN, Group, Line, act_on, of_document, of_form
from tenants.programme_pages.tree import to_document as tree_to_document
from tenants.tiers.labels import tone_of

HOME: Final = "/programme/tiers"
_ADDRESS: Final = "/programme/ladders/{ladder:str}/tiers/{tier:str}"
_ASKED: Final = ("qualify", "retain")
_Request = Request[Any, Any, Any]
_HELD: Final = """
SELECT count(*) FROM member_tier s JOIN member m ON m.tenant_id = $1 AND m.id = s.member_id
 WHERE s.tenant_id = $1 AND s.ladder = $2 AND s.tier = ANY ($3::text[]) AND s.rank > 0 AND m.status = 'active'"""


@get(_ADDRESS, opt=WRITE, include_in_schema=False)
async def show(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[str]:
    """The tier's form."""
    return await _page(request, await draft_of(request), ladder, tier)


@post(_ADDRESS, opt=WRITE, include_in_schema=False)
async def change(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[Any]:
    """Keeps what is typed, and does what the pressed button says (`act`: what, colon, where)."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    rank = tier_at(draft.document["ladders"][n], tier)
    part = draft.part("ladders", n, "tiers", rank)
    part["names"] = names_of(form)
    if rank > 0:
        _conditions(part, form, draft.currency)
    path = ("ladders", n, "tiers", rank)
    try:
        await change_draft(draft.language, path, part, form.get("seen", ""))
    except DomainError as error:
        if error.code != "draft-changed":
            raise
        return await _page(request, (await draft_of(request)).showing(path, part), ladder, tier, error)
    return see_other(f"/programme/ladders/{ladder}/tiers/{tier}?done=saved")


def _conditions(part: Json, form: dict[str, str], currency: str) -> None:
    act, _, at = form.get("act", "").partition(":")
    name, _, path = at.partition(".")
    for asked in _ASKED:
        if f"{asked}.join" in form:
            tree = of_form(form, asked)
            if name == asked:
                act_on(tree, act, path)
            part[asked] = tree_to_document(tree, currency)
        if name == asked and act == "start":
            part[asked] = {"metric": "spend", "window": {"type": "lifetime"}}
        elif name == asked and act == "end":
            part[asked] = None


async def _page(
    request: _Request, draft: Draft, ladder: str, tier: str, problem: DomainError | None = None
) -> Response[str]:
    n = ladder_at(draft.document, ladder)
    data = draft.document["ladders"][n]
    rank = tier_at(data, tier)
    item = data["tiers"][rank]
    wrong = draft.wrong("ladders", n, "tiers", rank)
    context = {
        "ladder": ladder,
        "ladder_name": name_of(draft, data),
        "tier": tier,
        "tier_name": name_of(draft, item),
        "tone": tone_of(rank, len(data["tiers"])),
        "base": rank == 0,
        "names": item.get("names") or {},
        "seen": draft.seen("ladders", n, "tiers", rank),
        "trees": {name: of_document(item[name], draft.currency) if item.get(name) else None for name in _ASKED},
        "wrong": wrong,
        "doubtful": list(draft.doubtful("ladders", n, "tiers", rank).values()),
        "benefits": _benefits(draft, n, rank),
        "tiers_around": [(one["code"], name_of(draft, one)) for one in reversed(data["tiers"])],
        "kinds": _kinds(draft),
        **CHOICES,
    }
    return await section(request, "programme_pages/tier.html", HOME, context, draft=draft, problem=problem)


def _is_line(node: Line | Group) -> bool:
    return isinstance(node, Line)


CHOICES: Final[dict[str, Any]] = {
    "metrics": METRICS,
    "weighable": [
        (group, [one for one in metrics if one[0] not in {"score", "rating", "days_since_purchase"}])
        for group, metrics in METRICS
    ],
    "windows": WINDOWS,
    "hows": HOW,
    "joins": JOINS,
    "unit_names": UNIT_NAMES,
    "numbered": NUMBERED,
    "plain": PLAIN,
    "of_category": OF_CATEGORY,
    "of_kind": OF_KIND,
    "money_metrics": frozenset({"spend", "max_purchase", "top_ups", "max_top_up"}),
    "may_lack": frozenset({"rating", "days_since_purchase"}),
    "is_line": _is_line,
    "lists": {},
    "free_lists": frozenset(),
    "expiring": "",
}


def _kinds(draft: Draft) -> list[tuple[str, str]]:
    """The kinds of activities that the programme lists; any goes where it lists none."""
    teller = draft.teller
    return [(kind, teller.own("activity", kind)) for kind in draft.document.get("activity_kinds") or ()]


def _benefits(draft: Draft, n: int, rank: int) -> list[str]:
    if draft.rules is None:
        return []
    return [benefit_told(benefit, draft.teller) for benefit in draft.rules.ladders[n].tiers[rank].benefits]


# --- how it goes ----------------------------------------------------------------------------------


@get(f"{_ADDRESS}/drop", opt=WRITE, include_in_schema=False)
async def ask(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[str]:
    """Where its holders go, before it goes."""
    return await _asked(request, await draft_of(request), ladder, tier)


@post(f"{_ADDRESS}/drop", opt=WRITE, include_in_schema=False)
async def drop(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[Any]:
    """Takes the tier out of the draft, and keeps where its holders go."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    part = draft.part("ladders", n)
    rank = tier_at(part, tier)
    heir = part["tiers"][tier_at(part, form.get("into", ""))]["code"]
    if rank == 0 or heir == tier:
        raise DomainError("not-found")
    del part["tiers"][rank]
    holders = _holders_without(draft, ladder, tier, heir)
    try:
        await change_draft(draft.language, ("ladders", n), ranked(part), form.get("seen", ""), holders=holders)
    except DomainError as error:
        if error.code != "draft-changed":
            raise
        return await _asked(request, await draft_of(request), ladder, tier, error)
    return see_other(f"{HOME}?done=saved")


def _holders_without(draft: Draft, ladder: str, tier: str, heir: str) -> Holders:
    """Where everybody goes who was to have the tier; its own holders where the rules in force have it."""
    said = {code: to for code, to in (draft.kept.holders.get(ladder) or {}).items() if code != tier}
    said = {code: heir if to == tier else to for code, to in said.items()}
    before = draft.present.ladder(ladder)
    if before is not None and before.tier(tier) is not None:
        said[tier] = heir
    return {**draft.kept.holders, ladder: said}


async def _asked(
    request: _Request, draft: Draft, ladder: str, tier: str, problem: DomainError | None = None
) -> Response[str]:
    n = ladder_at(draft.document, ladder)
    data = draft.document["ladders"][n]
    rank = tier_at(data, tier)
    if rank == 0:
        raise DomainError("not-found")
    others = [one for one in reversed(data["tiers"]) if one["code"] != tier]
    context = {
        "ladder": ladder,
        "tier": tier,
        "tier_name": name_of(draft, data["tiers"][rank]),
        "others": [(one["code"], name_of(draft, one)) for one in others],
        "below": data["tiers"][rank - 1]["code"],
        "seen": draft.seen("ladders", n),
        "held": await held_by(draft, ladder, tier),
    }
    return await section(request, "programme_pages/drop.html", HOME, context, draft=draft, problem=problem)


async def held_by(draft: Draft, ladder: str, tier: str) -> int:
    """How many members hold a tier of the rules in force."""
    lineage = draft.present.lineage.get(ladder, {})
    codes = [tier, *(code for code, now in lineage.items() if now == tier)]
    count: int = await connection().fetchval(_HELD, current().tenant_id, ladder, codes)
    return count


HANDLERS = [show, change, ask, drop]
