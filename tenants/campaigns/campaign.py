"""Campaigns kept by a tenant: drafts that may change, running ones that work, stopped ones that are only shown."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError, FieldError
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.campaigns.checking import faults_of
from tenants.campaigns.document import AnyCampaign, dumped, parse_campaign
from tenants.events.emit import emit
from tenants.segments.segment import condition_named
from tenants.segments.selecting import segment_of
from tenants.trading import require_trading

WALK_JOB: Final = "campaigns.walk"
"""Payload: `campaign_id`; looks for whom the campaign has something today (`tenants.campaigns.walking`)."""

SHOWN: Final = "c.id, c.document, c.state, c.source, c.created_at, c.started_at, c.stopped_at"
_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant t WHERE t.tenant_id = $1)"
_INSERT: Final = f"""
INSERT INTO campaign AS c (tenant_id, id, code, document, state, source, created_at)
VALUES ($1, $2, $3, $4, 'draft', 'tenant', {_NOW}) ON CONFLICT DO NOTHING RETURNING {SHOWN}"""
_READ: Final = f"SELECT {SHOWN} FROM campaign AS c WHERE c.tenant_id = $1 AND c.id = $2"
_LIST: Final = f"""
SELECT {SHOWN} FROM campaign AS c WHERE c.tenant_id = $1 AND c.id > $2 AND ($3::text IS NULL OR c.state = $3)
 ORDER BY c.id LIMIT $4"""
_CHANGE: Final = f"""
UPDATE campaign AS c SET document = $3 WHERE c.tenant_id = $1 AND c.id = $2 RETURNING {SHOWN}"""
_DELETE: Final = "DELETE FROM campaign WHERE tenant_id = $1 AND id = $2"
_START: Final = f"""
UPDATE campaign AS c SET state = 'running', started_at = {_NOW}, stopped_at = NULL
 WHERE c.tenant_id = $1 AND c.id = $2 RETURNING {SHOWN}"""
_STOP: Final = f"""
UPDATE campaign AS c SET state = 'stopped', stopped_at = {_NOW}
 WHERE c.tenant_id = $1 AND c.id = $2 RETURNING {SHOWN}"""
_INSTALL: Final = """
INSERT INTO campaign AS c (tenant_id, id, code, document, state, source, created_at)
SELECT $1, n.id, n.code, n.document, 'draft', 'template', clock_timestamp()
  FROM unnest($2::uuid[], $3::text[], $4::jsonb[]) AS n (id, code, document)"""
_BEGINNING: Final = UUID(int=0)


async def make_campaign(campaign: AnyCampaign) -> dict[str, Any]:
    """A draft, as JSON data. Raises DomainError `tenant-closed`, `code-taken`, `validation-failed` for what it names
    and isn't there.
    """
    await require_trading()
    await _require_sound(campaign, "validation-failed")
    row = await connection().fetchrow(_INSERT, current().tenant_id, uuid7(), campaign.code, dumped(campaign))
    if row is None:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("campaign.create", f"campaign:{row['id']}", {"code": campaign.code})
    return shown(row)


async def list_campaigns(after: UUID | None, count: int, state: str | None) -> list[dict[str, Any]]:
    """Up to `count` campaigns in the order they were made, behind `after`."""
    rows = await connection().fetch(_LIST, current().tenant_id, after or _BEGINNING, state, count)
    return [shown(row) for row in rows]


async def campaign_row(campaign_id: UUID, lock: str = "") -> asyncpg.Record:
    """`lock` is an SQL locking clause of ours. Raises DomainError `not-found`."""
    row = await connection().fetchrow(f"{_READ} {lock}", current().tenant_id, campaign_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def change_campaign(campaign_id: UUID, campaign: AnyCampaign, seen: str | None = None) -> dict[str, Any]:
    """A draft gets the whole document anew; the code stays. `seen`: the mark of the document that was changed; where
    another one is kept by now, nothing is.

    Raises DomainError `not-found`, `campaign-not-draft`, `changed-meanwhile`, and those of `make_campaign`.
    """
    await require_trading()
    row = await campaign_row(campaign_id, "FOR UPDATE")
    _require_draft(row)
    if seen is not None and seen != mark_of(row["document"]):
        raise DomainError("changed-meanwhile")
    code = row["document"]["code"]
    if campaign.code != code:
        raise DomainError("validation-failed", errors=[FieldError("/code", "not-allowed", {"expected": code})])
    await _require_sound(campaign, "validation-failed")
    changed = await connection().fetchrow(_CHANGE, current().tenant_id, campaign_id, dumped(campaign))
    if changed is None:
        raise DomainError("not-found")
    await record("campaign.change", f"campaign:{campaign_id}", {"code": campaign.code})
    return shown(changed)


async def delete_campaign(campaign_id: UUID) -> None:
    """Forgets a draft. Raises DomainError `tenant-closed`, `not-found`, `campaign-not-draft`: what ran is history."""
    await require_trading()
    row = await campaign_row(campaign_id, "FOR UPDATE")
    _require_draft(row)
    await connection().execute(_DELETE, current().tenant_id, campaign_id)
    await record("campaign.delete", f"campaign:{campaign_id}", {"code": row["document"]["code"]})


async def start_campaign(campaign_id: UUID) -> dict[str, Any]:
    """Switches it on: purchases from now on have it, and whom it has something for today is looked for at once.
    Starting a running one changes nothing.

    Raises DomainError `tenant-closed`, `not-found`, `campaign-outdated` where something that it names is gone, and what
    asking its audience raises (`tenants.segments.usable`): who may not ask may not let others be told.
    """
    await require_trading()
    row = await campaign_row(campaign_id, "FOR UPDATE")
    if row["state"] == "running":
        return shown(row)
    campaign = parse_campaign(row["document"])
    await _require_sound(campaign, "campaign-outdated")
    if campaign.audience is not None:
        condition = await condition_named(campaign.audience)
        if condition is not None:
            await segment_of(condition)
    started = await _switch(_START, campaign_id, "start", campaign.code)
    await enqueue(WALK_JOB, {"campaign_id": str(campaign_id)})
    return started


async def stop_campaign(campaign_id: UUID) -> dict[str, Any]:
    """Switches it off: nothing more comes of it, of what had been triggered neither. Waits for what is being given at
    this moment. Stopping a stopped one changes nothing. Who is suspended may do it.

    Raises DomainError `not-found`, `campaign-not-running`.
    """
    row = await campaign_row(campaign_id, "FOR UPDATE")
    if row["state"] == "stopped":
        return shown(row)
    if row["state"] == "draft":
        raise DomainError("campaign-not-running")
    return await _switch(_STOP, campaign_id, "stop", row["document"]["code"])


async def install_campaigns(campaigns: Sequence[AnyCampaign]) -> None:
    """Keeps a template's campaigns as the new tenant's drafts."""
    await connection().execute(
        _INSTALL,
        current().tenant_id,
        [uuid7() for _ in campaigns],
        [campaign.code for campaign in campaigns],
        [dumped(campaign) for campaign in campaigns],
    )


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A campaign as JSON data: the document with id, state and instants."""
    names = ("state", "source", "created_at", "started_at", "stopped_at")
    return {"id": row["id"], **row["document"], **{name: row[name] for name in names}}


def mark_of(document: Mapping[str, Any]) -> str:
    """Tells one content of a document from another: 16 hex digits."""
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


async def _switch(sql: str, campaign_id: UUID, act: str, code: str) -> dict[str, Any]:
    row = await connection().fetchrow(sql, current().tenant_id, campaign_id)
    if row is None:
        raise DomainError("not-found")
    await record(f"campaign.{act}", f"campaign:{campaign_id}", {"code": code})
    past = {"start": "campaign.started", "stop": "campaign.stopped"}[act]
    data = {"campaign_id": str(campaign_id), "code": code}
    await emit(past, data)
    return shown(row)


async def _require_sound(campaign: AnyCampaign, refusal: str) -> None:
    faults = await faults_of(campaign)
    if faults:
        raise DomainError(refusal, errors=faults)


def _require_draft(row: asyncpg.Record) -> None:
    if row["state"] != "draft":
        raise DomainError("campaign-not-draft", params={"state": row["state"]})
