"""Draft and publish: a draft is checked as a whole; a publish makes it the next version, in force at once.

This release publishes with the transition `next_purchase`: nobody's tier moves by the publish itself, each
member is evaluated under the new rules at its next purchase or the ladder's next schedule.
"""

from typing import Any

from pydantic import ValidationError

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import field_errors
from tenants.audit.record import record
from tenants.branches.branch import unknown_branches
from tenants.programme.document import Doubt, Programme, warnings
from tenants.programme.strict import json_pointer
from tenants.programme.versions import current_version, programme

TRANSITIONS = ("next_purchase",)


def checked(document: dict[str, Any]) -> Programme:
    """The programme of a document. Raises DomainError `programme-invalid` with a pointer for every fault."""
    try:
        return Programme.parse(document)
    except ValidationError as error:
        raise DomainError("programme-invalid", errors=field_errors(error, document)) from None


async def put_draft(document: dict[str, Any], if_revision: int | None) -> tuple[dict[str, Any], int, list[Doubt]]:
    """Keeps the draft; returns it with defaults written out, its revision, and what is doubtful in it.

    Raises DomainError `programme-invalid`, `precondition-failed` where `if_revision` is not the draft's.
    """
    rules = checked(document)
    await _refuse_told_health(rules)
    await _refuse_unknown_branches(rules)
    tenant_id = current().tenant_id
    currency = await connection().fetchval(
        "SELECT currency FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", tenant_id
    )
    if rules.currency != currency:
        raise DomainError("currency-mismatch", params={"currency": currency})
    now = await connection().fetchval("SELECT revision FROM programme_draft WHERE tenant_id = $1", tenant_id)
    if if_revision is not None and if_revision != (now or 0):
        raise DomainError("precondition-failed")
    dumped = rules.model_copy(update={"version": await current_version() + 1}).dump()
    revision: int = await connection().fetchval(
        "INSERT INTO programme_draft AS d (tenant_id, document, revision, updated_by) VALUES ($1, $2, 1, $3)"
        " ON CONFLICT (tenant_id) DO UPDATE SET document = excluded.document, revision = d.revision + 1,"
        " updated_by = excluded.updated_by, updated_at = clock_timestamp() RETURNING revision",
        tenant_id,
        dumped,
        current().principal.actor,
    )
    await record("programme.draft", f"draft:{revision}")
    return dumped, revision, warnings(rules)


async def read_draft() -> tuple[dict[str, Any], int]:
    """The draft and its revision. Raises DomainError `draft-missing`."""
    row = await connection().fetchrow(
        "SELECT document, revision FROM programme_draft WHERE tenant_id = $1", current().tenant_id
    )
    if row is None:
        raise DomainError("draft-missing")
    return row["document"], row["revision"]


async def publish(transition: str, note: str | None) -> Programme:
    """Makes the draft the next version, in force from this transaction's end on. The draft is used up.

    Raises DomainError `draft-missing`, `transition-not-available`, `recalculation-running` while a run that
    began under the old rules isn't through, and `tiers-in-use` where a member holds a tier above the base that
    the draft doesn't have at the same rank.
    """
    if transition not in TRANSITIONS:
        raise DomainError("transition-not-available", params={"available": ", ".join(TRANSITIONS)})
    tenant_id = current().tenant_id
    # The tenant's row orders publishes, recalculations and changes of the time zone.
    version = await connection().fetchval(
        "SELECT programme_version FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", tenant_id
    )
    if await connection().fetchval(
        "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL)", tenant_id
    ):
        raise DomainError("recalculation-running")
    document, _ = await read_draft()
    rules = checked(document).model_copy(update={"version": version + 1})
    await _refuse_told_health(rules)
    await _refuse_moved_tiers(await programme(version), rules)
    await connection().execute(
        "INSERT INTO programme_version AS v (tenant_id, version, document, published_at, published_by, note)"
        " SELECT $1, $2, $3, clock_timestamp() + t.clock_offset, $4, $5 FROM tenant t WHERE t.tenant_id = $1",
        tenant_id,
        rules.version,
        rules.dump(),
        current().principal.actor,
        note,
    )
    await connection().execute(
        "UPDATE tenant SET programme_version = $2 WHERE tenant_id = $1", tenant_id, rules.version
    )
    await connection().execute("DELETE FROM programme_draft WHERE tenant_id = $1", tenant_id)
    await record("programme.publish", f"programme:{rules.version}", {"transition": transition})
    return rules


async def _refuse_told_health(rules: Programme) -> None:
    """What an earlier version called a health measurement stays one, whatever this one calls it.

    Raises DomainError `programme-invalid`.
    """
    rows = await connection().fetch(
        "SELECT DISTINCT k.kind FROM programme_version v, jsonb_array_elements_text(v.document -> 'health_kinds')"
        " AS k (kind) WHERE v.tenant_id = $1",
        current().tenant_id,
    )
    faults = list(rules.tells({row["kind"] for row in rows}))
    if faults:
        raise DomainError("programme-invalid", errors=[FieldError(json_pointer(x.loc), x.code) for x in faults])


async def _refuse_unknown_branches(rules: Programme) -> None:
    """A branch's code stays: what a draft names is there when it is published, too. Raises `programme-invalid`."""
    unknown = await unknown_branches(rules.stacking.branches or ())
    if unknown:
        errors = [FieldError(json_pointer(("stacking", "branches", n)), "unknown-branch") for n in unknown]
        raise DomainError("programme-invalid", errors=errors)


async def _refuse_moved_tiers(old: Programme, new: Programme) -> None:
    """Who holds a tier must find it again: dropping, renaming or moving one needs to say what becomes of them."""
    for ladder in old.ladders:
        successor = new.ladder(ladder.code)
        kept = {} if successor is None else {tier.code: tier.rank for tier in successor.tiers}
        moved = [tier.code for tier in ladder.tiers[1:] if kept.get(tier.code) != tier.rank]
        held = await connection().fetchval(
            "SELECT tier FROM member_tier WHERE tenant_id = $1 AND ladder = $2 AND rank > 0"
            " AND tier = ANY($3::text[]) LIMIT 1",
            current().tenant_id,
            ladder.code,
            moved,
        )
        if held is not None:
            raise DomainError("tiers-in-use", params={"ladder": ladder.code, "tier": held})
