"""The chain's name in addresses."""

import re
import secrets
import unicodedata
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection

_LONGEST: Final = 40
_SHORTEST: Final = 3
_TRIES: Final = 8
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # no look-alikes
_RESERVED: Final = frozenset(
    ("admin", "api", "app", "billing", "docs", "help", "login", "mail", "regulars", "signup", "status", "www")
)


async def claim_slug(tenant_id: UUID, wanted: str | None, company: str) -> str:
    """The tenant's slug from now on: the one wanted, else one made from the company's name, with a random
    ending where that is taken or has no Latin letters. Raises DomainError `slug-taken` for one wanted.
    """
    if wanted is not None:
        if wanted in _RESERVED or not await _claim(tenant_id, wanted):
            raise DomainError("slug-taken", errors=[FieldError("/slug", "duplicate")])
        return wanted
    base = slug_of(company)
    slug = base if base and base not in _RESERVED else _with_ending(base)
    for _ in range(_TRIES):
        if await _claim(tenant_id, slug):
            return slug
        slug = _with_ending(base)
    raise DomainError("slug-taken")


def slug_of(company: str) -> str:
    """Letters and digits of the name in ASCII, words joined by `-`; "" where fewer than 3 are left."""
    plain = unicodedata.normalize("NFKD", company).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-")
    return slug if len(slug) >= _SHORTEST else ""


def _with_ending(base: str) -> str:
    ending = "".join(secrets.choice(_LETTERS) for _ in range(6))
    return f"{(base or 'chain')[: _LONGEST - 7].strip('-')}-{ending}"


async def _claim(tenant_id: UUID, slug: str) -> bool:
    tag = await connection().execute(
        "INSERT INTO platform.slug AS s (slug, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        slug,
        tenant_id,
    )
    return tag == "INSERT 0 1"
