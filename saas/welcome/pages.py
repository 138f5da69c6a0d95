"""The public pages: what this is, the industry templates, the plans; and what search engines ask for.

Each has one address in both languages; `?lang=` asks for one of them, which is what links between the two use.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import escape

from saas.clock import system_now
from saas.errors import LANGUAGES, DomainError
from saas.pages import reader_of, render_page, see_other
from saas.plans.catalogue import CURRENCIES, TRIAL_DAYS, offered, plan
from saas.sessions import session_of
from saas.settings import get_settings
from saas.welcome.showing import cards, preview

HOME: Final = "/overview"
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_CARRIED: Final = ("company", "timezone", "currency")
"""What a sign-up under way brings along to a preview, and takes back."""
_LONGEST: Final = 400
_GOOD_FOR: Final = timedelta(days=180)  # RFC 9116, 2.5.5: less than a year
_Request = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """How search engines know a page: its own address, and the same in each language."""

    own: str
    plain: str
    languages: tuple[tuple[str, str], ...]


def found(request: _Request) -> Found:
    """Of the page that is asked for."""
    plain = get_settings().public_url.rstrip("/") + request.url.path
    own = {language: f"{plain}?{urlencode({'lang': language})}" for language in LANGUAGES}
    return Found(own[reader_of(request).language], plain, tuple(own.items()))


@get("/", opt=_OPEN, include_in_schema=False)
async def home(request: _Request) -> Response[Any]:
    """Who is logged in goes to work; anyone else sees what this is."""
    if await session_of(request) is not None:
        return see_other(HOME)
    language = reader_of(request).language
    context = {"found": found(request), "cards": cards(language), "plans": offered(), "trial_days": TRIAL_DAYS}
    return render_page(request, "welcome/landing.html", context)


@get("/plans", opt=_OPEN, include_in_schema=False)
async def plans(request: _Request) -> Response[Any]:
    """What it costs, in the currency that is asked for: yuan to readers of Chinese, dollars to others."""
    await session_of(request)
    asked = request.query_params.get("currency")
    fallback = CURRENCIES[0] if reader_of(request).language == LANGUAGES[0] else CURRENCIES[1]
    context = {
        "found": found(request),
        "plans": offered(),
        "trial": plan("trial"),
        "trial_days": TRIAL_DAYS,
        "currency": asked if asked in CURRENCIES else fallback,
        "currencies": CURRENCIES,
    }
    return render_page(request, "welcome/plans.html", context)


@get("/templates", opt=_OPEN, include_in_schema=False)
async def gallery(request: _Request) -> Response[Any]:
    """Every industry template."""
    await session_of(request)
    context = {"found": found(request), "cards": cards(reader_of(request).language)}
    return render_page(request, "welcome/gallery.html", context)


@get("/templates/{code:str}", opt=_OPEN, include_in_schema=False)
async def template(request: _Request, code: FromPath[str]) -> Response[Any]:
    """One of them, in plain words. A variant that it doesn't have is its first."""
    await session_of(request)
    language, variant = reader_of(request).language, request.query_params.get("variant")
    known = next((card for card in cards(language) if card.code == code), None)
    if known is None:
        raise DomainError("not-found")
    if variant not in {one for one, _, _ in known.variants}:
        variant = None
    shown = preview(known.code, variant, language)
    carried = {name: request.query_params.get(name, "")[:_LONGEST] for name in _CARRIED}
    context = {
        "found": found(request),
        "shown": shown,
        "carried": urlencode({name: value for name, value in carried.items() if value}),
        "signing_up": bool(carried["company"]),
    }
    return render_page(request, "welcome/preview.html", context)


@get("/robots.txt", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
def robots() -> Response[str]:
    """What is behind the log-in, and what is meant for one reader, is nothing to search for."""
    closed = ("/v1/", "/overview", "/login", "/forgot", "/reset/", "/invitation/", "/signup/", "/c/", "/join/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    lines.append(f"Sitemap: {get_settings().public_url.rstrip('/')}/sitemap.xml")
    return Response("\n".join(lines) + "\n", media_type="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@get("/.well-known/security.txt", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
def security_txt() -> Response[str]:
    """Where to tell of a hole (RFC 9116). Raises DomainError `not-found` where the operator has named nobody."""
    contact, base = get_settings().security_contact, get_settings().public_url.rstrip("/")
    if not contact:
        raise DomainError("not-found")
    end = (system_now() + _GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact}",
        f"Expires: {end:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: zh-CN, en",
        f"Canonical: {base}/.well-known/security.txt",
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@get("/sitemap.xml", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
def sitemap() -> Response[str]:
    """The public pages in both languages."""
    paths = ["/", "/templates", *(f"/templates/{card.code}" for card in cards(LANGUAGES[0])), "/plans", "/signup"]
    base = get_settings().public_url.rstrip("/")
    entries = "".join(
        f"<url><loc>{escape(f'{base}{path}?lang={language}')}</loc></url>" for path in paths for language in LANGUAGES
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    )
    return Response(body, media_type="application/xml", headers={"Cache-Control": "public, max-age=3600"})


HANDLERS = [home, plans, gallery, template, robots, security_txt, sitemap]
