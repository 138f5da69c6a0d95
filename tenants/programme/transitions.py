"""A version comes into force: what becomes of its tiers' holders, and who brings them over.

A run goes over the members where codes or ranks have moved, or where the transition gives everyone their tier at once.
Until it has come to a member, its standing is read through the version's lineage.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.events.emit import emit
from tenants.programme.descent import descent
from tenants.programme.document import Programme
from tenants.programme.followers import Change, bring_along
from tenants.programme.kept import as_json, begun_anew, carried_on
from tenants.programme.lineage import Holders, backwards
from tenants.programme.published import Published, Transition
from tenants.programme.versions import programme
from tenants.tiers.recalculate import Request, start_recalculation
from tenants.tiers.runs import last_full_runs
from tenants.tiers.schedules import install_schedules

_LOCK: Final = "SELECT programme_version, timezone FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE"
_RUNNING: Final = "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL)"
_CLOCK: Final = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"
_INSERT: Final = """
INSERT INTO programme_version AS v (tenant_id, version, document, published_at, published_by, note, transition,
                                    effective_at, lineage, rolled_back_to, kept)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""
_FORGET_RUNS: Final = "DELETE FROM ladder_run WHERE tenant_id = $1 AND ladder = ANY ($2::text[])"
_IN_FORCE: Final = "UPDATE tenant SET programme_version = $2 WHERE tenant_id = $1"
_HELD: Final = """
SELECT s.tier, count(*) AS members FROM member_tier s JOIN member m ON m.tenant_id = $1 AND m.id = s.member_id
 WHERE s.tenant_id = $1 AND s.ladder = $2 AND s.rank > 0 AND s.tier = ANY ($3::text[]) AND m.status = 'active'
 GROUP BY s.tier ORDER BY max(s.rank) DESC LIMIT 1"""
# Whether anything happened since an instant: a sale (by branch, whose index has the instants), or a decision.
_SINCE: Final = """
SELECT EXISTS (SELECT FROM decision d WHERE d.tenant_id = $1 AND d.effective_at > $2)
    OR EXISTS (SELECT FROM branch b WHERE b.tenant_id = $1 AND EXISTS (
         SELECT FROM purchase p WHERE p.tenant_id = $1 AND p.branch_id = b.id AND p.recorded_at > $2))"""

_CONCERNED: Final = """
SELECT EXISTS (SELECT FROM member_tier s WHERE s.tenant_id = $1 AND s.ladder = ANY ($2::text[]) AND s.rank > 0)
    OR $3 AND EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 AND m.status = 'active')
    OR $4::int IS NOT NULL AND EXISTS (
         SELECT FROM member_tier s WHERE s.tenant_id = $1 AND s.reason = 'programme_change')"""


@dataclass(frozen=True, slots=True)
class Coming:
    """How a version is to come. `at`: the instant that it was meant for, where that is over."""

    transition: Transition | None
    holders: Holders
    note: str | None
    actor: str
    at: datetime | None = None
    rolled_back_to: int | None = None


async def in_force() -> tuple[Programme, str]:
    """The rules in force and the time zone, behind the tenant's row, which orders publishes, recalculations and changes
    of the zone.

    Raises DomainError `recalculation-running` while a run that began under these rules isn't through.
    """
    tenant = await connection().fetchrow(_LOCK, current().tenant_id)
    if tenant is None:
        raise DomainError("internal")
    if await connection().fetchval(_RUNNING, current().tenant_id):
        raise DomainError("recalculation-running")
    return await programme(tenant["programme_version"]), tenant["timezone"]


