"""What the pages of offers have in common: who asks, the form that came, the page that answers."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from litestar import Request, Response

from saas.errors import DomainError
from saas.forms import texts_of
from saas.i18n import Tongue
from saas.pages import reader_of, render_page
from saas.scope import current
from tenants.frame import Frame, frame
from tenants.offers.typed import Told, Typed, told

Asked = Request[Any, Any, Any]
Answer = Response[Any]
READ: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}
DEFINE: Final[dict[str, Any]] = {"auth": "page", "requires": "programme:write"}
GIVE: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write"}
USE: Final[dict[str, Any]] = {"auth": "page", "requires": "purchases:write"}
CLAIM: Final[dict[str, Any]] = {"auth": "page", "requires": "points:write"}
SELL: Final[dict[str, Any]] = {"auth": "page", "requires": "wallet:write"}


def speaks_of(request: Asked) -> Tongue:
    return reader_of(request).tongue


async def answer(
    request: Asked, template: str, context: Mapping[str, object], problem: Told | None = None, *, around: Frame
) -> Answer:
    """The page, with what was refused said on it."""
    may = current().principal.may
    whole = {
        "frame": around,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": request.query_params.get("done"),
        "may_define": may("programme:write"),
        "may_give": may("members:write"),
        "may_use": may("purchases:write"),
        "may_claim": may("points:write"),
        "may_sell": may("wallet:write"),
        **context,
    }
    return render_page(request, template, whole, status=problem.status if problem else 200)


async def form_of(request: Asked, several: Collection[str] = ()) -> tuple[dict[str, str], dict[str, list[str]], Frame]:
    """The form's texts, those of its fields that have several values, and the frame of the page that answers."""
    form = await texts_of(request)
    sent = await request.form()
    lists = {name: [str(value) for value in sent.getall(name, [])] for name in several}
    return form, lists, await frame()


def typed(form: Mapping[str, str], around: Frame) -> Typed:
    return Typed(form, around.currency)


def refused(request: Asked, error: DomainError, around: Frame, fields: Collection[str] = ()) -> Told:
    """The problem for people. Raises it again where it is `not-found`."""
    return told(error, reader_of(request).language, around.currency, fields)
