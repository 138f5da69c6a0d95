"""Settings that would be unsafe are refused at the start, by name and without their values."""

from typing import Any

import pytest
from pydantic import ValidationError

from saas.settings import Settings

SOUND: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql://app@db/regulars",
    "redis_url": "redis://cache",
    "secret_keys": "k" * 32,
    "public_url": "https://shop.example",
}


def faults(**changes: str) -> dict[str, str]:
    """What is wrong, by setting."""
    try:
        Settings(**{**SOUND, **changes})
    except ValidationError as error:
        return {str(fault["loc"][0]): fault["msg"] for fault in error.errors()}
    return {}


@pytest.mark.parametrize("url", ["http://shop.example", "shop.example", "https://", ""])
def test_production_needs_an_https_address(url: str) -> None:
    assert "https" in faults(public_url=url)["public_url"]
    assert not faults(public_url=url, environment="local")


def test_production_has_no_default_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    with pytest.raises(ValidationError, match="https"):
        Settings(**{name: value for name, value in SOUND.items() if name != "public_url"})


@pytest.mark.parametrize("keys", ["short", "k" * 32 + ",short", " , "])
def test_a_weak_secret_key_is_refused_and_not_shown(keys: str) -> None:
    assert "32" in faults(secret_keys=keys)["secret_keys"]
    with pytest.raises(ValidationError) as caught:
        Settings(**{**SOUND, "secret_keys": keys})
    assert "short" not in str(caught.value)


def test_trusted_proxies_are_addresses_and_networks() -> None:
    assert not faults(trusted_proxies="10.0.0.5, 192.168.0.0/16,::1")
    for wrong in ("*", "proxy.internal", "10.0.0.5/8", "10.0.0.5,,"):
        assert "trusted_proxies" in faults(trusted_proxies=wrong)


@pytest.mark.parametrize(
    "base", ["http://api.stripe.com", "http://10.0.0.5:12111", "stripe.com", "https://", "ftp://x"]
)
def test_stripes_key_goes_over_tls_or_stays_on_this_machine(base: str) -> None:
    assert "https" in faults(stripe_api_base=base)["stripe_api_base"]


@pytest.mark.parametrize(
    "base", ["https://api.stripe.com", "http://127.0.0.1:12111", "http://localhost:1", "http://[::1]:1"]
)
def test_a_sandbox_on_this_machine_needs_no_tls(base: str) -> None:
    assert not faults(stripe_api_base=base)


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:many"])
def test_a_mail_server_has_an_address(url: str) -> None:
    assert "smtp" in faults(smtp_url=url)["smtp_url"]
    assert not faults(smtp_url="smtps://user:p%40ss@mail.example:465")


@pytest.mark.parametrize("sender", ["nobody", "a@example.com\nBcc: b@example.com"])
def test_letters_are_from_somebody(sender: str) -> None:
    assert "address" in faults(mail_from=sender)["mail_from"]
