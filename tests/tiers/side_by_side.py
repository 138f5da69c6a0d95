"""The product's side of a random case: a tenant of its own, and the deeds of a history by its domain functions."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from oracle.local_days import local_day
from oracle.strategies import BRANCHES, Case
from oracle.walking import Deed
from support.clock import owner, set_clock
from uuid_utils.compat import uuid7

from saas.scope import connection, current, tenant_scope
from tenants.activities.bodies import ActivityBody
from tenants.activities.record import record_activity
from tenants.measures.add import Measured, add
from tenants.measures.codes import POINTS, TOP_UP
from tenants.members.bodies import MemberChange
from tenants.members.change import change_member
from tenants.merging.merge import merge
from tenants.numbers import TAKE
from tenants.programme.pending import publish_pending
from tenants.programme.publish import publish, put_draft, roll_back
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.record import record_purchase
from tenants.refunds.bodies import RefundBody
from tenants.refunds.record import record_refund
from tenants.tiers.by_hand import set_tier, unlock_tier
from tenants.tiers.expiring import run_notices
from tenants.tiers.recalculate import Request, start_recalculation
from tenants.tiers.schedules import fire
from tenants.undo.bodies import UndoBody
from tenants.undo.purchases import undo_purchase

Drain = Callable[..., Awaitable[Any]]
Row = dict[str, Any]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
JUST_AFTER = timedelta(milliseconds=5)
_COLUMNS = (
    "id, seq, ladder, member_id, effective_at, from_tier, to_tier, to_rank, reason, since, valid_until, fell_on,"
    " locked_until, may_rise, day, facts"
)


@dataclass(frozen=True)
class Done:
    """When the product heard of a deed, and when it counted the referrals that followed."""

    at: datetime
    counted_at: datetime | None = None


@dataclass
class Product:
    """A tenant that follows a history. Members, purchases and branches by the case's names."""

    tenant_id: UUID
    zone: ZoneInfo
    members: dict[str, UUID]
    branches: dict[str, UUID]
    purchases: dict[str, UUID]
    drain: Drain

    async def do(self, deed: Deed) -> Done:
        """Moves the clock and does it, with the jobs that it asks for."""
        await set_clock(self.tenant_id, deed.at)
        at = await getattr(self, f"_{deed.kind}")(deed)
        await self._work()
        counted = "SELECT max(recorded_at) FROM referral WHERE tenant_id = $1"
        return Done(at, await (await owner()).fetchval(counted, self.tenant_id))

    async def decisions(self) -> list[Row]:
        """What was written since this was asked last, each member's in its order."""
        rows = await (await owner()).fetch(
            f"SELECT {_COLUMNS} FROM decision WHERE tenant_id = $1 AND NOT (id = ANY($2)) ORDER BY member_id, seq, id",
            self.tenant_id,
            list(self._told),
        )
        self._told |= {row["id"] for row in rows}
        return [dict(row) | {"facts": json.loads(row["facts"])} for row in rows]

    def __post_init__(self) -> None:
        self._told: set[UUID] = set()

    async def notices(self) -> set[tuple[UUID, str, Any]]:
        rows = await (await owner()).fetch(
            "SELECT member_id, ladder, valid_until FROM tier_notice WHERE tenant_id = $1", self.tenant_id
        )
        return {(row["member_id"], row["ladder"], row["valid_until"]) for row in rows}

    async def again(self, deed: Deed, at: datetime) -> None:
        """What fires, fires a second time; a recalculation is asked for once more, as of the same instant."""
        if deed.kind == "midnight":
            await self._midnight(deed)
        else:
            async with tenant_scope(self.tenant_id):
                await start_recalculation(Request("request", as_of=at))
        await self._work()

    async def _work(self) -> None:
        done = await self.drain(self.tenant_id)
        assert done.failed == done.dead == 0

    async def _purchase(self, deed: Deed) -> datetime:
        what = deed.what
        lines = [{"category": category, "amount": amount} for category, amount in what["parts"]]
        body = PurchaseBody.model_validate(
            {
                "member_id": self.members[what["member"]],
                "branch_id": self.branches[what["branch"]],
                "external_id": what["external_id"],
                "occurred_at": what["occurred_at"],
                "external_amounts": True,
                **({"lines": lines} if lines else {"amount": what["amount"]}),
            }
        )
        async with tenant_scope(self.tenant_id):
            recorded = await record_purchase(body)
        self.purchases[what["external_id"]] = recorded.id
        return recorded.recorded_at

    async def _refund(self, deed: Deed) -> datetime:
        what = deed.what
        sent: Row = {"external_id": what["external_id"]}
        if "lines" in what:
            sent["lines"] = [{"line": line, "amount": amount} for line, amount in what["lines"]]
        else:
            sent["amount"] = what["amount"]
        async with tenant_scope(self.tenant_id):
            refunded, _ = await record_refund(self.purchases[what["purchase"]], RefundBody.model_validate(sent))
        return refunded.recorded_at

    async def _activity(self, deed: Deed) -> datetime:
        what = deed.what
        body = ActivityBody.model_validate(
            {
                "member_id": self.members[what["member"]],
                "kind": what["kind"],
                "external_id": f"A{what['number']}",
                "occurred_at": what["occurred_at"],
                "value": what["value"],
            }
        )
        async with tenant_scope(self.tenant_id):
            recorded = await record_activity(body)
        return recorded.activity.recorded_at

    async def _set_tier(self, deed: Deed) -> datetime:
        what = deed.what
        async with tenant_scope(self.tenant_id):
            reason = f"step {what['number']}"  # the same again would write nothing
            member = self.members[what["member"]]
            await set_tier(member, what["ladder"], what["tier"], reason, what["locked_until"])
        return await self._last("tier_act")

    async def _unlock(self, deed: Deed) -> datetime:
        async with tenant_scope(self.tenant_id):
            await unlock_tier(self.members[deed.what["member"]], deed.what["ladder"])
        return await self._last("tier_act")

    async def _merge(self, deed: Deed) -> datetime:
        async with tenant_scope(self.tenant_id):
            await merge(self.members[deed.what["member"]], self.members[deed.what["other"]])
        return await self._last("merge")

    async def _publish(self, deed: Deed) -> datetime:
        what = deed.what
        async with tenant_scope(self.tenant_id):
            await put_draft(what["programme"])
            await publish(what["transition"], None, what["holders"])
        return await self._in_force_since()

    async def _announce(self, deed: Deed) -> datetime:
        what = deed.what
        async with tenant_scope(self.tenant_id):
            await put_draft(what["programme"])
            await publish(what["transition"], None, what["holders"], what["at"])
        return deed.at

    async def _come_true(self, deed: Deed) -> datetime:
        await set_clock(self.tenant_id, deed.at + JUST_AFTER)
        async with tenant_scope(self.tenant_id):
            await publish_pending({"due_at": deed.what["at"].isoformat()})
        return await self._in_force_since()

    async def _join(self, deed: Deed) -> datetime:
        what = deed.what
        self.members[what["member"]] = member = uuid7()
        await (await owner()).execute(
            "INSERT INTO member (tenant_id, id, joined_on, referrer_id, name, source, created_at)"
            " VALUES ($1, $2, $3, $4, 'm', 'api', $5)",
            self.tenant_id,
            member,
            what["joined_on"],
            self.members[what["referrer"]],
            deed.at,
        )
        return deed.at

    async def _undo(self, deed: Deed) -> datetime:
        async with tenant_scope(self.tenant_id):
            undone = await undo_purchase(self.purchases[deed.what["purchase"]], UndoBody())
        at: datetime = undone.row["recorded_at"]
        return at

    async def _roll_back(self, deed: Deed) -> datetime:
        async with tenant_scope(self.tenant_id):
            await roll_back(deed.what["to"], None)
        return await self._in_force_since()

    async def _joined_on(self, deed: Deed) -> datetime:
        change = MemberChange.model_validate({"joined_on": deed.what["day"]})
        async with tenant_scope(self.tenant_id):
            await change_member(self.members[deed.what["member"]], change, None)
        return deed.at

    async def _top_up(self, deed: Deed) -> datetime:
        return await self._measure(deed, TOP_UP, deed.what["amount"], most=deed.what["amount"])

    async def _points(self, deed: Deed) -> datetime:
        return await self._measure(deed, POINTS, deed.what["points"])

    async def _measure(self, deed: Deed, measure: str, total: int, most: int = 0) -> datetime:
        """Points and wallets come later: what they will write is written here."""
        member = self.members[deed.what["member"]]
        async with tenant_scope(self.tenant_id):
            await connection().execute(
                "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", current().tenant_id, member
            )
            await connection().execute(TAKE, current().tenant_id, [member])
            day = local_day(deed.at, self.zone)
            await add([Measured(member, measure, day, total=Decimal(total), facts=1, most=most)])
        return deed.at

    async def _recalculate(self, deed: Deed) -> datetime:
        async with tenant_scope(self.tenant_id):
            run = await start_recalculation(Request("request"))
        as_of: datetime = await (await owner()).fetchval(
            "SELECT as_of FROM recalculation WHERE tenant_id = $1 AND id = $2", self.tenant_id, run
        )
        return as_of

    async def _midnight(self, deed: Deed) -> datetime:
        await set_clock(self.tenant_id, deed.at + JUST_AFTER)
        async with tenant_scope(self.tenant_id):
            await fire(deed.at, None)
        await self._work()
        async with tenant_scope(self.tenant_id):
            await run_notices({})
        return deed.at

    async def _in_force_since(self) -> datetime:
        """What the new rules schedule is set off here step by step, not by a scheduler."""
        await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", self.tenant_id)
        at: datetime = await (await owner()).fetchval(
            "SELECT effective_at FROM programme_version WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1",
            self.tenant_id,
        )
        return at

    async def _last(self, table: str) -> datetime:
        at: datetime = await (await owner()).fetchval(
            f"SELECT max(recorded_at) FROM {table} WHERE tenant_id = $1", self.tenant_id
        )
        return at


