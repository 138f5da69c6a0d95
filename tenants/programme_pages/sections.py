"""The frame of every page of the programme: tabs, and what state the draft is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, Response

from saas.errors import DomainError, catalogue
from saas.forms import told
from saas.i18n import n_
from saas.pages import reader_of, render_page
from saas.scope import current
from tenants.frame import frame
from tenants.programme.draft import lock_draft
from tenants.programme.pending import pending
from tenants.programme_pages.drafting import Draft, open_draft, sign_of

READ: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}
WRITE: Final[dict[str, Any]] = {"auth": "page", "requires": "programme:write"}
"""`opt` of the pages that show the rules, and of those that edit them."""


@dataclass(frozen=True, slots=True)
class Tab:
    path: str
    label: str
    edits: bool = True
    """Only for who may change the rules."""


TABS: tuple[Tab, ...] = (
    Tab("/programme", n_("In force"), edits=False),
    Tab("/programme/tiers", n_("Tiers")),
    Tab("/programme/benefits", n_("Benefits")),
    Tab("/programme/points", n_("Points")),
    Tab("/programme/wallet", n_("Stored value")),
    Tab("/programme/discounts", n_("Discounts")),
    Tab("/programme/members", n_("Joining and stages")),
    Tab("/programme/try", n_("Try it out")),
    Tab("/programme/publish", n_("Publish")),
    Tab("/programme/versions", n_("History"), edits=False),
)


async def draft_of(request: Request[Any, Any, Any]) -> Draft:
    """The draft, in the reader's language."""
    return await open_draft(reader_of(request).language)


async def draft_to_change(request: Request[Any, Any, Any]) -> Draft:
    """The same, behind the lock: nobody changes or publishes it until the request's end."""
    await lock_draft()
    return await draft_of(request)


async def section(
    request: Request[Any, Any, Any],
    template: str,
    here: str,
    context: Mapping[str, object] | None = None,
    *,
    draft: Draft | None = None,
    problem: DomainError | None = None,
) -> Response[str]:
    """A page of the programme; `template` extends `programme_pages/section.html`, `here` is the tab's path. With a
    draft its state stands above the content; a problem is said there, too, and is the answer's status.
    """
    wrong = None if problem is None else told(request, problem)
    writes = current().principal.may("programme:write")
    waits = await pending()
    language = reader_of(request).language
    failed = "" if waits is None or waits.failed is None else catalogue().problems[waits.failed].title[language]
    page = {
        "frame": await frame(),
        "tabs": [(tab.path, tab.label, tab.path == here) for tab in TABS if writes or not tab.edits],
        "here": here,
        "writes": writes,
        "draft": draft,
        "sign": "" if draft is None else sign_of(draft),
        "pending": waits,
        "pending_problem": failed,
        "problem": wrong,
        "done": request.query_params.get("done"),
        **(context or {}),
    }
    return render_page(request, template, page, status=wrong.status if wrong else 200)
