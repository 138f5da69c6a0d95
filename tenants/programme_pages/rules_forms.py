"""Pages of the editor with the rules beside the ladders: a form for each part of the document, kept as it is typed.

A form's field is called as its place in the part, `-` between the steps: `redeem-max_percent`.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import see_other
from tenants.programme_pages.drafting import Draft, Path, change_draft, money, typed, whole
from tenants.programme_pages.sections import WRITE, draft_of, section

Form = dict[str, str]
Read = Callable[[Mapping[str, str], Draft], Any]
Fill = Callable[[Any, Draft], Form]
Edit = Callable[[Any, str], Any]
Choices = Callable[[Draft], Awaitable[dict[str, Any]]]
YES: Final = "yes"
_Request = Request[Any, Any, Any]


def _as_it_is(value: Any, _do: str) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the document and its form. `edit`: what a button of the form does to the part, such as a row more."""

    name: str
    path: Path
    read: Read
    fill: Fill
    edit: Edit = _as_it_is
    alone: str = ""
    """The only field of a part that is a plain list."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one or several parts; `choices` is what its template needs beside their forms."""

    address: str
    template: str
    parts: tuple[Part, ...]
    choices: Choices


def handlers_of(page: Page) -> list[HTTPRouteHandler]:
    """The page, and the saving of each of its parts."""
    known = {part.name: part for part in page.parts}

    @get(page.address, opt=WRITE, include_in_schema=False)
    async def show(request: _Request) -> Response[Any]:
        return await _shown(request, page, await draft_of(request))

    @post(f"{page.address}/{{part:str}}", opt=WRITE, include_in_schema=False)
    async def save(request: _Request, part: FromPath[str]) -> Response[Any]:
        if part not in known:
            raise DomainError("not-found")
        return await _saved(request, page, known[part])

    return [show, save]


async def _saved(request: _Request, page: Page, part: Part) -> Response[Any]:
    form, draft = await texts_of(request), await draft_of(request)
    value = part.read(form, draft)
    if form.get("do"):
        value = part.edit(value, form["do"])
    try:
        await change_draft(draft.language, part.path, value, form.get("seen", ""))
    except DomainError as error:
        if error.code not in {"draft-changed", "payload-too-large"}:
            raise
        return await _shown(request, page, await draft_of(request), part, value, error)
    return see_other(f"{page.address}?done=saved#{part.name}")


async def _shown(
    request: _Request,
    page: Page,
    draft: Draft,
    refused: Part | None = None,
    value: Any = None,
    problem: DomainError | None = None,
) -> Response[Any]:
    forms = {
        part.name: form_of(page, part, draft, value if part is refused else draft.part(*part.path))
        for part in page.parts
    }
    context = {"forms": forms, **await page.choices(draft)}
    return await section(request, page.template, page.address, context, draft=draft, problem=problem)


def form_of(page: Page, part: Part, draft: Draft, value: Any) -> dict[str, Any]:
    """What the template shows of a part: its fields, what is wrong beside them, and what belongs to none of them."""
    form = part.fill(value, draft)
    wrong, others = by_field(draft.wrong(*part.path), form, part.alone)
    doubts, more = by_field(draft.doubtful(*part.path), form, part.alone)
    return {
        "form": form,
        "value": value,
        "wrong": wrong,
        "others": others,
        "doubts": [*doubts.values(), *more],
        "seen": draft.seen(*part.path),
        "action": f"{page.address}/{part.name}",
    }


def by_field(faults: Mapping[str, str], fields: Collection[str], alone: str = "") -> tuple[dict[str, str], list[str]]:
    """Texts by the field that their place belongs to, the nearest one above it, else the one that is `alone`; the
    rest.
    """
    wrong: dict[str, str] = {}
    others = []
    for place, text in faults.items():
        steps = place.split("/")
        names = ("-".join(steps[:n]) for n in range(len(steps), 0, -1))
        name = next((name for name in names if name in fields), alone)
        if not name:
            others.append(text)
        else:
            wrong.setdefault(name, text)
    return wrong, others


# --- what was typed -------------------------------------------------------------------------------


def number(text: str | None, otherwise: int | Literal[""] = "") -> int | str:
    """A whole number; what is none stays the text that it is. Where nothing was typed `otherwise`: a field without
    which the rule says nothing stays empty, and is said to be, instead of getting a number that nobody chose.
    """
    value = whole(text)
    return otherwise if value is None else value


def money_typed(form: Mapping[str, str], name: str, currency: str) -> int | str:
    """Minor units likewise: nothing typed is no 0."""
    value = money(form.get(name), currency)
    return "" if value is None else value


def listed(text: str | None, before: Collection[Any] = ()) -> list[str]:
    """Several with commas, semicolons or new lines between them. One of `before` that stands on a line of its own stays
    as it is: a till's category may have a comma in it (烟、酒).
    """
    found: list[str] = []
    for line in (text or "").splitlines():
        if (whole_line := typed(line)) in before:
            found.append(whole_line)
        else:
            found += [typed(part) for part in re.split("[,，、;；]", line)]
    return list(dict.fromkeys(one for one in found if one))


def names_typed(form: Mapping[str, str], before: str) -> dict[str, str]:
    """A text in both languages; who writes one of them means it for both."""
    chinese, english = typed(form.get(f"{before}-zh-CN")), typed(form.get(f"{before}-en"))
    return {"zh-CN": chinese or english, "en": english or chinese}


def row_count(form: Mapping[str, str], before: str, last: str) -> int:
    """How many rows a form has, by a field that each of them has."""
    n = 0
    while f"{before}{n}{last}" in form:
        n += 1
    return n


def without_row(rows: list[Any], do: str, prefix: str) -> list[Any]:
    """The rows but the one that the button `<prefix><n>` names."""
    n = do.removeprefix(prefix)
    return [row for place, row in enumerate(rows) if not (do.startswith(prefix) and n == str(place))]
