"""The ladders of the draft side by side: thresholds changed where they stand, tiers moved, added and dropped."""

import re
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import reader_of, see_other
from tenants.programme.document import Tier
from tenants.programme.strict import Loc
from tenants.programme.versions import current_programme
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.drafting import Draft, change_draft, mark, typed
from tenants.programme_pages.finding import Json, ladder_at, name_of, tier_at
from tenants.programme_pages.numbers import Sentence, put_number, sentences
from tenants.programme_pages.sections import WRITE, draft_of, draft_to_change, section
from tenants.programme_pages.telling import policy_facts, scheduled_note
from tenants.tiers.labels import tone_of

HOME: Final = "/programme/tiers"
NUMBER: Final = "n"
_MOST_LADDERS: Final = 3
_MOST_TIERS: Final = 20
_Request = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A tier in the editor. The sentences are None where a condition can't be read; `wrong` are its faults. `news`:
    new, changed, or nothing against the rules in force.
    """

    code: str
    name: str
    tone: int
    rank: int
    top: bool
    reached: list[Sentence] | None
    kept: list[Sentence] | None
    keeps: bool
    news: str
    wrong: list[str]
    doubtful: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """A ladder in the editor; `facts` where its settings can be read. `shape`: the mark of all but its numbers."""

    code: str
    name: str
    main: bool
    staff_only: bool
    seen: str
    shape: str
    rows: list[Row]
    facts: list[tuple[str, str]]
    period: str
    wrong: list[str]


@get(HOME, opt=WRITE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """Every ladder of the draft."""
    return await _page(request, await draft_of(request))


async def _page(request: _Request, draft: Draft, problem: DomainError | None = None) -> Response[str]:
    cards = [_card(draft, n) for n in range(len(draft.document["ladders"]))]
    context = {"cards": cards, "more_ladders": len(cards) < _MOST_LADDERS, "number": NUMBER, "most": _MOST_TIERS}
    return await section(request, "programme_pages/tiers.html", HOME, context, draft=draft, problem=problem)


@post("/programme/ladders/{ladder:str}/numbers", opt=WRITE, include_in_schema=False)
async def numbers(request: _Request, ladder: FromPath[str]) -> Response[Any]:
    """Keeps the thresholds as they are typed. They go by their places: where tiers or conditions have changed since,
    also by who asks (another tab), a number would stand for something else.
    """
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    part = draft.part("ladders", n)
    if form.get("shape") != _shape(part):
        return await _page(request, draft, DomainError("draft-revised", params={"by": draft.kept.by or "…"}))
    for name, text in form.items():
        if name.startswith(f"{NUMBER}/tiers/"):
            put_number(part, name.removeprefix(NUMBER), text, draft.currency)
    return await _change(request, ("ladders", n), part, form)


@post("/programme/ladders/{ladder:str}/tiers", opt=WRITE, include_in_schema=False)
async def insert(request: _Request, ladder: FromPath[str]) -> Response[Any]:
    """A new tier above another one, to be described next."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    part = draft.part("ladders", n)
    if len(part["tiers"]) >= _MOST_TIERS:
        raise DomainError("not-found")
    rank = tier_at(part, form.get("above", "")) + 1
    names = names_of(form)
    tier = {
        "code": await _free_code(part, ladder, names["en"]),
        "rank": rank,
        "names": names,
        "qualify": {"metric": "spend", "window": {"type": "lifetime"}},
        "retain": None,
        "benefits": [],
    }
    part["tiers"].insert(rank, tier)
    return await _change(
        request, ("ladders", n), ranked(part), form, f"/programme/ladders/{ladder}/tiers/{tier['code']}"
    )


@post("/programme/ladders/{ladder:str}/tiers/{tier:str}/move", opt=WRITE, include_in_schema=False)
async def move(request: _Request, ladder: FromPath[str], tier: FromPath[str]) -> Response[Any]:
    """A tier changes places with the one above or below it; the base stays where it is."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    n = ladder_at(draft.document, ladder)
    part = draft.part("ladders", n)
    rank = tier_at(part, tier)
    to = rank + (1 if form.get("act") == "up" else -1)
    if rank > 0 and 0 < to < len(part["tiers"]):
        part["tiers"][rank], part["tiers"][to] = part["tiers"][to], part["tiers"][rank]
    return await _change(request, ("ladders", n), ranked(part), form)


@post("/programme/ladders", opt=WRITE, include_in_schema=False)
async def add_ladder(request: _Request) -> Response[Any]:
    """One more ladder, of a base and a first step."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    ladders = draft.part("ladders")
    if len(ladders) >= _MOST_LADDERS:
        raise DomainError("not-found")
    names = names_of(form)
    known = {one["code"] for one in ladders} | {one.code for one in draft.present.ladders}
    code = _code(names["en"], known, "ladder")
    base = {"code": "base", "rank": 0, "names": {"zh-CN": "普通", "en": "Basic"}}
    first = {"code": "first", "rank": 1, "names": {"zh-CN": "高级", "en": "Advanced"}}
    empty: Json = {"qualify": None, "retain": None, "benefits": []}
    asked = {"metric": "spend", "window": {"type": "rolling_months", "months": 12}}
    ladders.append(
        {
            "code": code,
            "names": names,
            "visibility": "members",
            "tiers": [base | empty, first | empty | {"qualify": asked}],
            "policy": {
                "upgrade": "immediate",
                "schedule": {"type": "monthly"},
                "validity": {"type": "months", "months": 12},
                "grace_days": 0,
                "max_drop": None,
                "late_days": 3,
                "refund_recheck": "next_schedule",
            },
        }
    )
    return await _change(request, ("ladders",), ladders, form, f"/programme/ladders/{code}")


