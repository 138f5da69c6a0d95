"""Draft and publish: a draft is checked as a whole; a publish makes it the next version, in force at once or at a time
to come, with what it says about its tiers' holders. A version of before can be put back.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from saas.validation import field_errors
from tenants.audit.record import record
from tenants.branches.branch import unknown_branches
from tenants.programme.descent import descent
from tenants.programme.document import Programme
from tenants.programme.doubts import Doubt, warnings
from tenants.programme.followers import Change, doubts
from tenants.programme.health import refuse_told_health
from tenants.programme.lineage import Holders
from tenants.programme.pending import Pending, keep_pending, refuse_waiting
from tenants.programme.published import Published, Transition
from tenants.programme.strict import json_pointer
from tenants.programme.transitions import Coming, bring_in, in_force
from tenants.programme.versions import current_programme, current_version, programme


def checked(document: dict[str, Any]) -> Programme:
    """The programme of a document. Raises DomainError `programme-invalid` with a pointer for every fault."""
    try:
        return Programme.parse(document)
    except ValidationError as error:
        raise DomainError("programme-invalid", errors=field_errors(error, document)) from None


async def put_draft(document: dict[str, Any]) -> tuple[dict[str, Any], list[Doubt]]:
    """Keeps the draft; returns it with defaults written out, and what is doubtful in it.

    Raises DomainError `programme-invalid`, `currency-mismatch`.
    """
    # what is read is put back, and `pending` is no part of it
    rules = checked({name: part for name, part in document.items() if name != "pending"})
    await refuse_what_the_chain_lacks(rules)
    tenant_id = current().tenant_id
    currency = await connection().fetchval(
        "SELECT currency FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", tenant_id
    )
    if rules.currency != currency:
        raise DomainError("currency-mismatch", params={"currency": currency})
    dumped = rules.model_copy(update={"version": await current_version() + 1}).dump()
    revision: int = await connection().fetchval(
        "INSERT INTO programme_draft AS d (tenant_id, document, revision, updated_by) VALUES ($1, $2, 1, $3)"
        " ON CONFLICT (tenant_id) DO UPDATE SET document = excluded.document, revision = d.revision + 1,"
        " updated_by = excluded.updated_by, updated_at = clock_timestamp(), hands = '{}', holders = '{}'"
        " RETURNING revision",
        tenant_id,
        dumped,
        current().principal.actor,
    )
    await record("programme.draft", f"draft:{revision}")
    present = await current_programme()
    coming = rules.as_published(Published(lineage=(await descent(present, rules, {})).lineage))
    return dumped, warnings(rules) + await doubts(Change(present, coming))


async def read_draft() -> dict[str, Any]:
    """The draft. Raises DomainError `draft-missing`."""
    document: dict[str, Any] | None = await connection().fetchval(
        "SELECT document FROM programme_draft WHERE tenant_id = $1", current().tenant_id
    )
    if document is None:
        raise DomainError("draft-missing")
    return document


async def publish(
    transition: Transition, note: str | None, holders: Holders | None = None, at: datetime | None = None
) -> Programme | Pending:
    """Makes the draft the next version, in force from this transaction's end on; the draft is used up. With `at`, an
    instant to come, a copy waits for it, and the draft stays. `holders`: what becomes of those who hold what the draft
    doesn't have.

    Raises DomainError `draft-missing`, `recalculation-running`, `publish-pending` while another one waits for its
    time, `tiers-in-use` and `validation-failed` (`transitions.bring_in`); with `at` `publish-not-ahead`.
    """
    old, timezone = await in_force()
    rules = checked(await read_draft())
    await refuse_told_health(rules)
    coming = Coming(transition, holders or {}, note, current().principal.actor)
    if at is not None:
        return await keep_pending(old, rules, coming, at)
    await refuse_waiting()
    made, run_id = await bring_in(old, rules, coming, timezone)
    await connection().execute("DELETE FROM programme_draft WHERE tenant_id = $1", current().tenant_id)
    await record("programme.publish", f"programme:{made.version}", {"transition": transition, **_job(run_id)})
    return made


async def roll_back(version: int, note: str | None) -> Programme:
    """Puts the document of an earlier version in force again, as a version of its own. Its run gives back what the
    publishes since then took or gave by themselves.

    Raises DomainError `not-found`, `recalculation-running`, `currency-mismatch`, `programme-invalid` where the document
    couldn't be published today, and `already-in-force`.
    """
    old, timezone = await in_force()
    earlier = await programme(version)
    if version == old.version:
        raise DomainError("already-in-force", params={"version": version})
    await refuse_told_health(earlier)
    coming = Coming(None, {}, note, current().principal.actor, rolled_back_to=version)
    made, run_id = await bring_in(old, earlier, coming, timezone)
    await record("programme.rollback", f"programme:{made.version}", {"to": version, **_job(run_id)})
    return made


def _job(run_id: UUID | None) -> dict[str, str]:
    return {} if run_id is None else {"job": str(run_id)}


async def refuse_what_the_chain_lacks(rules: Programme) -> None:
    """Values of health measurements decide no tier, and branches are known. A branch's code stays: what a draft names
    is there when it is published, too. Raises `programme-invalid`.
    """
    await refuse_told_health(rules)
    unknown = await unknown_branches(rules.stacking.branches or ())
    if unknown:
        errors = [FieldError(json_pointer(("stacking", "branches", n)), "unknown-branch") for n in unknown]
        raise DomainError("programme-invalid", errors=errors)
