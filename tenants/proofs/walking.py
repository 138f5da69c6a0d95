"""Members replayed, batch by batch."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import LANGUAGES
from saas.savepoint import savepoint
from tenants.proofs.finding import Finding
from tenants.replay.difference import Difference
from tenants.replay.replay import replay

log = logging.getLogger(__name__)

UNPROVED: Final = "unproved"
_LOST: Final = (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, OSError)
"""Of the server, not of a member: whoever asked may try again."""


async def replayed(members: Sequence[UUID]) -> list[Finding]:
    """What differs about these members. One that can't be replayed at all is a difference of the kind `unproved`, and
    the others are proved all the same.
    """
    try:
        async with savepoint():
            return [_of_replay(one) for one in await replay(members)]
    except Exception as error:
        if isinstance(error, _LOST) and not isinstance(error, TimeoutError):
            raise
        if len(members) == 1:
            log.exception("member %s can't be replayed", members[0])
            return [_unproved(members[0], error)]
    found: list[Finding] = []
    for member in members:
        found += await replayed([member])
        await asyncio.sleep(0)
    return found


def _of_replay(one: Difference) -> Finding:
    why = {language: one.why[language] for language in LANGUAGES}
    return Finding(one.kind, one.member_id, one.what, one.expected, one.stored, why)


def _unproved(member: UUID, error: Exception) -> Finding:
    return Finding(
        UNPROVED,
        member,
        f"member:{member}",
        None,
        type(error).__name__,
        {
            "zh-CN": "无法重放该会员的记录，请联系运营方查看日志。",
            "en": "This member's facts could not be replayed; the operator's log says why.",
        },
    )
