"""Consents end with whom they were given for, stay the member's own, and outlive a new secret key."""

import secrets
from typing import Any

import pytest
from paying import pay, qr, refusal, set_pin
from support.chains import Chain
from support.till import member, rows


async def test_who_has_left_consents_no_more(chain: Chain) -> None:
    one = await member(chain, phone="13800138000")
    await set_pin(chain, one, "204816")
    await qr(chain, one)
    assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
    assert await rows(chain, "member_pin") == await rows(chain, "wallet_code") == []
    for path, body in (("wallet-codes", {}), ("wallet-codes/sms", {"amount": 1})):
        answer = await chain.http.post(f"/v1/members/{one}/{path}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/member-closed")
    assert (await chain.http.put(f"/v1/members/{one}/pin", json={"pin": "204816"})).status_code == 409


async def test_a_merged_records_pin_and_codes_pay_from_nothing(chain: Chain) -> None:
    """Else a made-up record with a PIN would open the wallet of whomever it is merged into."""
    one, other = await member(chain), await member(chain)
    await set_pin(chain, one, "204816")
    await set_pin(chain, other, "135790")
    code = (await qr(chain, other))["code"]
    assert (await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})).status_code == 200
    assert await refusal(chain, one, {"type": "pin", "pin": "135790"}) == "consent-refused"
    assert await refusal(chain, one, {"type": "qr", "code": code}) == "consent-refused"
    await pay(chain, one, {"type": "pin", "pin": "204816"})
    await set_pin(chain, other, "246802")  # the old id leads to the survivor
    await pay(chain, one, {"type": "pin", "pin": "246802"})


async def test_a_till_cannot_consent_for_the_member(chain: Chain, client: Any) -> None:
    scopes = ["members:read", "members:write", "purchases:write", "wallet:write", "points:write"]
    key = (await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": scopes})).json()["key"]
    one = await member(chain, phone="13800138000")
    headers = {"Authorization": f"Bearer {key}"}
    for method, path, body, status in (
        ("POST", "wallet-codes", {}, 403),
        ("PUT", "pin", {"pin": "204816"}, 403),
        ("DELETE", "pin", None, 403),
        ("POST", "wallet-codes/sms", {"amount": 1}, 202),
    ):
        answer = await client.request(method, f"/v1/members/{one}/{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text


async def test_a_pin_outlives_a_new_secret_key(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import SecretStr

    import saas.secrets as box
    from saas.settings import get_settings

    one = await member(chain)
    await set_pin(chain, one, "204816")
    old = get_settings().secret_keys.get_secret_value()
    new = secrets.token_urlsafe(32)
    for keys in (f"{new},{old}", new):  # the first good try keeps it under the new one
        changed = get_settings().model_copy(update={"secret_keys": SecretStr(keys)})
        monkeypatch.setattr(box, "get_settings", lambda changed=changed: changed)
        await pay(chain, one, {"type": "pin", "pin": "204816"})
