"""`/proof/isolation`: the owner sees when the installation was attacked, how, and that nothing got out."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from litestar import Request, Response, get

from saas.csv_text import csv_text
from saas.errors import DomainError
from saas.i18n import Tongue, n_
from saas.isolation_proofs import ATTACKS, Proof, last_report
from saas.pages import reader_of, render_page
from tenants.frame import frame

HOME: Final = "/proof/isolation"
_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_HEAD: Final = (n_("Attack"), n_("In words"), n_("Where"), n_("Tries"), n_("Answers"), n_("Leaks"))
_Request = Request[Any, Any, Any]
_Report = tuple[Proof, list[dict[str, Any]]]


@get(HOME, opt=_OPT, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """The last proof, attack by attack."""
    found, around = await last_report(), await frame()
    context = {
        "frame": around,
        "proof": found[0] if found else None,
        "kinds": _kinds(found[1], reader_of(request).tongue) if found else [],
        "home": HOME,
    }
    return render_page(request, "proofs/isolation.html", context)


@get(f"{HOME}/report.csv", opt=_OPT, include_in_schema=False)
async def as_csv(request: _Request) -> Response[Any]:
    """Every attack at every place, for a spreadsheet, in the reader's language. Raises DomainError `not-found`."""
    proof, lines = await _report()
    return _file(csv_text(_rows(lines, reader_of(request).tongue)).encode(), "text/csv", f"{_name(proof)}.csv")


@get(f"{HOME}/report.json", opt=_OPT, include_in_schema=False)
async def as_json() -> Response[Any]:
    """The same for programs: `{proof, attacks, tried}`. Raises DomainError `not-found`."""
    proof, lines = await _report()
    told = {"proof": asdict(proof), "attacks": ATTACKS, "tried": lines}
    body = json.dumps(told, default=str, ensure_ascii=False, indent=1).encode()
    return _file(body, "application/json", f"{_name(proof)}.json")


async def _report() -> _Report:
    found = await last_report()
    if found is None:
        raise DomainError("not-found")
    return found


def _kinds(lines: list[dict[str, Any]], speaks: Tongue) -> list[dict[str, Any]]:
    """Of each kind of attack: in words, at how many places, tries, leaks."""
    told = []
    for attack, words in ATTACKS.items():
        of_it = [line for line in lines if line["attack"] == attack]
        sums = {name: sum(line[name] for line in of_it) for name in ("tries", "leaks")}
        told.append({"attack": attack, "words": speaks.say(words), "places": len(of_it), **sums})
    return told


def _rows(lines: list[dict[str, Any]], speaks: Tongue) -> Iterator[list[str | int]]:
    yield [speaks.say(name) for name in _HEAD]
    for line in lines:
        attack, answers = line["attack"], " ".join(f"{name}×{count}" for name, count in line["answers"].items())
        words = speaks.say(ATTACKS[attack]) if attack in ATTACKS else ""
        yield [attack, words, line["place"], line["tries"], answers, line["leaks"]]


def _name(proof: Proof) -> str:
    return f"isolation-{proof.finished_at:%Y-%m-%d}"


def _file(body: bytes, media_type: str, name: str) -> Response[Any]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


HANDLERS = [show, as_csv, as_json]
