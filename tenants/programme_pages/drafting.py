"""What every section of the editor does with the draft: read it, change one part of it, say what is wrong where.

A section is a part of the document, by its path: `("points",)`, `("ladders", 0)`. Its form carries a mark of the part
as it was shown (`seen`), so that two people who change different parts don't hinder each other, and who would overwrite
what somebody else has changed meanwhile is told. A part is kept with whatever was typed: what is no number stays the
text that it is, and is said to be none.
"""

import copy
import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from saas.errors import DomainError, InvalidValueError, Language
from saas.money import currency_sign, exponent, parse_decimal_amount, to_decimal, ungrouped
from saas.scope import current
from tenants.programme.compared import glossary
from tenants.programme.descent import descent
from tenants.programme.document import Programme
from tenants.programme.doubts import warnings
from tenants.programme.draft import Kept, faults_of, keep_draft, kept_draft, lock_draft
from tenants.programme.followers import Change, doubts
from tenants.programme.lineage import Holders
from tenants.programme.published import Published
from tenants.programme.strict import json_pointer
from tenants.programme.versions import current_programme
from tenants.programme.wording.doubts import doubt_text
from tenants.programme.wording.teller import Glossary, Teller
from tenants.programme_pages.faults import fault_text

Path = tuple[str | int, ...]
_LONGEST: Final = 500
"""Characters of one typed value that are kept."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft, or where there is none the rules in force, which a first change begins one with.

    `rules`: the draft as a programme, None while it can't be read as one. `faults` keep it from being published,
    `doubts` don't: texts in the reader's language by pointer.
    """

    kept: Kept
    present: Programme
    rules: Programme | None
    faults: Mapping[str, str]
    doubts: Mapping[str, str]
    language: Language
    glossary: Glossary
    shown: dict[str, Any] | None = None
    """What the page shows in its place: entries that couldn't be kept."""

    @property
    def document(self) -> dict[str, Any]:
        return self.kept.document if self.shown is None else self.shown

    def showing(self, path: Path, value: Any) -> "Draft":
        """The same with entries that aren't kept, because somebody else was faster."""
        document = copy.deepcopy(self.kept.document)
        _put(document, path, value)
        return replace(self, shown=document, rules=None)

    @property
    def exists(self) -> bool:
        return self.kept.revision > 0

    @property
    def changes(self) -> bool:
        """Whether it says anything else than the rules in force."""
        return self.exists and _rules_of(self.kept.document) != _rules_of(self.present.dump())

    @property
    def behind(self) -> bool:
        """Whether other rules came into force since it was begun."""
        return self.exists and self.kept.document["version"] <= self.present.version

    @property
    def currency(self) -> str:
        return self.present.currency

    @property
    def teller(self) -> Teller:
        return Teller(self.language, self.currency, self.glossary)

    def part(self, *path: str | int) -> Any:
        """A copy of a part, to be changed; None where the draft has nothing there."""
        return copy.deepcopy(_at(self.document, path))

    def seen(self, *path: str | int) -> str:
        """The mark of a part as it is now, for the hidden field `seen` of its form."""
        return mark(_at(self.kept.document, path))

    def wrong(self, *path: str | int) -> dict[str, str]:
        """The faults of a part by their place in it: `redeem/points`, the part itself as ``. For `fields.html`."""
        return _below(self.faults, path)

    def doubtful(self, *path: str | int) -> dict[str, str]:
        """The doubts likewise."""
        return _below(self.doubts, path)


def _storable(value: Any) -> Any:
    """The same without the characters that jsonb can't hold: choices come as they were sent, not only as offered."""
    match value:
        case str():
            return "".join(c for c in value if c != "\0" and unicodedata.category(c) != "Cs")
        case list():
            return [_storable(one) for one in value]
        case dict():
            return {_storable(name): _storable(one) for name, one in value.items()}
        case _:
            return value


async def open_draft(language: Language) -> Draft:
    """The draft as it is now."""
    return await _judged(await kept_draft(), language)


async def change_draft(
    language: Language, path: Path, value: Any, seen: str, *, holders: Holders | None = None
) -> Draft:
    """Puts `value` in the place of a part and keeps the draft, with whatever faults. `holders`: in the place of what
    was said about them.

    Raises DomainError `draft-changed` where the part isn't what `seen` was, `payload-too-large`.
    """
    was = await lock_draft()
    if mark(_at(was.document, path)) != seen and not _own(was, path):
        raise DomainError("draft-changed", params={"by": was.by or "…"})
    document = copy.deepcopy(was.document)
    _put(document, path, _storable(value))
    said = was.holders if holders is None else holders
    if document != was.document or said != was.holders:
        await keep_draft(document, said, was, json_pointer(path))
    return await _judged(await kept_draft(), language)


