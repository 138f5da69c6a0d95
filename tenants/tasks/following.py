"""Rules of tasks follow the tiers that they name when new rules of the programme rename them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.programme.followers import TRAILED, Change, Touched, earlier, follows
from tenants.programme.strict import Names
from tenants.tasks.rule import REMAKE_JOB

_BY_TIER: Final = """
SELECT r.id, r.code, r.names, r.ladder, r.tiers, r.followed FROM task_rule r
 WHERE r.tenant_id = $1 AND r.ladder IS NOT NULL AND r.ended_at IS NULL ORDER BY r.id"""
_ANY: Final = "SELECT EXISTS (SELECT FROM task_rule WHERE tenant_id = $1 AND ended_at IS NULL)"
_WRITE: Final = f"""
UPDATE task_rule SET tiers = $3, followed = {TRAILED.format("$4")} WHERE tenant_id = $1 AND id = $2"""


class _Rules:
    async def touched(self, change: Change, back_to: int | None) -> Sequence[Touched]:
        rows = await connection().fetch(f"{_BY_TIER} {change.lock}", current().tenant_id)
        found = []
        for row in rows:
            tiers = change.tiers(row["ladder"], row["tiers"])
            becomes, lost = list(tiers.codes) or row["tiers"], tiers.lost
            ladder, before = change.new.ladder(row["ladder"]), earlier(row["followed"], back_to)
            if before is not None and ladder is not None and all(map(ladder.tier, before)):
                becomes, lost = before, ()
            if becomes == row["tiers"] and not lost:
                continue
            nobody = ladder is None or not any(map(ladder.tier, becomes))
            names = Names.model_validate(row["names"])
            told = (row["tiers"], becomes, lost, tiers.renamed)
            found.append(Touched("task_rule", row["id"], row["code"], names, *told, nobody=nobody))
        return found

    async def write(self, touched: Touched, trail: Mapping[str, Any]) -> None:
        await connection().execute(_WRITE, current().tenant_id, touched.id, touched.becomes, dict(trail))

    async def brought(self) -> None:
        """The lists follow as soon as the ladders have decided."""
        if await connection().fetchval(_ANY, current().tenant_id):
            await enqueue(REMAKE_JOB, {})


follows(_Rules())