async def _change(
    request: _Request, path: Loc, part: Any, form: dict[str, str], then: str = f"{HOME}?done=saved"
) -> Response[Any]:
    """What was changed stays on the page where somebody else was faster."""
    language = reader_of(request).language
    try:
        await change_draft(language, path, part, form.get("seen", ""))
    except DomainError as error:
        if error.code != "draft-changed":
            raise
        return await _page(request, (await draft_of(request)).showing(path, part), error)
    return see_other(then)


def names_of(form: dict[str, str]) -> Json:
    """A name in both languages; the one that is missing is like the other."""
    zh, en = typed(form.get("zh")), typed(form.get("en"))
    return {"zh-CN": zh or en, "en": en or zh}


def ranked(ladder: Json) -> Json:
    """The same with ranks counted anew; the base asks for nothing."""
    for rank, tier in enumerate(ladder["tiers"]):
        tier["rank"] = rank
    ladder["tiers"][0] |= {"qualify": None, "retain": None}
    return ladder


async def _free_code(ladder: Json, code: str, name: str) -> str:
    """A code that no tier of the ladder has or ever had, so that nobody holds it yet."""
    present = await current_programme()
    before = present.ladder(code)
    known = {tier["code"] for tier in ladder["tiers"]} | set(present.lineage.get(code, {}))
    known |= {tier.code for tier in before.tiers} if before else set()
    return _code(name, known, "tier")


def _code(name: str, known: set[str], otherwise: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24]
    first = plain if re.match(r"[a-z]", plain) else otherwise
    return first if first not in known else next(c for k in range(2, 1000) if (c := f"{first}-{k}") not in known)


# --- what the page shows --------------------------------------------------------------------------


def _card(draft: Draft, n: int) -> Card:
    data = draft.document["ladders"][n]
    teller = draft.teller
    wrong = draft.wrong("ladders", n)
    ladder = draft.rules.ladders[n] if draft.rules is not None else None
    return Card(
        data["code"],
        name_of(draft, data),
        n == 0,
        data.get("visibility") == "staff",
        draft.seen("ladders", n),
        _shape(data),
        [_row(draft, n, rank, teller) for rank in reversed(range(len(data["tiers"])))],
        [] if ladder is None else policy_facts(ladder, teller),
        "" if ladder is None else scheduled_note(ladder, teller),
        [text for place, text in wrong.items() if not place.startswith("tiers/")],
    )


def _shape(ladder: Json) -> str:
    """The mark of a ladder's tiers and conditions without their numbers."""
    return mark([(tier["code"], [_without_bounds(tier.get(name)) for name in _ASKED]) for tier in ladder["tiers"]])


def _without_bounds(condition: Any) -> Any:
    if isinstance(condition, dict):
        return {key: None if key in {"gte", "lt"} else _without_bounds(part) for key, part in condition.items()}
    return [_without_bounds(part) for part in condition] if isinstance(condition, list) else condition


def _row(draft: Draft, n: int, rank: int, teller: Teller) -> Row:
    tiers = draft.document["ladders"][n]["tiers"]
    tier = tiers[rank]
    place: Loc = ("ladders", n, "tiers", rank)
    told = {name: sentences(tier[name], ("tiers", rank, name), teller) if tier.get(name) else [] for name in _ASKED}
    return Row(
        tier["code"],
        name_of(draft, tier),
        tone_of(rank, len(tiers)),
        rank,
        rank == len(tiers) - 1,
        told["qualify"],
        told["retain"],
        bool(tier.get("retain")),
        _news(draft, draft.document["ladders"][n]["code"], tier),
        list(dict.fromkeys(draft.wrong(*place).values())),
        list(draft.doubtful(*place).values()),
    )


def _news(draft: Draft, ladder: str, tier: Json) -> str:
    before = draft.present.ladder(ladder)
    known = None if before is None else before.tier(tier["code"])
    if known is None:
        return "new"
    said = known.model_dump(mode="json")
    return "changed" if any(tier.get(name) != said[name] for name in said if name != "rank") else ""


_ASKED: Final = tuple(name for name in Tier.model_fields if name in {"qualify", "retain"})
HANDLERS = [show, numbers, insert, move, add_ladder]