async def bring_in(old: Programme, new: Programme, coming: Coming, timezone: str) -> tuple[Programme, UUID | None]:
    """Puts `new` in force as the version behind `old` (from `in_force`), from this transaction's end on; the run that
    brings members over, where one does.

    Raises DomainError `currency-mismatch`, `tiers-in-use` where members hold what neither `new` nor `coming.holders`
    knows, and `validation-failed` where holders are sent to what isn't there.
    """
    if new.currency != old.currency:
        raise DomainError("currency-mismatch", params={"currency": old.currency})
    await refuse_holders(old, new, coming)
    holders = coming.holders if coming.rolled_back_to is None else backwards(old, new)
    moved = await descent(old, new, holders)
    now: datetime = await connection().fetchval(_CLOCK, current().tenant_id)
    begins = now
    if coming.at is not None and not await connection().fetchval(_SINCE, current().tenant_id, coming.at):
        begins = min(coming.at, now)
    kept = carried_on(old, new, await last_full_runs())
    published = Published(coming.transition, now, begins, moved.lineage, coming.rolled_back_to, kept)
    rules = new.model_copy(update={"version": old.version + 1}).as_published(published)
    await connection().execute(
        _INSERT,
        current().tenant_id,
        rules.version,
        rules.dump(),
        now,
        coming.actor,
        coming.note,
        coming.transition,
        begins,
        {ladder: dict(codes) for ladder, codes in moved.lineage.items()},
        coming.rolled_back_to,
        as_json(kept),
    )
    await connection().execute(_FORGET_RUNS, current().tenant_id, begun_anew(old, new))
    await connection().execute(_IN_FORCE, current().tenant_id, rules.version)
    await bring_along(Change(old, rules, coming.actor), coming.rolled_back_to)
    await install_schedules(rules, timezone)
    run_id = await _bring_over(rules, moved.ladders)
    told = {"version": rules.version, "transition": coming.transition, "rolled_back_to": coming.rolled_back_to}
    await emit("programme.published", told | {"job_id": None if run_id is None else str(run_id)}, at=now)
    return rules, run_id


async def _bring_over(rules: Programme, moved: Collection[str]) -> UUID | None:
    """The run, where there is anybody for it."""
    published = rules.published
    retarget = [ladder.code for ladder in rules.ladders] if published.transition in {"now", "up_only"} else []
    concerned = await connection().fetchval(
        _CONCERNED, current().tenant_id, sorted(moved), bool(retarget), published.rolled_back_to
    )
    if not concerned:
        return None
    asked = Request("programme", as_of=published.effective_at, rules=rules, retarget=retarget)
    return await start_recalculation(asked)


async def refuse_holders(old: Programme, new: Programme, coming: Coming) -> None:
    """Raises what `bring_in` does where holders' tiers aren't accounted for. A roll-back knows where everyone goes."""
    if coming.rolled_back_to is None:
        refuse_unknown(old, new, coming.holders)
        await _refuse_forgotten(old, new, coming.holders)


def refuse_unknown(old: Programme, new: Programme, holders: Holders) -> None:
    """Holders can only be sent from a ladder that was there to a tier that will be. Raises `validation-failed`."""
    faults = []
    for code, moves in holders.items():
        was, will = old.ladder(code), new.ladder(code)
        if was is None and code not in old.lineage:
            faults.append(FieldError(f"/holders/{code}", "unknown-ladder", {"value": code}))
        elif moves is not None and will is None:
            faults.append(FieldError(f"/holders/{code}", "ladder-dropped", {"value": code}))
        elif moves is not None and will is not None:
            faults += [
                FieldError(f"/holders/{code}/{tier}", "unknown-tier", {"value": to})
                for tier, to in moves.items()
                if will.tier(to) is None
            ]
    if faults:
        raise DomainError("validation-failed", errors=faults)


async def _refuse_forgotten(old: Programme, new: Programme, holders: Holders) -> None:
    """Who holds a tier must find it again."""
    for ladder in old.ladders:
        successor = new.ladder(ladder.code)
        if successor is None and ladder.code in holders:
            continue
        named = holders.get(ladder.code) or {}
        codes = [tier.code for tier in ladder.tiers[1:]]
        gone = {code for code in codes if successor is None or (successor.tier(code) is None and code not in named)}
        if not gone:
            continue
        # a run that was given up has left some with codes of before
        stored = gone | {code for code, now in old.lineage.get(ladder.code, {}).items() if now in gone}
        held = await connection().fetchrow(_HELD, current().tenant_id, ladder.code, sorted(stored))
        if held is not None:
            params = {"ladder": ladder.code, "tier": held["tier"], "members": held["members"]}
            raise DomainError("tiers-in-use", params=params)
