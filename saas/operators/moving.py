"""A chain's whole data into a file, and from a file into a new chain: what the operator does for who comes or goes."""

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.billing.profile import open_profile
from saas.billing.settling import install_calendar
from saas.billing.usage.schedule import install_usage_schedule
from saas.db import open_pool
from saas.operators.accounts import ACTOR
from saas.principal import SYSTEM, Principal
from saas.scope import connection, tenant_scope
from saas.signup.slugs import claim_slug
from tenants.audit.record import record
from tenants.exports.restoring import restore
from tenants.exports.source import Source, UnreadableExportError
from tenants.exports.writing import Written, export
from tenants.staff.inviting import invite, invite_again

__all__ = ["Moved", "UnreadableExportError", "export_to", "import_from"]

_ZONE: Final = "SELECT timezone, name FROM tenant WHERE tenant_id = $1"
_OWNER: Final = (
    "UPDATE staff AS s SET role = 'owner', branch_ids = NULL"
    " WHERE s.tenant_id = $1 AND s.email = $2 AND s.left_at IS NULL RETURNING s.id"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """The new chain. `rows` of it by table; `invitation` is the owner's link; `waiting`: jobs that were still to be
    done where it comes from, by name, and aren't done here.
    """

    tenant_id: UUID
    slug: str
    name: str
    rows: dict[str, int]
    invitation: str
    waiting: dict[str, int]


async def export_to(tenant_id: UUID, path: Path) -> Written:
    """Writes the chain's export to a new file. Raises FileExistsError, OSError."""
    await open_pool()
    told = Written()
    file = await asyncio.to_thread(_own_file, path)
    try:
        async with tenant_scope(tenant_id, principal=_operator(tenant_id)):
            await record("export.start", f"tenant:{tenant_id}")
        async for piece in export(tenant_id, told):
            await asyncio.to_thread(file.write, piece)
    except BaseException:
        await asyncio.to_thread(path.unlink)  # half an export is none
        raise
    finally:
        file.close()
    return told


def _own_file(path: Path) -> BinaryIO:
    """It holds personal data: whoever else works on this machine doesn't read it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


async def import_from(path: Path, *, slug: str | None, owner: str) -> Moved:
    """A new chain of an export's file, in trial; `owner` (an e-mail address) gets an invitation.

    Raises UnreadableExportError, DomainError `slug-taken`, OSError.
    """
    await open_pool()
    tenant_id = uuid7()
    with Source(path) as source:
        name: str = source.manifest["chain"]["name"]
        async with tenant_scope(tenant_id, principal=_operator(tenant_id)):
            claimed = await claim_slug(tenant_id, slug, name)
            rows = await restore(source, claimed)
            chain: Any = await connection().fetchrow(_ZONE, tenant_id)
            await install_usage_schedule(chain["timezone"])
            await open_profile(owner)
            await install_calendar()
            invitation = await _let_in(tenant_id, owner)
            await record("tenant.import", f"tenant:{tenant_id}", {"as_of": source.manifest["as_of"]})
        return Moved(tenant_id, claimed, chain["name"], rows, invitation, source.manifest["waiting"])


async def _let_in(tenant_id: UUID, owner: str) -> str:
    """The link for the owner: whoever of the staff had this address, else somebody new."""
    known: UUID | None = await connection().fetchval(_OWNER, tenant_id, owner)
    found = await (invite_again(known) if known else invite(owner, owner.partition("@")[0], "owner", None))
    url: str = found["invitation"]["url"]
    return url


def _operator(tenant_id: UUID) -> Principal:
    return replace(SYSTEM, actor=ACTOR, tenant_id=tenant_id)
