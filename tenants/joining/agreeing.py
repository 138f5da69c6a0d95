"""What people agree to when they join: each thing by itself, the very words kept, each text once by its digest.

Membership needs the phone number and the name (PIPL, article 13 (1), with the consent of article 14); offers by SMS are
agreed to separately or not at all (article 29's pattern), and taken back as easily (article 15).
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from saas.i18n import Tongue
from saas.scope import connection, current

Kind = Literal["membership", "sms"]
_MARK: Final = 8
_TEXT: Final = """
INSERT INTO agreement_text AS x (tenant_id, digest, kind, language, text, first_at)
SELECT $1, $2, $3, $4, $5, clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1
ON CONFLICT DO NOTHING
"""
_AGREE: Final = """
INSERT INTO agreement AS a (tenant_id, member_id, digest, at)
SELECT $1, $2, $3, clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1
"""
_OF: Final = """
SELECT a.at, x.kind, x.language, x.text, x.digest FROM agreement AS a
  JOIN agreement_text AS x ON x.tenant_id = a.tenant_id AND x.digest = a.digest
 WHERE a.tenant_id = $1 AND a.member_id = ANY($2::uuid[]) ORDER BY a.id DESC LIMIT 50
"""


def texts(chain: str, privacy_url: str | None, speaks: Tongue) -> dict[Kind, str]:
    """What is to be agreed to, in the reader's words."""
    membership = speaks.say(
        "I join %(chain)s as a member. %(chain)s keeps my phone number, and my name and birthday if I give them, to"
        " know me at the counter and to keep my tier, points, balance and coupons, as long as I am a member. I can see"
        " and correct them, leave, and have them erased at any time at the counter.",
        chain=chain,
    )
    if privacy_url:
        membership = speaks.say("%(text)s Privacy notice: %(url)s", text=membership, url=privacy_url)
    sms = speaks.say(
        "I also want offers of %(chain)s by SMS. I can stop them at any time on my card; membership doesn't depend on"
        " it.",
        chain=chain,
    )
    return {"membership": membership, "sms": sms}


async def agree(member_id: UUID, said: Mapping[Kind, str], language: str) -> None:
    """Keeps that the member agreed to these very texts, in the scope of its enrolment."""
    for kind, text in said.items():
        digest = hashlib.sha256(text.encode()).digest()
        await connection().execute(_TEXT, current().tenant_id, digest, kind, language, text)
        await connection().execute(_AGREE, current().tenant_id, member_id, digest)


async def agreements_of(members: list[UUID]) -> list[dict[str, Any]]:
    """What these members (one, and those merged into it) agreed to, the newest first. `mark`: the text's version."""
    rows = await connection().fetch(_OF, current().tenant_id, members)
    return [
        {
            "kind": r["kind"],
            "language": r["language"],
            "text": r["text"],
            "at": r["at"],
            "mark": r["digest"].hex()[:_MARK],
        }
        for r in rows
    ]
