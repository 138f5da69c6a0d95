"""The coupons that a chain has to give: their terms and days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, InvalidValueError, pointer
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import unknown_branches
from tenants.coupons.bodies import CouponChange, NewCoupon, check_days
from tenants.coupons.postings import Issue, Occasion
from tenants.coupons.terms import Coupon, Terms
from tenants.trading import require_trading

_SHOWN: Final = (
    "c.id, c.code, c.names, c.terms, c.valid_days, c.valid_from, c.valid_until, c.source, c.ended_at, c.created_at"
)
_INSERT: Final = f"""
INSERT INTO coupon AS c (tenant_id, code, names, terms, valid_days, valid_from, valid_until, source, created_at)
SELECT $1, $2, $3, $4, $5, $6, $7, 'tenant', clock_timestamp() + t.clock_offset FROM tenant t WHERE t.tenant_id = $1
ON CONFLICT DO NOTHING RETURNING {_SHOWN}"""
_READ: Final = f"SELECT {_SHOWN} FROM coupon AS c WHERE c.tenant_id = $1 AND c.id = $2"
_BY_CODE: Final = f"SELECT {_SHOWN} FROM coupon AS c WHERE c.tenant_id = $1 AND c.code = ANY ($2)"
_LIST: Final = f"SELECT {_SHOWN} FROM coupon AS c WHERE c.tenant_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3"
_NEWEST: Final = f"""
SELECT {_SHOWN} FROM coupon AS c WHERE c.tenant_id = $1 AND (c.ended_at IS NOT NULL) = $2
   AND ($3::uuid IS NULL OR c.id < $3) ORDER BY c.id DESC LIMIT $4"""
_UPDATE: Final = f"""
UPDATE coupon AS c SET names = $3, terms = $4, valid_days = $5, valid_from = $6, valid_until = $7,
       ended_at = CASE WHEN $8 THEN coalesce(c.ended_at, clock_timestamp() + t.clock_offset) END
  FROM tenant t WHERE t.tenant_id = $1 AND c.tenant_id = $1 AND c.id = $2 RETURNING {_SHOWN}"""
_INSTALL: Final = """
INSERT INTO coupon AS c (tenant_id, code, names, terms, valid_days, source, created_at)
SELECT $1, n.code, n.names, n.terms, n.valid_days, 'template', clock_timestamp()
  FROM unnest($2::text[], $3::jsonb[], $4::jsonb[], $5::integer[]) AS n (code, names, terms, valid_days)"""
_BEGINNING: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Definition:
    """A coupon as it is given out now."""

    id: UUID
    code: str
    terms: Mapping[str, Any]
    valid_days: int | None
    valid_from: date | None
    valid_until: date | None
    ended: bool

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Definition":
        return cls(
            row["id"],
            row["code"],
            row["terms"],
            row["valid_days"],
            row["valid_from"],
            row["valid_until"],
            row["ended_at"] is not None,
        )

    def days(self, today: date) -> tuple[date, date] | None:
        """The first and the last local day of one that is given today; None where none is given any more."""
        if self.valid_days is not None:
            first, last = today, today + timedelta(days=self.valid_days - 1)
        else:
            first, last = self.valid_from or today, self.valid_until or date.min
        return None if self.ended or last < today else (first, last)

    def issue(self, occasion: Occasion, today: date, number: str | None = None) -> Issue:
        """One of them, given today. Raises DomainError `coupon-ended`."""
        days = self.days(today)
        if days is None:
            raise DomainError("coupon-ended", params={"code": self.code})
        return Issue(self.id, self.code, self.terms, *days, occasion, number)


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A coupon as JSON data, its terms beside the rest."""
    return {
        "id": row["id"],
        "code": row["code"],
        "names": row["names"],
        **row["terms"],
        "valid_days": row["valid_days"],
        "valid_from": row["valid_from"],
        "valid_until": row["valid_until"],
        "source": row["source"],
        "ended_at": row["ended_at"],
        "created_at": row["created_at"],
    }


async def install_coupons(coupons: Sequence[Coupon]) -> None:
    """Keeps a template's coupons as the current tenant's own to change; it has none of these codes yet."""
    await connection().execute(
        _INSTALL,
        current().tenant_id,
        [coupon.code for coupon in coupons],
        [coupon.names.model_dump(mode="json") for coupon in coupons],
        [coupon.terms.model_dump(mode="json") for coupon in coupons],
        [coupon.valid_days for coupon in coupons],
    )


