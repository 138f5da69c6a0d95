"""Consent by channel: a history of who agreed to what, when and where, and what holds now."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.merged import leads_to

Channel = Literal["sms", "email", "wechat", "push", "health"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
"""`health` is no channel of messages: it allows health measurements to be kept (单独同意)."""

# `member_consent` has a row exactly where the consent is given and not withdrawn.
_GIVEN: Final = "SELECT channel FROM member_consent WHERE tenant_id = $1 AND member_id = $2"
# Under the ids of merged records it is the survivor's consent that counts.
_CONSENTING: Final = f"""
SELECT m.id FROM member AS m
  JOIN member_consent AS c ON c.tenant_id = m.tenant_id AND c.member_id = {leads_to("m")}
   AND c.channel = $3
 WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[])
"""
_WRITE: Final = """
WITH n AS (
    INSERT INTO consent AS c (tenant_id, member_id, channel, granted, recorded_at, source, actor)
    SELECT $1, $2, k.channel, k.granted, $5, $6, $7 FROM unnest($3::text[], $4::boolean[]) AS k (channel, granted)
     ORDER BY k.channel
    RETURNING c.id, c.channel, c.granted),
gone AS (
    DELETE FROM member_consent AS h USING n
     WHERE h.tenant_id = $1 AND h.member_id = $2 AND h.channel = n.channel AND NOT n.granted)
INSERT INTO member_consent AS h (tenant_id, member_id, channel, consent_id)
SELECT $1, $2, n.channel, n.id FROM n WHERE n.granted
ON CONFLICT (tenant_id, member_id, channel) DO UPDATE SET consent_id = excluded.consent_id
"""
_HISTORY: Final = """
SELECT id, channel, granted, recorded_at, source, actor FROM consent
 WHERE tenant_id = $1 AND member_id = ANY($2::uuid[]) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""


async def has_consent(member_id: UUID, channel: Channel) -> bool:
    """Whether the member has given its consent to the channel and not withdrawn it. Nobody asked is no."""
    return channel in await consents_of(member_id)


async def consenting(members: Iterable[UUID], channel: Channel) -> set[UUID]:
    """Those of these members, or of the records merged into others, whose consent to the channel holds."""
    rows = await connection().fetch(_CONSENTING, current().tenant_id, list(members), channel)
    return {row["id"] for row in rows}


async def consents_of(member_id: UUID) -> set[str]:
    """The channels to which the member's consent holds."""
    rows = await connection().fetch(_GIVEN, current().tenant_id, member_id)
    return {row["channel"] for row in rows}


async def write_consents(
    member_id: UUID, given: Mapping[Channel, bool], recorded_at: datetime, source: str
) -> dict[Channel, bool]:
    """Keeps what differs from what holds: `given` is channel → granted. Returns what was written.

    The caller holds the member's lock.
    """
    held = await consents_of(member_id)
    new = {channel: granted for channel, granted in given.items() if granted != (channel in held)}
    if new:
        await connection().execute(
            _WRITE,
            current().tenant_id,
            member_id,
            list(new),
            list(new.values()),
            recorded_at,
            source,
            current().principal.actor,
        )
    return new


async def withdraw(
    member_id: UUID, channels: Iterable[Channel], recorded_at: datetime, source: str
) -> dict[Channel, bool]:
    """Takes back those of these consents that hold. Returns what was written."""
    return await write_consents(member_id, dict.fromkeys(channels, False), recorded_at, source)


async def consent_history(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """What these members (one, and those merged into it) said, the newest first; one more row than `limit` where
    there are more.
    """
    return await connection().fetch(_HISTORY, current().tenant_id, members, before, limit + 1)
