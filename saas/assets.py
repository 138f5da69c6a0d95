"""Static files under `/assets/<hash>/<name>`, immutable: our own, and those that installed packages bring.

A file's hash is part of its address, so a browser keeps it for a year and asks for a new one when it changes.
Our style sheets are one file, put together in the order of their names; so are the scripts that every page loads,
each in a block of its own, so that their names don't meet. Scripts of one page alone lie beside them.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath

from saas.errors import DomainError

_STATIC: Final = Path(__file__).with_name("static")
_CSS, _JS, _SVG = "text/css", "text/javascript", "image/svg+xml"
_YEAR: Final = "public, max-age=31536000, immutable"
_SMALLEST_ZIPPED: Final = 1000

# name → (the package that ships it, path inside)
_OF_PACKAGES: Final = {
    "htmx.min.js": ("js_lib_htmx", "static/htmx/htmx.min.js"),
    "swagger-ui.css": ("mkdocs_swagger_ui_tag", "swagger-ui/stylesheets/swagger-ui.css"),
    "swagger-ui-bundle.js": ("mkdocs_swagger_ui_tag", "swagger-ui/javascripts/swagger-ui-bundle.js"),
}
_OWN: Final = frozenset(file.name for file in _STATIC.iterdir() if file.is_file())
_MEDIA_TYPES: Final = {"css": _CSS, "js": _JS, "svg": _SVG}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, plain and zipped, under its address."""

    url: str
    digest: str
    media_type: str
    body: bytes
    zipped: bytes | None


@cache
def asset(name: str) -> Asset:
    """The file called `name`. Raises LookupError for one that nobody ships."""
    body = _read(name)
    digest = hashlib.sha256(body).hexdigest()[:16]
    zipped = gzip.compress(body, mtime=0) if len(body) >= _SMALLEST_ZIPPED else None
    return Asset(f"/assets/{digest}/{name}", digest, _MEDIA_TYPES[name.rpartition(".")[2]], body, zipped)


def asset_url(name: str) -> str:
    """Where a page finds the file. Raises LookupError for an unknown one."""
    return asset(name).url


def _read(name: str) -> bytes:
    if name == "app.css":
        return b"\n".join(sheet.read_bytes() for sheet in sorted((_STATIC / "css").glob("*.css")))
    if name == "app.js":
        return b'"use strict";\n' + b"\n".join(_block(script) for script in sorted((_STATIC / "js").glob("*.js")))
    if name in _OWN:
        return (_STATIC / name).read_bytes()
    if name in _OF_PACKAGES:
        package, path = _OF_PACKAGES[name]
        return files(package).joinpath(path).read_bytes()
    raise LookupError(f"no asset {name!r}")


def _block(script: Path) -> bytes:
    return b"{\n" + script.read_bytes() + b"}"


@get(
    "/assets/{digest:str}/{name:str}",
    opt={"auth": "none", "scoped": False},
    include_in_schema=False,
    sync_to_thread=False,
)
def serve_asset(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """The file, if it still has this hash; an address from before an update is gone."""
    try:
        found = asset(name)
    except LookupError:
        raise DomainError("not-found") from None
    if found.digest != digest:
        raise DomainError("not-found")
    headers = {
        "Cache-Control": _YEAR,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if found.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.zipped, media_type=found.media_type, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


HANDLERS = [serve_asset]
