"""What the tests of consents share: asking for codes, reading the SMS, confirming as a purchase would."""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter
from support.chains import Chain

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.scope import tenant_scope
from tenants.confirming.confirm import confirm
from tenants.confirming.consent import WalletConsent

CONSENT: TypeAdapter[Any] = TypeAdapter(WalletConsent)


async def qr(chain: Chain, member_id: str, amount: int | None = None) -> dict[str, Any]:
    body = {} if amount is None else {"amount": amount}
    answer = await chain.http.post(f"/v1/members/{member_id}/wallet-codes", json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def outbox(chain: Chain) -> list[dict[str, Any]]:
    """The files of the local outbox, in the order of their ids."""
    folder = Path(os.environ["FILE_STORE"]) / str(chain.tenant_id) / "outbox"
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


async def by_sms(chain: Chain, drain: Any, member_id: str, amount: int) -> str:
    """The digits that arrived."""
    answer = await chain.http.post(f"/v1/members/{member_id}/wallet-codes/sms", json={"amount": amount})
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"expires_at"}
    await drain(chain.tenant_id)
    found = re.search(r"\b([0-9]{6})\b", outbox(chain)[-1]["text"])
    assert found is not None
    return found[1]


async def set_pin(chain: Chain, member_id: str, pin: str) -> None:
    answer = await chain.http.put(f"/v1/members/{member_id}/pin", json={"pin": pin})
    assert answer.status_code == 204, answer.text


async def pay(
    chain: Chain, member_id: str, consent: dict[str, str] | None, amount: int = 100, at: datetime | None = None
) -> None:
    """As a purchase does it, in a transaction. Raises what `confirm` raises."""
    sent = None if consent is None else CONSENT.validate_python(consent)
    async with tenant_scope(chain.tenant_id):
        await confirm(UUID(member_id), amount, sent, at or await tenant_now())


async def refusal(chain: Chain, member_id: str, consent: Any, **more: Any) -> str:
    with pytest.raises(DomainError) as refused:
        await pay(chain, member_id, consent, **more)
    return refused.value.code
