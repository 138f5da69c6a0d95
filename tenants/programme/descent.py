"""What becomes of tiers when rules follow the ones in force, from the versions as they are stored."""

from typing import Final

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.lineage import Holders, Moved, descend
from tenants.programme.versions import programme

# The last version that had each of these ladders.
_LAST: Final = """
SELECT n.ladder, max(v.version) AS version
  FROM unnest($3::text[]) AS n (ladder)
  JOIN programme_version v ON v.tenant_id = $1 AND v.version < $2
   AND v.document -> 'ladders' @> jsonb_build_array(jsonb_build_object('code', n.ladder))
 GROUP BY n.ladder"""


async def descent(old: Programme, new: Programme, holders: Holders) -> Moved:
    """How the tiers of `old`, a version in force now or before, live on in `new`; those of a ladder that comes back as
    they were when it went.
    """
    return descend(old, new, holders, await _returning(old, new))


async def _returning(old: Programme, new: Programme) -> dict[str, Ladder]:
    codes = [one.code for one in new.ladders if one.code in old.lineage and old.ladder(one.code) is None]
    if not codes:
        return {}
    found = {}
    for row in await connection().fetch(_LAST, current().tenant_id, old.version, codes):
        ladder = (await programme(row["version"])).ladder(row["ladder"])
        if ladder is not None:
            found[row["ladder"]] = ladder
    return found
