"""Where a request to a customer's address may go, and which addresses may be written down."""

from ipaddress import ip_address

import pytest
from settings_here import SETTINGS

from saas.errors import InvalidValueError
from saas.outgoing import addresses
from saas.outgoing.addresses import ascii_host, checked_url, permitted

PUBLIC = [
    "1.1.1.1",
    "47.95.0.1",
    "223.5.5.5",
    "2400:3200::1",
    "2606:4700::1111",
    "::ffff:223.5.5.5",
    "64:ff9b::df05:505",
]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:100.64.0.1",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "100::1",
    "3fff::1",
    "4000::1",
]
NEVER = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "169.254.169.254",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "::ffff:100.100.100.200",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::6464:64c8",
]


def test_what_is_public_is_open_and_the_operator_may_open_the_rest_but_no_link() -> None:
    for text in PUBLIC:
        assert permitted(ip_address(text), private=False), text
        assert permitted(ip_address(text), private=True), text
    for text in PRIVATE:
        assert not permitted(ip_address(text), private=False), text
        assert permitted(ip_address(text), private=True), text
    for text in NEVER:
        assert not permitted(ip_address(text), private=False), text
        assert not permitted(ip_address(text), private=True), text


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SETTINGS.model_copy(update={"environment": "production", "webhook_private_targets": False})
    monkeypatch.setattr(addresses, "get_settings", lambda: settings)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("http://hooks.example.com/a", "https-needed"),
        ("ftp://hooks.example.com/a", "invalid-url"),
        ("https://", "invalid-url"),
        ("hooks.example.com", "invalid-url"),
        ("//hooks.example.com", "invalid-url"),
        ("https://user:pass@hooks.example.com/", "invalid-url"),
        ("https://hooks.example.com@127.0.0.1/", "invalid-url"),
        ("https://hooks.example.com/#part", "invalid-url"),
        ("https://hooks.example.com:0/", "invalid-url"),
        ("https://hooks.example.com:70000/", "invalid-url"),
        ("https://hooks.example.com\\@127.0.0.1/", "invalid-url"),
        ("https://hooks.example.com/a b", "invalid-url"),
        ("https://hooks.example.com/a\r\nHost: other", "invalid-url"),
        ("https://hooks..example.com/", "invalid-url"),
        ("https://2130706433/", "invalid-url"),
        ("https://0x7f000001/", "invalid-url"),
        ("https://127.1/", "invalid-url"),
        ("https://0177.0.0.1/", "invalid-url"),
        ("https://[::1/", "invalid-url"),
        ("https://127.0.0.1/", "private-address"),
        ("https://[::1]/", "private-address"),
        ("https://[::ffff:10.0.0.1]/", "private-address"),
        ("https://169.254.169.254/latest/meta-data", "private-address"),
        ("https://localhost/", "private-address"),
        ("https://LOCALHOST./", "private-address"),
        ("https://postgres:5432/", "private-address"),
        ("https://metadata.google.internal/", "private-address"),
        ("https://printer.local/", "private-address"),
    ],
)
def test_what_may_not_be_written_down(production: None, given: str, code: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        checked_url(given)
    assert refused.value.code == code


def test_what_may_is_written_in_one_way(production: None) -> None:
    assert checked_url("https://Hooks.Example.COM") == "https://hooks.example.com/"
    assert checked_url("https://hooks.example.com./a?b=1") == "https://hooks.example.com/a?b=1"
    assert checked_url("https://茶.中国:8443/回?a=%E5") == "https://xn--cl1a.xn--fiqs8s:8443/%E5%9B%9E?a=%E5"
    assert checked_url("https://[2400:3200:0:0::1]/") == "https://[2400:3200::1]/"
    assert ascii_host("1.1.1.1") == "1.1.1.1"
