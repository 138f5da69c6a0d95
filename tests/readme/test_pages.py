"""Every page can be found, every link leads somewhere, and every call and code that a page names exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from saas.errors import catalogue

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
_VERBS = "GET|POST|PUT|PATCH|DELETE"
_CALL = re.compile(rf"\b((?:{_VERBS})(?:/(?:{_VERBS})|, `?(?:{_VERBS}))*) (/v1/[^\s`?,]*)")
_PLACE = re.compile(r"\{[^}]*\}")


def names() -> list[str]:
    return [str(page.relative_to(ROOT)) for page in PAGES]


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", page.read_text()):
        if not target.startswith("https://"):
            yield target


def anchors(page: Path) -> set[str]:
    """As they are made of headings: small letters, hyphens for blanks, nothing else but letters and digits."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", names())
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@pytest.mark.parametrize("folder", [DOCS, DOCS / "decisions", DOCS / "templates"], ids=lambda folder: folder.name)
def test_the_index_has_every_page_of_its_folder(folder: Path) -> None:
    listed = {target.partition("#")[0] for target in links(folder / "README.md")}
    assert {page.name for page in folder.glob("*.md")} - {"README.md"} <= listed
    inner = {f"{each.name}/README.md" for each in folder.iterdir() if each.is_dir()}
    assert {each.removesuffix("README.md") for each in inner} <= {each.removesuffix("README.md") for each in listed}


@pytest.mark.parametrize("name", names())
def test_a_code_is_answered_with_the_status_that_the_page_says(name: str) -> None:
    known = catalogue()
    for status, code in re.findall(r"\b([45]\d\d)(?: with)? `([a-z]+(?:-[a-z]+)*)`", (ROOT / name).read_text()):
        if code in known.problems:
            assert known.problems[code].status == int(status), code
        else:
            assert (code in known.fields, status) == (True, "422"), code


@pytest.mark.parametrize("name", names())
def test_every_call_is_one_of_ours(name: str, app: Any) -> None:
    ours: dict[str, set[str]] = {}
    for route in app.routes:
        if path := getattr(route, "path", None):
            ours.setdefault(_PLACE.sub("{}", path), set()).update(getattr(route, "methods", ()))
    for verbs, path in _CALL.findall((ROOT / name).read_text()):
        asked = _PLACE.sub("{}", path).rstrip(".:;)")
        methods = {verb for shape, verbs in ours.items() if _fits(shape, asked) for verb in verbs}
        assert set(re.findall(_VERBS, verbs)) <= methods, f"{verbs} {path}"


def _fits(shape: str, asked: str) -> bool:
    """An example's own value, too, stands for any."""
    return re.fullmatch(re.escape(shape).replace(r"\{\}", "[^/]+"), asked) is not None
