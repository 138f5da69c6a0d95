"""Signing and encrypting, and what becomes of it when the secret keys are rotated."""

from collections.abc import Callable

import pytest

from saas import secrets
from saas.secrets import InvalidSecretError, decrypt, encrypt, keyed_hashes, new_secret_key, sign, verify
from saas.settings import get_settings

UseKeys = Callable[..., None]
pytestmark = pytest.mark.usefixtures("environ")


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> UseKeys:
    """Sets the installation's keys for the test, the newest first."""
    settings = get_settings()

    def use(*keys: str) -> None:
        changed = type(settings)(**{**settings.model_dump(), "secret_keys": ",".join(keys)})
        monkeypatch.setattr(secrets, "get_settings", lambda: changed)

    return use


def test_what_an_old_key_made_opens_until_it_is_dropped(use_keys: UseKeys) -> None:
    old, new = new_secret_key(), new_secret_key()
    use_keys(old)
    signed, sealed = sign("link", b"data"), encrypt("webhook", b"secret")
    use_keys(new, old)
    assert (verify("link", signed), decrypt("webhook", sealed)) == (b"data", b"secret")
    fresh = sign("link", b"data"), encrypt("webhook", b"secret")
    use_keys(new)
    assert (verify("link", fresh[0]), decrypt("webhook", fresh[1])) == (b"data", b"secret")
    with pytest.raises(InvalidSecretError):
        verify("link", signed)
    with pytest.raises(InvalidSecretError):
        decrypt("webhook", sealed)


def test_each_purpose_and_binding_has_its_own_key(use_keys: UseKeys) -> None:
    use_keys(new_secret_key())
    with pytest.raises(InvalidSecretError):
        verify("other", sign("link", b"data"))
    with pytest.raises(InvalidSecretError):
        decrypt("other", encrypt("webhook", b"secret"))
    sealed = encrypt("webhook", b"secret", bound_to=b"one")
    assert decrypt("webhook", sealed, bound_to=b"one") == b"secret"
    with pytest.raises(InvalidSecretError):
        decrypt("webhook", sealed, bound_to=b"two")


@pytest.mark.parametrize("change", [lambda t: t[:-1] + "A", lambda t: "A" + t, lambda _: "", lambda _: "é"])
def test_a_changed_token_is_none(use_keys: UseKeys, change: Callable[[str], str]) -> None:
    use_keys(new_secret_key())
    for token, opened in ((sign("p", b"some data"), verify), (encrypt("p", b"some data"), decrypt)):
        with pytest.raises(InvalidSecretError):
            opened("p", change(token))


def test_a_hash_is_found_again_under_any_key_in_use(use_keys: UseKeys) -> None:
    old, new = new_secret_key(), new_secret_key()
    use_keys(old)
    (kept,) = keyed_hashes("phone", b"+8613800138000", bound_to=b"a")
    assert len(kept) == 32
    use_keys(new, old)
    assert keyed_hashes("phone", b"+8613800138000", bound_to=b"a")[1] == kept
    for other in (
        keyed_hashes("phone", b"+8613800138001", bound_to=b"a"),
        keyed_hashes("phone", b"+8613800138000", bound_to=b"b"),
        keyed_hashes("card", b"+8613800138000", bound_to=b"a"),
    ):
        assert kept not in other
    use_keys(new)
    assert kept not in keyed_hashes("phone", b"+8613800138000", bound_to=b"a")
