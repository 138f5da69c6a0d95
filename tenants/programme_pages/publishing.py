"""Publishing the draft: what changes, what is left to mend, when it comes and for whom; or giving it up."""

from datetime import UTC, datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post

from saas.errors import DomainError, FieldError
from saas.forms import texts_of
from saas.i18n import n_
from saas.pages import reader_of, see_other
from saas.scope import connection, current
from tenants.programme.compared import draft_differences
from tenants.programme.differences import Difference
from tenants.programme.draft import drop_draft
from tenants.programme.lineage import Holders
from tenants.programme.pending import Pending, cancel_pending
from tenants.programme.publish import publish
from tenants.programme.published import Transition
from tenants.programme_pages.drafting import Draft, mark, typed
from tenants.programme_pages.effect import by_period
from tenants.programme_pages.finding import place_of
from tenants.programme_pages.heirs import gone, holders_of
from tenants.programme_pages.sections import WRITE, draft_of, draft_to_change, section
from tenants.programme_pages.trying import moves_of, run_now

HOME: Final = "/programme/publish"
_Request = Request[Any, Any, Any]

TRANSITIONS: Final = (
    ("next_purchase", n_("With each member's next purchase"), n_("Nobody's tier changes by the publish itself.")),
    ("next_schedule", n_("When tiers are decided next"), n_("Everybody is decided anew by the schedule, as usual.")),
    ("up_only", n_("At once, but only upwards"), n_("Who gains rises now; nobody falls before the usual time.")),
    ("now", n_("At once, up and down"), n_("Everybody gets the tier of the new rules now; locks set by hand stay.")),
    (
        "grandfather",
        n_("Whoever holds a tier keeps it until it ends"),
        n_("Holders keep their tier, with the new benefits, to the end of its validity."),
    ),
)
"""(transition, name, what it means), the gentlest first."""


@get(HOME, opt=WRITE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """What the draft changes, and the form that publishes it."""
    return await _page(request, await draft_of(request), {})


@post(HOME, opt=WRITE, include_in_schema=False)
async def send(request: _Request) -> Response[Any]:
    """Publishes just what was shown: not a draft that somebody has changed meanwhile."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    if not draft.exists:
        return see_other("/programme")
    try:
        if form.get("revision") != _looked_at(draft):
            raise _changed(draft)
        at = await _instant(form)
        made = await publish(_transition(form), typed(form.get("note")) or None, _holders(draft, form), at)
    except DomainError as error:
        return await _page(request, draft, form, error)
    return see_other(f"/programme?done={'waits' if isinstance(made, Pending) else 'published'}")


@post("/programme/draft/drop", opt=WRITE, include_in_schema=False)
async def drop(request: _Request) -> Response[Any]:
    """Gives the draft up."""
    form = await texts_of(request)
    draft = await draft_to_change(request)
    if draft.exists:
        if form.get("revision") != _looked_at(draft):
            return await _page(request, draft, {}, _changed(draft))
        await drop_draft()
    return see_other("/programme?done=dropped")


@post("/programme/pending/cancel", opt=WRITE, include_in_schema=False)
async def cancel() -> Response[Any]:
    """Takes back the publish that waits for its time. The draft is still there."""
    try:
        await cancel_pending()
    except DomainError as error:
        if error.code != "not-found":
            raise
    return see_other(f"{HOME}?done=cancelled")


def _looked_at(draft: Draft) -> str:
    """What the page shows, for its forms. Revisions begin anew with each draft, so that the number alone would also be
    another draft's; and what changes hangs on the rules in force.
    """
    return f"{draft.kept.revision}-{mark([draft.kept.document, draft.kept.holders, draft.present.version])}"


def _changed(draft: Draft) -> DomainError:
    return DomainError("draft-revised", params={"by": draft.kept.by or "…"})


def _transition(form: dict[str, str]) -> Transition:
    wanted = form.get("transition", "next_purchase")
    for known in get_args(Transition):
        if wanted == known:
            found: Transition = known
            return found
    raise DomainError("validation-failed", errors=[FieldError("/transition", "invalid")])


async def _zone() -> ZoneInfo:
    name: str = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    return ZoneInfo(name)


async def _instant(form: dict[str, str]) -> datetime | None:
    """The chosen time on the chain's clocks; None: at once. Raises DomainError `validation-failed`."""
    if form.get("when") != "later":
        return None
    text = form.get("at", "").strip()
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        code = "invalid" if text else "required"
        raise DomainError("validation-failed", errors=[FieldError("/at", code)]) from None
    if local.tzinfo is not None:
        raise DomainError("validation-failed", errors=[FieldError("/at", "invalid")])
    try:
        return local.replace(tzinfo=await _zone()).astimezone(UTC)
    except OverflowError:
        raise DomainError("validation-failed", errors=[FieldError("/at", "out-of-range")]) from None


def _holders(draft: Draft, form: dict[str, str]) -> Holders:
    """As the form says; what it leaves out, as it was said or suggested."""
    found: dict[str, dict[str, str] | None] = {}
    for ladder, into in holders_of(draft).items():
        found[ladder] = None if into is None else dict(into)
    for one in gone(draft):
        into = found[one.ladder]
        if into is not None and form.get(one.field):
            into[one.tier] = form[one.field]
    return found


async def _page(
    request: _Request, draft: Draft, form: dict[str, str], problem: DomainError | None = None
) -> Response[str]:
    differences: list[Difference] = []
    if draft.rules is not None and draft.exists:
        language = reader_of(request).language
        differences = await draft_differences(draft.rules, holders_of(draft), None, language)
    run = await run_now(draft)
    moves = await moves_of(draft, run)
    context = {
        "differences": differences,
        "addresses": {d.pointer: place_of(draft.document, d.pointer) for d in differences},
        "faults": [(text, place_of(draft.document, at)) for at, text in draft.faults.items()],
        "doubts": [(text, place_of(draft.document, at)) for at, text in draft.doubts.items()],
        "gone": gone(draft),
        "transitions": TRANSITIONS,
        "form": {
            "transition": "next_schedule" if by_period(draft) else "next_purchase",
            "when": "now",
            "at": "",
            "note": "",
            **form,
        },
        "revision": _looked_at(draft),
        "next_version": draft.present.version + 1,
        "ups": sum(matrix.up for matrix in moves),
        "downs": sum(matrix.down for matrix in moves),
        "run": run,
        "period": [ladder.names.get(draft.language) for ladder in by_period(draft)],
    }
    return await section(request, "programme_pages/publish.html", HOME, context, draft=draft, problem=problem)


HANDLERS = [show, send, drop, cancel]
