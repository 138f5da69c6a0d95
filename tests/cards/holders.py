"""Whether cards, identities and members agree, and what a till may ask."""

from typing import Any

from support.chains import Chain
from support.clock import owner
from support.till import rows

_DISAGREE = """
SELECT 'card without identity' AS what, c.number FROM card c
 WHERE c.tenant_id = $1 AND c.state = 'active' AND NOT EXISTS (
       SELECT FROM member_identity i WHERE i.tenant_id = $1 AND i.kind = 'card' AND i.value = c.number
                                       AND i.member_id = c.member_id)
UNION ALL
SELECT 'identity without card', i.value FROM member_identity i
 WHERE i.tenant_id = $1 AND i.kind = 'card' AND NOT EXISTS (
       SELECT FROM card c WHERE c.tenant_id = $1 AND c.number = i.value AND c.member_id = i.member_id
                            AND c.state = 'active')
UNION ALL
SELECT 'not the newest', m.card_no FROM member m
 WHERE m.tenant_id = $1 AND m.status = 'active' AND m.card_no IS DISTINCT FROM (
       SELECT c.number FROM card c WHERE c.tenant_id = $1 AND c.member_id = m.id AND c.state = 'active'
        ORDER BY c.changed_at DESC, c.number DESC LIMIT 1)
UNION ALL
SELECT 'of a merged record', c.number FROM card c JOIN member m ON m.tenant_id = $1 AND m.id = c.member_id
 WHERE c.tenant_id = $1 AND m.status = 'merged'
UNION ALL
SELECT 'active, of who has left', c.number FROM card c JOIN member m ON m.tenant_id = $1 AND m.id = c.member_id
 WHERE c.tenant_id = $1 AND m.status IN ('closed', 'erased') AND c.state = 'active'
"""


async def disagreements(chain: Chain) -> list[tuple[str, str]]:
    found = await (await owner()).fetch(_DISAGREE, chain.tenant_id)
    return [(row["what"], row["number"]) for row in found]


async def states(chain: Chain) -> dict[str, str]:
    return {row["number"]: row["state"] for row in await rows(chain, "card")}


async def card_no(chain: Chain, member_id: str) -> str | None:
    shown: str | None = (await chain.http.get(f"/v1/members/{member_id}")).json()["card_no"]
    return shown


async def post(chain: Chain, path: str, body: dict[str, Any] | None = None, status: int = 201) -> dict[str, Any]:
    answer = await chain.http.post(path, json=body or {})
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made
