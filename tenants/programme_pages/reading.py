"""The rules in force, in plain words: for everybody who works here."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, Response, get

from saas.pages import reader_of
from saas.scope import connection, current
from tenants.programme.compared import glossary
from tenants.programme.draft import kept_draft
from tenants.programme.versions import current_programme
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.sections import READ, section
from tenants.programme_pages.telling import ladders_told, topics_told

_SINCE: Final = """
SELECT coalesce(v.effective_at, v.published_at) AS since, v.note, coalesce(f.name, '') AS by
  FROM programme_version v
  LEFT JOIN staff f ON f.tenant_id = v.tenant_id AND 'staff:' || f.id::text = v.published_by
 WHERE v.tenant_id = $1 AND v.version = $2"""

_BRINGING: Final = """
SELECT evaluated, members FROM recalculation WHERE tenant_id = $1 AND cause = 'programme' AND finished_at IS NULL
 ORDER BY id LIMIT 1"""


@get("/programme", opt=READ, include_in_schema=False)
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """The ladders and what stands beside them, as they hold now; since when, by whom; how far members are."""
    rules = await current_programme()
    teller = Teller(reader_of(request).language, rules.currency, await glossary())
    row = await connection().fetchrow(_SINCE, current().tenant_id, rules.version)
    since: datetime | None = None if row is None else row["since"]
    context = {
        "version": rules.version,
        "since": since,
        "by": "" if row is None else row["by"],
        "remark": None if row is None else row["note"],
        "ladders": ladders_told(rules, teller),
        "topics": topics_told(rules, teller),
        "bringing": await connection().fetchrow(_BRINGING, current().tenant_id),
        "has_draft": current().principal.may("programme:write") and (await kept_draft()).revision > 0,
    }
    return await section(request, "programme_pages/in_force.html", "/programme", context)


HANDLERS = [show]