async def product_for(case: Case, drain: Drain) -> Product:
    """A tenant of its own for a case, its members and branches."""
    conn = await owner()
    tenant_id = uuid7()
    await conn.execute(
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version) VALUES ($1, 'case', $2, 'general', 'en', $3, $4, 'trialing', 'trial', 1)",
        tenant_id,
        str(tenant_id),
        case.timezone,
        case.programme["currency"],
    )
    branches = {code: uuid7() for code in BRANCHES}
    await conn.executemany(
        "INSERT INTO branch (tenant_id, id, code, name, kind) VALUES ($1, $2, $3, $3, 'own')",
        [(tenant_id, one, code) for code, one in branches.items()],
    )
    await conn.execute(
        "INSERT INTO programme_version VALUES ($1, 1, $2::text::jsonb, now(), 'test')",
        tenant_id,
        json.dumps({**case.programme, "version": 1}),
    )
    members = {name: uuid7() for name in case.members}
    await conn.executemany(
        "INSERT INTO member (tenant_id, id, joined_on, referrer_id, name, source, created_at)"
        " VALUES ($1, $2, $3, $4, 'm', 'api', $5)",
        [
            (tenant_id, members[name], joined, members.get(case.referrers.get(name, "")), LONG_AGO)
            for name, joined in case.members.items()
        ],
    )
    return Product(tenant_id, ZoneInfo(case.timezone), members, branches, {}, drain)
