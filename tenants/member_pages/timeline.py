"""What happened to a member: purchases, activities and decisions, the last recorded first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.i18n import Tongue
from saas.scope import connection, current
from tenants.activities.activity import ActivityOut
from tenants.frame import Frame
from tenants.programme.versions import programme
from tenants.programme.wording.teller import Teller
from tenants.tiers.labels import reason_text
from tenants.timeline.happened import Happened, happened

SHOWN: Final = 20
_BRANCHES: Final = "SELECT id, name FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"
_SELLERS: Final = """
SELECT p.id, s.name FROM purchase p JOIN staff s ON s.tenant_id = $1 AND 'staff:' || s.id = p.actor
 WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `lines` say where, who and why; `instant` is for machines, `at` for people."""

    id: UUID
    sign: str
    tone: str
    title: str
    lines: list[str]
    instant: str
    at: str


async def timeline(
    members: list[UUID], before: UUID | None, around: Frame, speaks: Tongue
) -> tuple[list[Event], UUID | None]:
    """A page under a member's ids, and the id behind which the next one begins."""
    found = await happened(members, SHOWN, before)
    here = found[:SHOWN]
    shops = await _branches([one.fact for one in here if one.kind != "decision"])
    telling = _Telling(around, speaks, shops, await _sellers([one.fact for one in here if one.kind == "purchase"]))
    events = [await telling.tell(one) for one in here]
    return events, here[-1].id if len(found) > SHOWN else None


async def _branches(facts: Sequence[Any]) -> dict[UUID, str]:
    ids = {fact["branch_id"] for fact in facts if fact["branch_id"] is not None}
    rows = await connection().fetch(_BRANCHES, current().tenant_id, list(ids)) if ids else []
    return {row["id"]: row["name"] for row in rows}


async def _sellers(bought: Sequence[Any]) -> dict[UUID, str]:
    """Who entered a purchase here, where no till of its own named its seller."""
    ids = [row["id"] for row in bought if row["sold_by"] is None]
    rows = await connection().fetch(_SELLERS, current().tenant_id, ids) if ids else []
    return {row["id"]: row["name"] for row in rows}


@dataclass(frozen=True, slots=True)
class _Telling:
    """How events are told on one page."""

    around: Frame
    speaks: Tongue
    shops: dict[UUID, str]
    sellers: dict[UUID, str]

    async def tell(self, one: Happened) -> Event:
        if one.kind == "decision":
            return await self.decision(one.fact)
        return self.purchase(one.fact) if one.kind == "purchase" else self.activity(one.fact)

    def purchase(self, row: asyncpg.Record) -> Event:
        speaks, currency = self.speaks, self.around.currency
        seller = row["sold_by"] or self.sellers.get(row["id"])
        lines = [" · ".join(part for part in (self.shops.get(row["branch_id"]), seller) if part)]
        if row["undone_at"] is not None:
            lines.append(speaks.say("Undone on %(at)s", at=self._moment(row["undone_at"])))
        elif row["refunded"]:
            lines.append(speaks.say("%(amount)s given back", amount=speaks.money(row["refunded"], currency)))
        title = speaks.say("Purchase of %(amount)s", amount=speaks.money(row["amount"], currency))
        return self._event(row["id"], "receipt-text", "sale", title, lines, row["occurred_at"])

    def activity(self, one: ActivityOut) -> Event:
        name = Teller(self.speaks.language, self.around.currency).own("activity", one["kind"])
        value = self.speaks.say("hidden") if one["hidden"] else one["value"]
        title = f"{name}: {value}" if value else name
        place = self.shops.get(one["branch_id"]) if one["branch_id"] else None
        return self._event(one["id"], "sparkles", "did", title, [place or ""], one["occurred_at"])

    async def decision(self, row: asyncpg.Record) -> Event:
        rules = await programme(row["programme_version"])
        ladder = rules.ladder(row["ladder"])
        found = [None if ladder is None else ladder.tier(row[end]) for end in ("from_tier", "to_tier")]
        names = [
            row[end] if tier is None else tier.names.get(self.speaks.language)
            for end, tier in zip(("from_tier", "to_tier"), found, strict=True)
        ]
        ranks = [0 if tier is None else tier.rank for tier in found]
        up, same = ranks[1] > ranks[0], ranks[1] == ranks[0]
        title = names[1] if same else f"{names[0]} → {names[1]}"
        lines = [reason_text(row["reason"], row["cause"], self.speaks)]
        if ladder is not None and len(rules.ladders) > 1:
            lines.append(ladder.names.get(self.speaks.language))
        if row["valid_until"] is not None:
            lines.append(self.speaks.say("Valid until %(day)s", day=self.speaks.day(row["valid_until"])))
        sign, tone = ("refresh-cw", "same") if same else ("trending-up", "up") if up else ("trending-down", "down")
        return self._event(row["id"], sign, tone, title, lines, row["effective_at"])

    def _event(self, of: UUID, sign: str, tone: str, title: str, lines: list[str], at: datetime) -> Event:
        return Event(of, sign, tone, title, [line for line in lines if line], at.isoformat(), self._moment(at))

    def _moment(self, at: datetime) -> str:
        return self.speaks.moment(at, self.around.timezone)
