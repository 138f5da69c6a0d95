"""Writes messages into the scope of what they are about; jobs hand them over once that is committed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.outbox import enqueue
from saas.scope import connection, current
from saas.secrets import decrypt, encrypt

Channel = Literal["sms", "email", "wechat", "push"]

JOB: Final = "messages.send"
"""Payload: `ids`, `attempt`, `by_day`."""
MESSAGES_A_JOB: Final = 50
SENDABLE: Final[tuple[Channel, ...]] = ("sms", "wechat")
"""Channels by which members can be reached."""
_PURPOSE: Final = "message"

# Who is there and can be reached: by SMS those with a phone, by WeChat those with an openid. E-mail addresses and
# devices of members aren't kept.
_REACH: Final = """
SELECT m.id, m.phone AS sms,
       (SELECT i.value FROM member_identity AS i
         WHERE i.tenant_id = $1 AND i.member_id = m.id AND i.kind LIKE 'wechat\\_openid:%'
         ORDER BY i.kind LIMIT 1) AS wechat,
       ARRAY(SELECT c.channel FROM member_consent AS c WHERE c.tenant_id = $1 AND c.member_id = m.id) AS consents
  FROM member AS m WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[]) AND m.status = 'active'
"""
_WRITE: Final = """
INSERT INTO message AS g (tenant_id, id, member_id, channel, purpose, marketing, sealed, state, expires_at,
                          created_at, changed_at)
SELECT $1, n.id, n.member_id, n.channel, n.purpose, n.marketing, n.sealed, 'queued', n.expires_at, t.now, t.now
  FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::bytea[], $8::timestamptz[])
       AS n (id, member_id, channel, purpose, marketing, sealed, expires_at)
 CROSS JOIN (SELECT clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1) AS t
 ORDER BY n.id
"""
_SKIP: Final = """
INSERT INTO message AS g (tenant_id, id, member_id, channel, purpose, marketing, state, error, created_at, changed_at)
SELECT $1, n.id, n.member_id, n.channel, n.purpose, n.marketing, 'skipped', n.obstacle, t.now, t.now
  FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::text[])
       AS n (id, member_id, channel, purpose, marketing, obstacle)
 CROSS JOIN (SELECT clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1) AS t
 ORDER BY n.id
"""

Obstacle = Literal["member-left", "no-way", "no-address", "no-consent"]
"""Why a member can't be told: gone; nothing is sent by the channel; no phone (WeChat account); not agreed to it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. `purpose` says what it is for (`campaign:birthday`), never what it says. `marketing` needs the
    member's consent to the channel. From `expires_at` (the tenant's clock) on it isn't sent any more.
    """

    member_id: UUID
    channel: Channel
    purpose: str
    text: str
    marketing: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed over."""

    id: UUID
    channel: Channel
    to: str
    text: str


async def send(
    member_id: UUID,
    channel: Channel,
    purpose: str,
    text: str,
    *,
    marketing: bool = True,
    expires_at: datetime | None = None,
) -> UUID | None:
    """The id of the message, which goes out soon after the scope's commit. None where the member has left, can't be
    reached by the channel, or hasn't agreed to marketing by it.
    """
    return (await send_all([Outgoing(member_id, channel, purpose, text, marketing, expires_at)]))[0]


async def send_all(messages: Sequence[Outgoing], *, by_day: bool = False, noted: bool = False) -> list[UUID | None]:
    """The same for many at once, in their order: one statement, and a job for every 50. `by_day`: what isn't handed
    over by the evening waits for the morning (`tenants.messages.daytime`). `noted`: who can't be told is written down
    as `skipped`, with the obstacle.
    """
    reach = await _reach({message.member_id for message in messages})
    ids: list[UUID | None] = []
    rows: list[tuple[Any, ...]] = []
    skipped: list[tuple[Any, ...]] = []
    for one in messages:
        made, obstacle = uuid7(), _obstacle(one, reach)
        common = (made, one.member_id, one.channel, one.purpose, one.marketing)
        ids.append(made if obstacle is None else None)
        if obstacle is None:
            sealed = seal(Letter(made, one.channel, reach[one.member_id][one.channel], one.text))
            rows.append((*common, sealed, one.expires_at))
        else:
            skipped.append((*common, obstacle))
    if noted and skipped:
        await connection().execute(_SKIP, current().tenant_id, *map(list, zip(*skipped, strict=True)))
    if rows:
        await connection().execute(_WRITE, current().tenant_id, *map(list, zip(*rows, strict=True)))
    for start in range(0, len(rows), MESSAGES_A_JOB):
        some = [str(row[0]) for row in rows[start : start + MESSAGES_A_JOB]]
        await enqueue(JOB, {"ids": some, "attempt": 0, "by_day": by_day}, direct=len(rows) == 1)
    return ids


async def _reach(members: set[UUID]) -> dict[UUID, Any]:
    rows = await connection().fetch(_REACH, current().tenant_id, sorted(members))
    return {row["id"]: row for row in rows}


def _obstacle(message: Outgoing, reach: dict[UUID, Any]) -> Obstacle | None:
    row = reach.get(message.member_id)
    if row is None:
        return "member-left"
    if message.channel not in SENDABLE:
        return "no-way"
    if row[message.channel] is None:
        return "no-address"
    return "no-consent" if message.marketing and message.channel not in row["consents"] else None


def seal(letter: Letter) -> bytes:
    """Recipient and text, to be opened for this very message only."""
    data = json.dumps({"to": letter.to, "text": letter.text}, ensure_ascii=False).encode()
    return encrypt(_PURPOSE, data, bound_to=current().tenant_id.bytes + letter.id.bytes).encode()


def unseal(message_id: UUID, channel: Channel, sealed: bytes) -> Letter:
    """The letter again. Raises InvalidSecretError where the key that sealed it is gone."""
    bound_to = current().tenant_id.bytes + message_id.bytes
    data = json.loads(decrypt(_PURPOSE, sealed.decode(), bound_to=bound_to))
    return Letter(message_id, channel, data["to"], data["text"])
