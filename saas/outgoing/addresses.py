"""Which addresses a customer may have us call: public ones, by name, and nothing that lies behind our own walls.

What is written is checked when it is written down (`checked_url`); what its name leads to, at each call
(`permitted`): a name may lead elsewhere a moment later.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated, Final
from urllib.parse import SplitResult, quote, urlsplit

import idna
from pydantic import AfterValidator, StringConstraints

from saas.errors import InvalidValueError
from saas.settings import get_settings

LONGEST_URL: Final = 2000

# Never, whatever the settings say: nobody, one's own link (there a cloud's machine finds its passwords), groups, and
# where clouds have their machines ask for passwords elsewhere.
_NEVER_V4: Final = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure; a public address, but for its machines
        "169.254.0.0/16",
        "192.0.0.192/32",  # Oracle Cloud
        "224.0.0.0/3",
    )
)
_NEVER_V6: Final = tuple(
    IPv6Network(one)
    for one in (
        "::/128",
        "fd00:ec2::/32",  # Amazon
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
# IANA's special-purpose registries, beyond what `is_private` of every Python from 3.11 on knows.
_PRIVATE_V4: Final = tuple(
    IPv4Network(one)
    for one in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052
# Inside of it what carries another address (Teredo, 6to4), is an example, or belongs to no machine.
_OTHER_V6: Final = tuple(IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
# The last part of a name is never a number: else resolvers read 0x7f.1 and 2130706433 as addresses.
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_FOREIGN: Final = re.compile(r"[\s\\\x00-\x20\x7f]")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def permitted(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    """Whether a request may go there. `private`: also to the operator's own machines and networks."""
    if isinstance(address, IPv6Address):
        carried = address.ipv4_mapped or _translated(address)
        if carried is not None:
            return permitted(carried, private=private)
        if _within(address, _NEVER_V6):
            return False
        return private or (address in _GLOBAL_V6 and not _within(address, _OTHER_V6) and not address.is_private)
    if _within(address, _NEVER_V4):
        return False
    return private or not (_within(address, _PRIVATE_V4) or address.is_private)


def _translated(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address behind one of NAT64: in a network without IPv4 its resolver gives such ones for every name."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _within(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network, ...] | tuple[IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def checked_url(given: str) -> str:
    """An address to call, its host in lower case and ASCII: https (in production nothing else), no name and password,
    no fragment, a host that could be public. Raises InvalidValueError `invalid-url`, `https-needed`,
    `private-address`.
    """
    if not given.isprintable():  # some of it Python would drop in silence
        raise InvalidValueError("invalid-url")
    try:
        parts = urlsplit(given)
        port = parts.port
        host = ascii_host(parts.hostname or "")
    except (ValueError, UnicodeError):
        raise InvalidValueError("invalid-url") from None
    if parts.scheme not in {"http", "https"} or parts.username is not None or "#" in given or port == 0:
        raise InvalidValueError("invalid-url")
    if parts.scheme == "http" and get_settings().environment == "production":
        raise InvalidValueError("https-needed")
    _require_public(host)
    return _again(parts, host, port)


def _again(parts: SplitResult, host: str, port: int | None) -> str:
    named = f"[{host}]" if ":" in host else host
    place = named if port is None else f"{named}:{port}"
    if _FOREIGN.search(parts.netloc + parts.path + parts.query):
        raise InvalidValueError("invalid-url")
    path, query = (quote(part, safe="/%:@!$&'()*+,;=~-._?") for part in (parts.path or "/", parts.query))
    return f"{parts.scheme}://{place}{path}" + (f"?{query}" if query else "")


def ascii_host(host: str) -> str:
    """A host as it is asked for: an address, or a name in lower case, Chinese ones in their ASCII form. Raises
    ValueError (also idna's) for what is neither.
    """
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    name = host.rstrip(".").lower()
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or _NUMBER.fullmatch(labels[-1]):  # noqa: PLR2004  # RFC 1035
        raise ValueError("not a host")
    return name


def _require_public(host: str) -> None:
    """What one sees without asking anybody."""
    private = get_settings().webhook_private_targets
    try:
        open_to_us = permitted(ip_address(host), private=private)
    except ValueError:
        inside = "." not in host or host.endswith((".localhost", ".local", ".internal", ".home.arpa"))
        open_to_us = private or not inside
    if not open_to_us:
        raise InvalidValueError("private-address")


OutgoingUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_URL),
    AfterValidator(checked_url),
]
"""The address of a customer's own server, in a body."""
