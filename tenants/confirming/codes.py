"""Codes: made, found by their keyed hashes, used once. The text of a code is in no table."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from saas.scope import connection, current
from saas.secrets import keyed_hashes
from tenants.confirming.consent import SMS_DIGITS

Kind = Literal["qr", "sms"]
LASTS: Final[dict[Kind, timedelta]] = {"qr": timedelta(minutes=1), "sms": timedelta(minutes=5)}
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that look alike
_RANDOM: Final = 20  # 100 bits: found by guessing never, by a scanner at once
_HEAD: Final = "W"
_PURPOSE: Final = "wallet-code"

# Whoever's codes ended unused is tidied up here; used ones stay as evidence. Of SMS codes only the last one counts:
# five that hold at once would be five times as easy to guess. A card that shows its next code a little early mustn't
# end the one that is being scanned.
_TIDY: Final = """
DELETE FROM wallet_code AS c
 WHERE c.tenant_id = $1 AND c.member_id = $2 AND c.used_at IS NULL
   AND (c.expires_at <= $3 OR c.kind = 'sms' AND $4 = 'sms')
"""
_MAKE: Final = """
INSERT INTO wallet_code AS c (tenant_id, member_id, kind, digest, amount, created_at, expires_at, names_only)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_OPEN: Final = """
SELECT c.id, c.digest, c.amount FROM wallet_code AS c
 WHERE c.tenant_id = $1 AND c.member_id = $2 AND c.kind = $3 AND c.used_at IS NULL AND c.expires_at > $4
   AND NOT c.names_only
 ORDER BY c.id
"""
_USE: Final = """
UPDATE wallet_code AS c SET used_at = $3 WHERE c.tenant_id = $1 AND c.id = $2 AND c.used_at IS NULL RETURNING c.id
"""
# Merged records' codes were dropped with the merge, so the member of a code is the one it leads to.
_WHOSE: Final = """
SELECT c.member_id, c.digest, c.names_only, CASE WHEN c.used_at IS NULL THEN c.expires_at END AS holds_until
  FROM wallet_code AS c
 WHERE c.tenant_id = $1 AND c.digest = ANY($2::bytea[]) AND c.kind = 'qr'
"""
_FORGET: Final = "DELETE FROM wallet_code AS c WHERE c.tenant_id = $1 AND c.member_id = ANY($2::uuid[])"


@dataclass(frozen=True, slots=True)
class Named:
    """Whose code it is, and until when it holds; None for a used one. `pays`: it consents to a payment, too."""

    member_id: UUID
    holds_until: datetime | None
    pays: bool


async def make_code(
    member_id: UUID, kind: Kind, amount: int | None, now: datetime, *, names_only: bool = False
) -> tuple[str, datetime]:
    """A new code's text and its end. `amount`: the most it consents to in minor units, None for any; `names_only`: it
    says who it is and consents to nothing.
    """
    code = _qr_text() if kind == "qr" else f"{secrets.randbelow(10**SMS_DIGITS):0{SMS_DIGITS}d}"
    expires_at = now + LASTS[kind]
    await connection().execute(_TIDY, current().tenant_id, member_id, now, kind)
    digest = _digests(kind, member_id, code)[0]
    await connection().execute(_MAKE, current().tenant_id, member_id, kind, digest, amount, now, expires_at, names_only)
    return code, expires_at


def _qr_text() -> str:
    return _HEAD + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))


def _digests(kind: Kind, member_id: UUID | None, code: str) -> list[bytes]:
    """Under each key. Six digits are the same for many members, so theirs are hashed with the member."""
    owner = member_id.bytes if kind == "sms" and member_id is not None else b""
    return keyed_hashes(f"{_PURPOSE}-{kind}", code.upper().encode(), bound_to=current().tenant_id.bytes + owner)


async def use_code(member_id: UUID, kind: Kind, code: str, amount: int, now: datetime) -> bool:
    """Uses the member's code up, in the caller's transaction. False for a wrong one, one for less than `amount`, one
    that has ended or that somebody else used in the meantime.
    """
    digests = _digests(kind, member_id, code)
    rows = await connection().fetch(_OPEN, current().tenant_id, member_id, kind, now)
    alike = [row for row in rows for digest in digests if hmac.compare_digest(row["digest"], digest)]
    if not alike or (alike[0]["amount"] is not None and alike[0]["amount"] < amount):
        return False
    used = await connection().fetchval(_USE, current().tenant_id, alike[0]["id"], now)
    return used is not None


async def named_by(code: str) -> Named | None:
    """The member that a QR code shows; None for a code that nobody has."""
    digests = _digests("qr", None, code)
    for row in await connection().fetch(_WHOSE, current().tenant_id, digests):
        if any(hmac.compare_digest(row["digest"], digest) for digest in digests):
            return Named(row["member_id"], row["holds_until"], not row["names_only"])
    return None


async def forget_codes(members: list[UUID]) -> None:
    """Their codes hold no more: they left, or became somebody else."""
    await connection().execute(_FORGET, current().tenant_id, members)
