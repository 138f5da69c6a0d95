"""What every answer of a card carries, and how a card is opened: by its link, for a while, from one address."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response
from litestar.datastructures import Cookie

from saas.cookies import LANGUAGE, lasting_cookie
from saas.errors import DomainError, catalogue
from saas.headers import CONTENT_SECURITY_POLICY
from saas.i18n import as_language
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.wording import fill
from tenants.digital_card.links import Link, holder_of, read_link
from tenants.digital_card.throttle import count

AskedBy = Request[Any, Any, Any]
_A_MINUTE: Final = 120
_PER_ADDRESS: Final = 600  # a shop's guests share one
_SECONDS: Final = 60
HEADERS: Final[Mapping[str, str]] = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; manifest-src 'self'",
}
"""The address of a card is its key: it goes to nobody, and into no index."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A card that is looked at."""

    link: Link
    holder: UUID


@asynccontextmanager
async def opened(request: AskedBy, text: str) -> AsyncIterator[Opened]:
    """The card of a link, in a scope of its chain in which the member acts.

    Raises DomainError `not-found` for a link that holds no more or never did, `rate-limited`.
    """
    await count("card-address", address_of(request), _PER_ADDRESS, _SECONDS)
    link = read_link(text)
    await count("card-link", text, _A_MINUTE, _SECONDS)
    who = Principal(f"member:{link.member_id}", link.tenant_id, frozenset())
    async with tenant_scope(link.tenant_id, principal=who, request_id=request.scope["state"].get("request_id")):
        yield Opened(link, await holder_of(link))


def address_of(request: AskedBy) -> str:
    return request.client.host if request.client else ""


def require_own_page(request: AskedBy) -> None:
    """Refuses what another site sent; the address alone is secret, and no cookie stands for anybody. Browsers that
    send no referrer name no origin either. Raises DomainError `csrf-failed`.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise DomainError("csrf-failed")


def language_chosen(request: AskedBy) -> Cookie | None:
    """The cookie of a language that the address asks for (`lang`): a card's forms can't say where they come from."""
    language = as_language(request.query_params.get("lang"))
    if language is None:
        return None
    return lasting_cookie(LANGUAGE, language)


def card_page(
    request: AskedBy,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    return render_page(
        request, f"digital_card/{template}", context, status=status, headers={**HEADERS, **(headers or {})}
    )


def see_card(location: str, *, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """303 to another page of the card."""
    answer = see_other(location, cookies=cookies)
    answer.headers.update(HEADERS)
    return answer


def refused(request: AskedBy, error: DomainError) -> Response[Any]:
    """The error on a page for members: what to do is to ask at the counter."""
    problem, reader = catalogue().problems[error.code], reader_of(request)
    said = fill(problem.detail[reader.language], {**problem.defaults, "count": 0, **error.params}, reader.language)
    context = {"code": error.code, "title": problem.title[reader.language], "detail": said}
    return card_page(request, "refused.html", context, status=problem.status, headers=error.headers)


OPEN: Final[dict[str, Any]] = {
    "opt": {"auth": "none", "scoped": False},
    "include_in_schema": False,
    "exception_handlers": {DomainError: refused},
}
"""Of a page for members: no log-in, scopes of their own, errors on a page for members too."""