async def make_coupon(new: NewCoupon) -> dict[str, Any]:
    """A new coupon. Raises DomainError `tenant-closed`, `code-taken`, `validation-failed` for a branch that isn't
    there.
    """
    await require_trading()
    await _require_branches(new.branches)
    row = await connection().fetchrow(
        _INSERT,
        current().tenant_id,
        new.code,
        new.names.model_dump(mode="json"),
        new.terms.model_dump(mode="json"),
        new.valid_days,
        new.valid_from,
        new.valid_until,
    )
    if row is None:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("coupon.create", f"coupon:{row['id']}", {"code": new.code})
    return shown(row)


async def coupons(after: UUID | None, count: int) -> list[asyncpg.Record]:
    """Up to `count` coupons in the order they were made, behind `after`."""
    return await connection().fetch(_LIST, current().tenant_id, after or _BEGINNING, count)


async def newest_coupons(before: UUID | None, count: int, *, ended: bool) -> list[asyncpg.Record]:
    """The same, the newest first: those that are given, or those that have ended."""
    return await connection().fetch(_NEWEST, current().tenant_id, ended, before, count)


async def coupon(coupon_id: UUID) -> asyncpg.Record:
    """One coupon's row. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_READ, current().tenant_id, coupon_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def lock_coupon(coupon_id: UUID) -> None:
    """Until the scope ends nobody else who locks it goes on; the tills do."""
    await connection().fetchrow(f"{_READ} FOR NO KEY UPDATE", current().tenant_id, coupon_id)


async def definition(coupon_id: UUID) -> Definition:
    """What there is to give. Raises DomainError `not-found`."""
    return Definition.of(await coupon(coupon_id))


async def definition_named(code: str) -> Definition | None:
    """What there is to give by this code; None where there is none."""
    return (await definitions([code])).get(code)


async def definitions(codes: Collection[str]) -> dict[str, Definition]:
    """Those of these codes that there are."""
    rows = await connection().fetch(_BY_CODE, current().tenant_id, list(codes))
    return {row["code"]: Definition.of(row) for row in rows}


async def change_coupon(coupon_id: UUID, change: CouponChange) -> dict[str, Any]:
    """Changes what is given. Raises DomainError `tenant-closed`, `not-found`, `validation-failed` for days that don't
    fit together and for a branch that isn't there.
    """
    await require_trading()
    if change.branches:
        await _require_branches(change.branches)
    row = await connection().fetchrow(f"{_READ} FOR NO KEY UPDATE", current().tenant_id, coupon_id)
    if row is None:
        raise DomainError("not-found")
    given = change.model_dump(mode="json", include=change.model_fields_set & set(Terms.model_fields))
    ended = row["ended_at"] is not None if change.ended is None else change.ended
    changed = await connection().fetchrow(
        _UPDATE,
        current().tenant_id,
        coupon_id,
        row["names"] if change.names is None else change.names.model_dump(mode="json"),
        {**row["terms"], **given},
        *_days(row, change),
        ended,
    )
    if changed is None:
        raise RuntimeError("a row that was locked is gone")
    detail = {"code": row["code"], "changed": sorted(change.model_fields_set)}
    await record("coupon.change", f"coupon:{coupon_id}", detail)
    return shown(changed)


def _days(row: asyncpg.Record, change: CouponChange) -> tuple[int | None, date | None, date | None]:
    """`valid_days` instead of fixed days, fixed days instead of `valid_days`, or what there was."""
    first = change.valid_from if "valid_from" in change.model_fields_set else row["valid_from"]
    days: tuple[int | None, date | None, date | None]
    if change.valid_days is not None:
        days = change.valid_days, change.valid_from, change.valid_until
    elif change.valid_until is not None:
        days = None, first, change.valid_until
    else:
        days = row["valid_days"], first, row["valid_until"]
    try:
        check_days(*days)
    except InvalidValueError as error:
        raise DomainError("validation-failed", errors=[error.field_error()]) from None
    return days


async def _require_branches(codes: Sequence[str]) -> None:
    unknown = await unknown_branches(codes)
    if unknown:
        errors = [FieldError(pointer("branches", n), "unknown-branch") for n in unknown]
        raise DomainError("validation-failed", errors=errors)
