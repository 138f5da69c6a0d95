"""HTML pages: templates in the reader's language, and the headers that keep them safe.

A feature's templates lie in its own folder `templates` and are called `<feature>/<file>`; what all share is in
`tenants/templates`. The components that pages are made of are macros in `tenants/templates/components`; `/components`
shows them all. Pages work without JavaScript, and no script, style or picture comes from anywhere but here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.types import HTTPScope, Scope, Send
from lucide.jinja import lucide
from markupsafe import Markup
from uuid_utils.compat import uuid7

from saas.assets import asset_url
from saas.cookies import LANGUAGE, THEME, cookie_of
from saas.errors import Language, catalogue
from saas.headers import security_headers
from saas.i18n import Tongue, as_language, tongue, translators
from saas.languages import negotiate_language
from saas.sessions import Session
from saas.wording import fill

Theme = Literal["light", "dark", "auto"]
_ROOT: Final = Path(__file__).parents[1]
_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is made."""

    tongue: Tongue
    theme: Theme
    session: Session | None
    path: str
    address: str
    """The path with its query, but for `lang`: where a change of language comes back to."""

    @property
    def language(self) -> Language:
        return self.tongue.language


def reader_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Reader:
    """Language: the one that the address asks for (`lang`, as search engines and links do), else what was chosen on the
    page, else the account's, else the browser's. Theme: chosen, or the system's.

    A session counts once something has looked it up (`saas.sessions.session_of`, the auth middleware).
    """
    session: Session | None = connection.scope["state"].get("session")
    chosen = as_language(cookie_of(connection, LANGUAGE))
    own = as_language(session.locale) if session else None
    asked = as_language(connection.query_params.get("lang"))
    language = asked or chosen or own or negotiate_language(connection.headers.get("accept-language"))
    theme = cookie_of(connection, THEME)
    known: Theme = cast("Theme", theme) if theme in {"light", "dark"} else "auto"
    path, query = connection.scope["path"], connection.scope["query_string"].decode("latin-1")
    if asked is not None:
        query = urlencode([pair for pair in connection.query_params.multi_items() if pair[0] != "lang"])
    return Reader(tongue(language), known, session, path, f"{path}?{query}" if query else path)


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
    env.globals |= {"asset_url": asset_url, "icon": icon, "speaks": speaks, "fresh_id": uuid7}
    for name in ("number", "compact", "money", "percent", "day", "month", "moment"):
        env.filters[name] = getattr(speaks, name)
    return env


@cache
def icon(name: str, size: int = 18) -> Markup:
    """A Lucide icon, as decoration: what it means stands beside it in words. Raises for an unknown name."""
    drawn = lucide(name, size=size, **{"class": "icon", "aria-hidden": "true"})
    return Markup(drawn)  # noqa: S704 - the package's own file  # nosec B704


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


def way_back(scope: Scope, path: str) -> str:
    """`path` with the way back behind it: to this page, or to the one that asked for a part; of a sent form none."""
    headers = ASGIConnection(scope).headers
    if "hx-request" in headers:
        here = _shown(headers.get("hx-current-url", ""))
    else:
        query = scope["query_string"].decode("latin-1")
        here = scope["path"] + (f"?{query}" if query else "")
        here = here if cast("HTTPScope", scope)["method"] == "GET" else ""  # pages are never websockets
    return with_next(path, here)


def _shown(address: str) -> str | None:
    """The path of a page's address, where it is one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""))


def with_next(path: str, target: str | None) -> str:
    """`path` with the way back to `target` behind it."""
    return f"{path}?next={quote(target, safe='/')}" if target else path


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
