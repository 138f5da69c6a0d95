"""The versions of the rules: who published which, when and why, what each changed; putting one back."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of
from saas.pages import reader_of, see_other
from saas.scope import connection, current
from tenants.programme.compared import glossary, version_differences
from tenants.programme.publish import roll_back
from tenants.programme.versions import current_version, programme
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.drafting import typed
from tenants.programme_pages.publishing import TRANSITIONS
from tenants.programme_pages.sections import READ, WRITE, section
from tenants.programme_pages.telling import ladders_told

HOME: Final = "/programme/versions"
_ADDRESS: Final = f"{HOME}/{{version:int}}"
_SHOWN: Final = 25
_LAST: Final = 2**31 - 1
_Request = Request[Any, Any, Any]
_VERSIONS: Final = """
SELECT v.version, v.published_at, coalesce(v.effective_at, v.published_at) AS since, v.note, v.transition,
       v.rolled_back_to, coalesce(f.name, '') AS by, v.published_by LIKE 'key:%' AS by_key
  FROM programme_version v
  LEFT JOIN staff f ON f.tenant_id = v.tenant_id AND 'staff:' || f.id::text = v.published_by
 WHERE v.tenant_id = $1 AND v.version <= $2 ORDER BY v.version DESC LIMIT $3"""


@dataclass(frozen=True, slots=True)
class Version:
    """A published version; `by` is empty where no staff published it."""

    version: int
    published_at: datetime
    since: datetime
    note: str | None
    transition: str | None
    rolled_back_to: int | None
    by: str
    by_key: bool


@get(HOME, opt=READ, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """The newest first."""
    text = request.query_params.get("to", "")
    to = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else _LAST  # noqa: PLR2004
    rows = await connection().fetch(_VERSIONS, current().tenant_id, to, _SHOWN + 1)
    context = {
        "versions": [Version(*row.values()) for row in rows[:_SHOWN]],
        "older": rows[_SHOWN]["version"] if len(rows) > _SHOWN else None,
        "newest": to == _LAST,
        "in_force": await current_version(),
        "transitions": {code: name for code, name, _about in TRANSITIONS},
    }
    return await section(request, "programme_pages/versions.html", HOME, context)


@get(_ADDRESS, opt=READ, include_in_schema=False)
async def show_one(request: _Request, version: FromPath[int]) -> Response[str]:
    """What a version said and changed; for who may, what putting it back would change now."""
    return await _one(request, version)


@post(f"{_ADDRESS}/rollback", opt=WRITE, include_in_schema=False)
async def put_back(request: _Request, version: FromPath[int]) -> Response[Any]:
    """Makes its rules the next version. `present`: the version in force when it was asked for; another one by now is
    looked at first.
    """
    form = await texts_of(request)
    await connection().fetchval("SELECT 1 FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", current().tenant_id)
    if form.get("present") != str(await current_version()):
        return await _one(request, version, DomainError("rules-changed"))
    try:
        await roll_back(_known(version), typed(form.get("note")) or None)
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _one(request, version, error)
    return see_other("/programme?done=rolled-back")


async def _one(request: _Request, version: int, problem: DomainError | None = None) -> Response[str]:
    language = reader_of(request).language
    rules, present = await programme(_known(version)), await current_version()
    rows = await connection().fetch(_VERSIONS, current().tenant_id, version, 1)
    writes = current().principal.may("programme:write")
    back = await version_differences(version, present, language) if writes and version != present else []
    context = {
        "one": Version(*rows[0].values()),
        "in_force": present,
        "changed": [asdict(d) for d in await version_differences(version, version - 1, language)]
        if version > 1
        else [],
        "back": [asdict(d) for d in back],
        "ladders": ladders_told(rules, Teller(language, rules.currency, await glossary())),
        "transitions": {code: name for code, name, _about in TRANSITIONS},
    }
    return await section(request, "programme_pages/version.html", HOME, context, problem=problem)


def _known(version: int) -> int:
    if not 1 <= version <= _LAST:
        raise DomainError("not-found")
    return version


HANDLERS = [show, show_one, put_back]
