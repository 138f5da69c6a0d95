"""`/audit`: who did what, when, to whom, in plain words; and the same as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from litestar import Request, Response, get
from litestar.response import Stream

from saas.csv_text import csv_line
from saas.errors import DomainError
from saas.i18n import Tongue, n_
from saas.pages import reader_of, render_page
from saas.paging import decode_cursor, encode_cursor
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from saas.sessions import ROLE_NAMES
from tenants.api_keys.pages import SCOPE_NAMES
from tenants.audit.reading import Asked, acts
from tenants.audit_pages.words import ACTS, DETAILS, NOUNS, actions_of
from tenants.branches.pages import KIND_NAMES as BRANCH_KINDS
from tenants.frame import frame
from tenants.imports.fields import KIND_NAMES as IMPORT_KINDS
from tenants.staff.person import people

HOME: Final = "/audit"
_FILTERS: Final = ("who", "what", "about", "from", "to")
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_SHOWN: Final = 50
_BATCH: Final = 1_000
_STAFF: Final = 500
_HEAD: Final = (n_("Time"), n_("Who"), n_("What"), n_("About"), n_("Details"), n_("Request"))
_NAMES: Final = """
SELECT 'staff:' || s.id AS actor, s.name FROM staff AS s WHERE s.tenant_id = $1 AND 'staff:' || s.id = ANY ($2)
UNION ALL SELECT 'key:' || k.id, k.name FROM platform.api_key AS k WHERE k.tenant_id = $1 AND 'key:' || k.id = ANY ($2)
"""
_ABOUT: Final = """
SELECT 'member:' || m.id AS target, coalesce(m.name, m.card_no, m.external_id) AS name
  FROM member AS m WHERE m.tenant_id = $1 AND m.id = ANY ($2)
