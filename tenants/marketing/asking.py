"""What the pages of marketing have in common."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from saas.i18n import Tongue, n_
from saas.scope import connection, current

REPORT: Final[dict[str, Any]] = {"auth": "page", "requires": "reports:read"}
_NAMES: Final = """
SELECT 'staff:' || s.id AS actor, s.name FROM staff AS s WHERE s.tenant_id = $1 AND 'staff:' || s.id = ANY ($2)
UNION ALL SELECT 'key:' || k.id, k.name FROM platform.api_key AS k WHERE k.tenant_id = $1 AND 'key:' || k.id = ANY ($2)
"""
_NAMELESS: Final = {"staff": n_("Somebody who has left"), "key": n_("An API key")}


def address(path: str, query: Mapping[str, object]) -> str:
    """The path with what isn't empty behind it."""
    told = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    return f"{path}?{told}" if told else path


async def actors(found: Iterable[str | None], speaks: Tongue) -> dict[str, str]:
    """People, keys and the system by their names."""
    wanted = sorted({one for one in found if one})
    rows = await connection().fetch(_NAMES, current().tenant_id, wanted)
    named = {row["actor"]: row["name"] for row in rows}
    otherwise = {one: speaks.say(_NAMELESS.get(one.partition(":")[0], n_("System"))) for one in wanted}
    return {**otherwise, **named}
