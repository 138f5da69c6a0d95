"""HTML pages: templates in the reader's language, and the headers that keep them safe.

A feature's templates lie in its own folder `templates` and are called `<feature>/<file>`; what all share is in
`tenants/templates`. Pages work without JavaScript, and no script, style or picture comes from anywhere but here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.types import HTTPScope, Scope, Send
from lucide.jinja import lucide
from markupsafe import Markup

from saas.assets import asset_url
from saas.errors import Language, catalogue
from saas.i18n import Tongue, as_language, tongue, translators
from saas.languages import negotiate_language
from saas.sessions import Session, secure
from saas.wording import fill

Theme = Literal["light", "dark", "auto"]
LANGUAGE_COOKIE: Final = "regulars_language"
THEME_COOKIE: Final = "regulars_theme"
_ROOT: Final = Path(__file__).parents[1]
_ERROR: Final = 400
_HSTS: Final = "max-age=31536000; includeSubDomains"

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def security_headers() -> dict[str, str]:
    """What every page carries."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Cookie, HX-Request",
    }
    if secure():
        headers["Strict-Transport-Security"] = _HSTS
    return headers


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is made."""

    tongue: Tongue
    theme: Theme
    session: Session | None
    path: str

    @property
    def language(self) -> Language:
        return self.tongue.language


def reader_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Reader:
    """Language: what was chosen on the page, else the account's, else the browser's. Theme: chosen, or the system's.

    A session counts once something has looked it up (`saas.sessions.session_of`, the auth middleware).
    """
    session: Session | None = connection.scope["state"].get("session")
    chosen = as_language(connection.cookies.get(LANGUAGE_COOKIE))
    own = as_language(session.locale) if session else None
    language = chosen or own or negotiate_language(connection.headers.get("accept-language"))
    theme = connection.cookies.get(THEME_COOKIE)
    known: Theme = cast("Theme", theme) if theme in {"light", "dark"} else "auto"
    return Reader(tongue(language), known, session, connection.scope["path"])


@cache
def _loader() -> BaseLoader:
    folders = [f for part in ("saas", "tenants") for f in sorted((_ROOT / part).rglob("templates")) if f.is_dir()]
    return PrefixLoader({folder.parent.name: FileSystemLoader(folder) for folder in folders})


@cache
def environment(language: Language) -> Environment:
    """The templates in one language. A name that a page was not given is an error, never an empty text."""
    speaks = tongue(language)
    env = Environment(
        loader=_loader(),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    gettext, ngettext = translators(speaks)
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    env.globals |= {"asset_url": asset_url, "icon": icon, "speaks": speaks}
    for name in ("number", "compact", "money", "percent", "day", "month", "moment"):
        env.filters[name] = getattr(speaks, name)
    return env


@cache
def icon(name: str, size: int = 18) -> Markup:
    """A Lucide icon, as decoration: what it means stands beside it in words. Raises for an unknown name."""
    return Markup(lucide(name, size=size, **{"class": "icon", "aria-hidden": "true"}))  # noqa: S704  # the package's own file


def render_text(reader: Reader, template: str, context: Mapping[str, object]) -> str:
    """The page or partial as text. Raises jinja2.TemplateError for a faulty template."""
    return environment(reader.language).get_template(template).render({"reader": reader, **context})


def render_page(
    request: Request[Any, Any, Any],
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    cookies: Sequence[Cookie] = (),
) -> Response[str]:
    """A page's answer, in its reader's language, under the security headers."""
    reader = reader_of(request)
    return Response(
        render_text(reader, template, context or {}),
        status_code=status,
        media_type="text/html",
        headers={**security_headers(), "Content-Language": reader.language, **(headers or {})},
        cookies=list(cookies),
    )


def see_other(location: str, *, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """303: the browser goes on with GET. `location` is a path of ours; what a header can't hold gets quoted."""
    headers = {"Location": quote(location, safe="/?&=%#:;,+@!$'()*~-._"), "Cache-Control": "no-store"}
    return Response(b"", status_code=303, media_type="text/plain", headers=headers, cookies=list(cookies))


def safe_next(target: object) -> str | None:
    """`target` if it's a path on this site, so that a log-in link can't lead elsewhere."""
    if not isinstance(target, str) or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    return target if target.isprintable() and "\\" not in target else None


def login_path(scope: Scope) -> str:
    """The log-in page that comes back here; for anything but a plain page, without the way back."""
    if cast("HTTPScope", scope)["method"] != "GET":  # pages are never websockets
        return "/login"
    query = scope["query_string"].decode("latin-1")
    return f"/login?next={quote(scope['path'] + (f'?{query}' if query else ''), safe='/')}"


def wants_html(scope: Scope) -> bool:
    """Whether an error should be a page: a browser asks, and not for the API."""
    if scope["path"].startswith("/v1/"):
        return False
    accepts = (value for name, value in scope["headers"] if name.lower() == b"accept")
    return any(b"text/html" in value for value in accepts)


def error_page(
    scope: Scope,
    code: str,
    *,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The problem `code` as a small page: its title, its text, the request's id, and a way on."""
    problem, reader = catalogue().problems[code], reader_of(ASGIConnection(scope))
    filled = {**problem.defaults, "count": 0, **(params or {})}
    context = {
        "status": problem.status,
        "title": problem.title[reader.language],
        "detail": fill(problem.detail[reader.language], filled, reader.language),
        "request_id": scope["state"].get("request_id"),
    }
    out = {**security_headers(), "Content-Language": reader.language, **(headers or {})}
    if problem.retry_after is not None:
        out.setdefault("Retry-After", str(problem.retry_after))
    return Response(
        render_text(reader, "tenants/error.html", context),
        status_code=problem.status,
        media_type="text/html",
        headers=out,
    )


async def send_error_page(
    scope: Scope,
    send: Send,
    code: str,
    *,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """The same from middleware, where no handler answers."""
    page = error_page(scope, code, params=params, headers=headers)
    body = page.content.encode()
    named = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **page.headers}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": page.status_code or _ERROR, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
