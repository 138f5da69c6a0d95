"""Records a top-up: the fact, its lot in the wallet, its points and the tiers that it decides, all or nothing."""

import json
from collections.abc import Collection
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError, FieldError
from saas.money import exponent
from saas.scope import connection, current
from tenants.members.named import WHO, OfMember, lock_named
from tenants.members.whereabouts import survivor_of
from tenants.points.book import Fact
from tenants.points.ledger import accrue_beside
from tenants.pricing.earning import points_of
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.purchases.first_fact import settle_settings
from tenants.tiers.evaluate import evaluate_fact
from tenants.top_ups.bodies import TopUpBody
from tenants.top_ups.history import ToppedUp, top_up_by_number, topped_up
from tenants.top_ups.place import place_of
from tenants.wallet import postings
from tenants.wallet.ledger import post
from tenants.wallet.postings import Cause
from tenants.wallet.reading import WALLET, wallet_of
from tenants.wallet.steps import require_within_limit, step_of

FUTURE: Final = timedelta(days=1)
_MEMBER: Final = f"""
SELECT {WALLET.format(member="$2")} AS wallet,
       ARRAY(SELECT ROW(h.ladder, h.tier, h.rank) FROM member_tier h
              WHERE h.tenant_id = $1 AND h.member_id = $2) AS tiers,
       EXISTS (SELECT FROM member_identity i WHERE i.tenant_id = $1 AND i.member_id = $2 AND i.kind ^@ 'wechat_')
           AS has_wechat"""
_RECORD: Final = """
WITH k AS (INSERT INTO top_up_external AS x (tenant_id, external_id, top_up_id, fingerprint)
           VALUES ($1, $2, uuidv7(), $3) ON CONFLICT DO NOTHING RETURNING x.top_up_id AS id),
f AS (INSERT INTO top_up AS f (tenant_id, id, member_id, branch_id, seq, external_id, amount, bonus, gift, tenders,
                               occurred_at, recorded_at, local_day, sold_by, programme_version, actor)
      SELECT $1, k.id, $4::uuid, $5::uuid, $6, $2, $7::bigint, $8::bigint, $9::jsonb, $10::jsonb, $11,
             $12::timestamptz, $13, $14, $15, $16 FROM k),
e AS (INSERT INTO event_new AS e (tenant_id, type, member_id, at, data)
      SELECT $1, 'wallet.topped_up', $4, $12, jsonb_build_object(
             'id', k.id, 'branch_id', $5, 'external_id', $2, 'occurred_at', $11::timestamptz, 'amount', $7,
             'bonus', $8, 'gift', $9::jsonb) FROM k)
SELECT k.id FROM k"""


async def record_top_up(body: TopUpBody) -> ToppedUp:
    """Writes one top-up in the current scope. What comes with it is decided by the tiers held before it.

    Raises DomainError `unknown-member`, `member-closed`, `phone-shared`, `unknown-branch`, `branch-closed`,
    `not-permitted` (a key of other branches), `tenders-do-not-match`, `balance-limit`, `external-id-conflict`,
    `tenant-closed`, and `validation-failed` for a time too far ahead.
    """
    body.check_tenders()
    member = await lock_named(body)
    place = await place_of(body.branch_id)
    mark = fingerprint(body)
    known = await top_up_by_number(body.external_id)
    if known is not None:
        if known["fingerprint"] != mark or await survivor_of(known["member_id"]) != member["id"]:
            raise DomainError("external-id-conflict", params={"external_id": body.external_id})
        return await topped_up(known)
    _require_possible(body, member, place)
    timezone: str = place["timezone"] if place["has_facts"] else await settle_settings()
    return await _record(body, member, place["programme_version"], timezone, mark)


def fingerprint(body: OfMember) -> bytes:
    """SHA-256 of all that was sent but for who is meant, whom a merge or a new phone may have renamed since."""
    sent = body.model_dump(mode="json", exclude_none=True, exclude=set(WHO))
    return sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode()).digest()


def _require_possible(body: TopUpBody, member: asyncpg.Record, place: asyncpg.Record) -> None:
    if member["status"] != "active":
        raise DomainError("member-closed")
    if place["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    if body.occurred_at is not None and body.occurred_at > member["locked_at"] + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])


async def _record(body: TopUpBody, member: asyncpg.Record, version: int, timezone: str, mark: bytes) -> ToppedUp:
    member_id: UUID = member["id"]
    recorded_at: datetime = member["locked_at"]
    zone, actor = ZoneInfo(timezone), current().principal.actor
    occurred_at = body.occurred_at or recorded_at
    day, today = local_day(occurred_at, zone), local_day(recorded_at, zone)
    rules = await programme(version)
    known: Any = await connection().fetchrow(_MEMBER, current().tenant_id, member_id)
    wallet, tiers = wallet_of(known["wallet"]), _held(rules, known["tiers"])
    named = bool(member["phone"] or member["name"] or known["has_wechat"])
    require_within_limit(rules.wallet, tiers, body.amount, (wallet.principal, wallet.bonus), named=named)
    step = step_of(rules.wallet, tiers, body.amount)
    bonus = 0 if step is None else step.bonus_of(body.amount)
    gift = None if step is None or step.gift is None else step.gift.model_dump(mode="json", by_alias=True)
    tenders = body.model_dump(mode="json", include={"tenders"})["tenders"]
    top_up_id: UUID | None = await connection().fetchval(
        _RECORD,
        current().tenant_id,
        body.external_id,
        mark,
        member_id,
        body.branch_id,
        member["seq"],
        body.amount,
        bonus,
        gift,
        tenders,
        occurred_at,
        recorded_at,
        day,
        body.sold_by,
        version,
        actor,
    )
    if top_up_id is None:  # somebody else's till took the number while we worked
        raise DomainError("external-id-conflict", params={"external_id": body.external_id})
    cause = Cause(member_id, member["seq"], top_up_id, body.branch_id, recorded_at, actor)
    await post([postings.top_up(cause, wallet, body.amount, bonus, day)])
    fact = Fact(member_id, member["seq"], top_up_id, recorded_at, today, actor, body.branch_id)
    points = await _accrue(fact, rules, body.amount, day)
    changes = await evaluate_fact(member_id, version, recorded_at, timezone, "top_up", top_up_id, day)
    return ToppedUp(
        top_up_id,
        member_id,
        body.branch_id,
        body.external_id,
        body.amount,
        bonus,
        gift,
        tenders,
        body.sold_by,
        occurred_at,
        recorded_at,
        wallet.principal + body.amount,
        wallet.bonus + bonus,
        points,
        changes,
        first=True,
    )


def _held(rules: Programme, stored: Collection[tuple[str, str, int]]) -> set[str]:
    """The codes of the tiers held, one of each ladder; the base one without a decision."""
    found = {ladder: tier for ladder, tier, rank in stored if rank > 0}
    held = ((ladder, rules.raised(ladder, found[ladder.code])) for ladder in rules.ladders if ladder.code in found)
    tiers = {ladder.code: tier.code for ladder, tier in held if tier is not None}
    return {tiers.get(ladder.code, ladder.tiers[0].code) for ladder in rules.ladders}


def points_for(rules: Programme, principal: int) -> int:
    """What a top-up that has so much of its principal left earns."""
    beside = rules.points.beside
    return 0 if beside is None else points_of(principal, beside.top_up, exponent(rules.currency))


async def _accrue(fact: Fact, rules: Programme, principal: int, day: date) -> int:
    points = points_for(rules, principal)
    return await accrue_beside(fact, "top_up", points, day, rules.points) if points else 0