UNION ALL SELECT 'branch:' || b.id, b.name FROM branch AS b WHERE b.tenant_id = $1 AND b.id = ANY ($2)
UNION ALL SELECT 'staff:' || s.id, s.name FROM staff AS s WHERE s.tenant_id = $1 AND s.id = ANY ($2)
"""
_NAMELESS: Final = {"key": n_("A key"), "staff": n_("Former staff"), "member": n_("The member")}
_LINKS: Final = {
    "member": "/members/",
    "branch": "/branches/",
    "import": "/imports/",
    "staff": "/staff/",
    "webhook": "/webhooks/",
}
_WORDS: Final[dict[str, str]] = {
    **ROLE_NAMES,
    **BRANCH_KINDS,
    **{str(kind): name for kind, name in IMPORT_KINDS.items()},
    **{str(scope): name for scope, (name, _about) in SCOPE_NAMES.items()},
}
"""What stands in details as a code of ours."""
_ZONE: Final = "SELECT timezone FROM tenant WHERE tenant_id = $1"
_Request = Request[Any, Any, Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """The newest first, all filters in the address. A day that is none counts as not given, and says so."""
    speaks = reader_of(request).tongue
    given = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    around = await frame()
    wrong = [name for name in ("from", "to") if given[name] and _day(given[name]) is None]
    (before,) = decode_cursor(request.query_params.get("cursor"), UUID) or (None,)
    rows = await acts(_asked(given, around.timezone), before, _SHOWN + 1)
    shown = rows[:_SHOWN]
    query = urlencode({name: value for name, value in given.items() if value})
    more = f"{query}&" if query else ""
    context = {
        "frame": around,
        "given": given,
        "wrong": dict.fromkeys(wrong, speaks.say("This is no day.")),
        "acts": await lines(shown, speaks),
        "people": [(f"staff:{one['id']}", one["name"]) for one in await people(None, _STAFF)],
        "groups": [(code, name) for code, (name, _) in NOUNS.items()],
        "export": f"{HOME}/export.csv" + (f"?{query}" if query else ""),
        "first": f"{HOME}?{query}" if before else None,
        "following": f"{HOME}?{more}cursor={encode_cursor(shown[-1]['id'])}" if len(rows) > _SHOWN else None,
    }
    return render_page(request, "audit_pages/audit.html", context, status=422 if wrong else 200)


@get(f"{HOME}/export.csv", opt={**_PAGE, "scoped": False}, include_in_schema=False)
async def export(request: _Request) -> Stream:
    """What the filters find, as a file."""
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None:
        raise DomainError("not-found")
    given = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    async with tenant_scope(principal.tenant_id, principal=principal):
        zone = ZoneInfo(await connection().fetchval(_ZONE, current().tenant_id))
    return Stream(
        _csv(principal.tenant_id, principal, _asked(given, zone), zone, reader_of(request).tongue),
        media_type="text/csv",
        headers={
            "Content-Disposition": 'attachment; filename="audit-log.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _csv(
    tenant_id: UUID, principal: Principal, asked: Asked, zone: ZoneInfo, speaks: Tongue
) -> AsyncIterator[bytes]:
    yield ("\ufeff" + csv_line([speaks.say(name) for name in _HEAD])).encode()
    before: UUID | None = None
    while True:
        async with tenant_scope(tenant_id, principal=principal):
            rows = await acts(asked, before, _BATCH)
            told = await lines(rows, speaks)
        yield "".join(
            csv_line(
                [
                    f"{row['at'].astimezone(zone):%Y-%m-%d %H:%M:%S}",
                    line["who"],
                    line["what"],
                    line["about"] or row["target"],
                    line["details"],
                    row["request_id"],
                ]
            )
            for row, line in zip(rows, told, strict=True)
        ).encode("utf-8", "replace")
        if len(rows) < _BATCH:
            return
        before = rows[-1]["id"]


def _asked(given: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """Days are the chain's own, both included."""
    first, last = _day(given["from"]), _day(given["to"])
    return Asked(
        given["who"] or None,
        actions_of(given["what"]) if given["what"] else None,
        given["about"] or None,
        None if first is None else datetime.combine(first, time.min, zone),
        None if last is None else datetime.combine(last + timedelta(days=1), time.min, zone),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= date(2199, 12, 31) else None


async def lines(rows: Sequence[asyncpg.Record], speaks: Tongue) -> list[dict[str, Any]]:
    """Acts as they are read: who, what, about whom, and what is worth knowing of it. Two queries for any number."""
    actors = {row["actor"] for row in rows}
    found = await connection().fetch(_NAMES, current().tenant_id, sorted(actors))
    names = {row["actor"]: row["name"] for row in found}
    ids = [one for row in rows if (one := _id_of(row["target"])) is not None]
    about = {row["target"]: row["name"] for row in await connection().fetch(_ABOUT, current().tenant_id, ids)}
    return [_line(row, names, about, speaks) for row in rows]


def _line(
    row: asyncpg.Record, names: Mapping[str, str], about: Mapping[str, str | None], speaks: Tongue
) -> dict[str, Any]:
    actor, action, target = row["actor"], row["action"], row["target"] or ""
    kind, _, _ = actor.partition(":")
    noun = target.partition(":")[0]
    known = _id_of(target) is not None and noun in _LINKS
    nobody = speaks.say(_NAMELESS.get(kind, n_("System")))
    return {
        "at": row["at"],
        "who": names.get(actor) or nobody,
        "by_key": kind == "key",
        "actor": actor,
        "what": speaks.say(ACTS[action]) if action in ACTS else action,
        "about": about.get(target),
        "target": target,
        "address": _LINKS[noun] + target.partition(":")[2] if known else None,
        "details": _details(row["detail"], speaks),
    }


def _details(detail: Mapping[str, Any], speaks: Tongue) -> str:
    told = []
    for name, value in detail.items():
        if name not in DETAILS or value in (None, "", [], {}):
            continue
        told.append(f"{speaks.say(DETAILS[name])}: {_plain(value, speaks)}")
    return speaks.say("; ").join(told)


def _plain(value: object, speaks: Tongue) -> str:
    if isinstance(value, bool):
        return speaks.say("Yes") if value else speaks.say("No")
    if isinstance(value, int):
        return speaks.number(value)
    if isinstance(value, list):
        return speaks.say(", ").join(_plain(one, speaks) for one in value)
    if isinstance(value, dict):
        return speaks.say(", ").join(f"{key} {_plain(one, speaks)}" for key, one in value.items())
    word = _WORDS.get(str(value))
    return str(value) if word is None else speaks.say(word)


def _id_of(target: str | None) -> UUID | None:
    try:
        return UUID((target or "").partition(":")[2])
    except ValueError:
        return None


HANDLERS = [show, export]
