"""Nothing of a made-up chain leaves the machine."""

from typing import Any
from uuid import uuid4

import pytest
from support.chains import Chain
from support.clock import owner

from saas.file_store import file_store
from saas.mail import sending
from saas.settings import get_settings
from tenants.messages import gateway


@pytest.mark.parametrize("made_up", [True, False])
async def test_letters_and_sms_of_a_made_up_chain_are_files(
    made_up: bool, chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out: list[str] = []
    changed = get_settings().model_copy(
        update={"smtp_url": get_settings().database_url, "sms_gateway_url": "https://sms.example.com/"}
    )
    monkeypatch.setattr(sending, "get_settings", lambda: changed)
    monkeypatch.setattr(gateway, "get_settings", lambda: changed)
    monkeypatch.setattr(sending, "deliver", lambda *_: out.append("letter"))
    monkeypatch.setattr(gateway, "_post", lambda *_: out.append("sms"))
    if made_up:
        await (await owner()).execute("UPDATE tenant SET sample_of = $2 WHERE tenant_id = $1", chain.tenant_id, uuid4())
    person = {"name": "x", "email": f"{uuid4().hex}@example.com", "role": "clerk"}
    assert (await chain.http.post("/v1/staff", json=person)).status_code == 201
    member = (await chain.http.post("/v1/members", json={"phone": "13912345671"})).json()
    sent = await chain.http.post(f"/v1/members/{member['id']}/wallet-codes/sms", json={"amount": 100})
    assert sent.status_code == 202
    await drain(chain.tenant_id)
    folder = file_store().root / str(chain.tenant_id)
    assert sorted(out) == ([] if made_up else ["letter", "sms"])
    assert {path.parent.name for path in folder.rglob("*.json")} == ({"mail", "outbox"} if made_up else set())