# --- what was typed -------------------------------------------------------------------------------


def typed(text: str | None) -> str:
    """A form's text as it is kept: without control characters around or in it, and not endless."""
    clean = "".join(c for c in text or "" if unicodedata.category(c) not in {"Cc", "Cs"})
    return clean.strip()[:_LONGEST]


def whole(text: str | None) -> int | str | None:
    """A whole number; None where nothing was typed, the text itself where it is none."""
    plain = _plain(text)
    if not plain:
        return None
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 18 else typed(text)  # noqa: PLR2004


def money(text: str | None, currency: str) -> int | str | None:
    """An amount as minor units, likewise: 600, 1,234.50, ￥600."""
    plain = _plain(text)
    if not plain:
        return None
    try:
        return parse_decimal_amount(plain, currency)
    except InvalidValueError:
        return typed(text)


def decimal(text: str | None) -> str | None:
    """A decimal as the document has it, a text; None where nothing was typed."""
    return _plain(text).rstrip("%").strip() or None


def sign_of(draft: Draft) -> str:
    """The sign of the chain's currency, to stand before a field."""
    return currency_sign(draft.currency, draft.teller.language)


def shown(value: Any) -> str:
    """A number of the document for its field."""
    return "" if value is None else str(value)


def shown_money(value: Any, currency: str) -> str:
    """Minor units for their field: 60000 → 600, 1250 → 12.50."""
    if not isinstance(value, int):
        return shown(value)
    text = f"{to_decimal(value, currency):.{exponent(currency)}f}"
    return text.removesuffix("." + "0" * exponent(currency))


def _plain(text: str | None) -> str:
    """Full-width characters as usual ones, and without what parts thousands."""
    return ungrouped(unicodedata.normalize("NFKC", typed(text)).strip().lstrip("¥$€£").strip())


# --- parts ----------------------------------------------------------------------------------------


def _at(document: Any, path: Path) -> Any:
    for key in path:
        if isinstance(document, list) and isinstance(key, int):
            document = document[key] if 0 <= key < len(document) else None
        elif isinstance(document, dict):
            document = document.get(key)
        else:
            return None
    return document


def _put(document: Any, path: Path, value: Any) -> None:
    """Raises DomainError `draft-changed` where there is no such place any more."""
    holder: Any = _at(document, path[:-1])
    last: Any = path[-1]
    if isinstance(holder, dict) or (isinstance(holder, list) and last in range(len(holder))):
        holder[last] = value
    else:
        raise DomainError("draft-changed")


def _own(kept: Kept, path: Path) -> bool:
    """Whether nobody but who asks has edited the part: a form that saves itself may be behind its own last save."""
    at = json_pointer(path)
    hands = {who for place, who in kept.hands.items() if f"{at}/".startswith(f"{place}/") or place.startswith(f"{at}/")}
    return hands == {current().principal.actor}


def mark(part: Any) -> str:
    """So many letters that equal parts share."""
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16]


def _rules_of(document: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in document.items() if name != "version"}


def _below(texts: Mapping[str, str], path: Path) -> dict[str, str]:
    above = json_pointer(path)
    return {
        place.removeprefix(above).removeprefix("/"): text
        for place, text in texts.items()
        if place == above or place.startswith(f"{above}/")
    }


async def _judged(kept: Kept, language: Language) -> Draft:
    present = await current_programme()
    rules, errors = await faults_of(kept.document)
    faults: dict[str, str] = {}
    for error in errors:
        faults.setdefault(error.pointer, fault_text(error, _value_at(kept.document, error.pointer), language))
    return Draft(
        kept, present, rules, faults, await _doubts(kept, present, rules, language), language, await glossary()
    )


async def _doubts(kept: Kept, present: Programme, rules: Programme | None, language: Language) -> dict[str, str]:
    if rules is None or not kept.revision:
        return {}
    coming = rules.as_published(Published(lineage=(await descent(present, rules, kept.holders)).lineage))
    teller = Teller(language, present.currency)
    told: dict[str, str] = {}
    for doubt in warnings(rules) + await doubts(Change(present, coming)):
        text = doubt_text(doubt, teller)
        told[doubt.pointer] = f"{told[doubt.pointer]} {text}" if doubt.pointer in told else text
    return told


def _value_at(document: Any, pointer: str) -> Any:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return _at(document, tuple(int(part) if part.isdigit() else part for part in parts))
