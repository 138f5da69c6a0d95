"""The plans of the statements that tills, statements' readers and the night wait for, as a page of docs.

    python -m tests.benchmarks.plans [--members N] > docs/plans.md

A chain is made as for the benchmarks. The product's own functions run on it, as the role app and under row level
security; every statement that they send is explained with the values that it was sent with.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from asyncpg.prepared_stmt import PreparedStatement

from saas.scope import connection, tenant_scope
from tests.benchmarks.history import NOW, PROGRAMME, Made, make_tenant
from tests.benchmarks.options import say
from tests.benchmarks.place import as_owner, pools, servers
from tests.benchmarks.purses import fill_purses, fill_statements

_HEAD: Final = """# Plans of the hot statements

What a till, a recalculation, an explanation, a list of members, a statement, the night's expiry, a simulation and the
lists of tasks send to PostgreSQL, in their order, and how it is done: {members:,} members with two years of purchases,
as the role `app` under row level security (each table's policy is in its conditions); from the purchase with value on
each has points, stored value and coupons. `$n` are parameters; texts of statements are shortened. Made by
`python -m tests.benchmarks.plans --members {members} > docs/plans.md`.

Every table is reached through an index that begins with `tenant_id`; a batch of a full run, of an expiry or of a
simulation reads its 10,000 rows as ranges of the same indexes. Where a `Seq Scan` stands, the table is empty here, or
its first row answers, since there is but one chain in it.
"""
_DRAFT: Final = """
INSERT INTO programme_draft (tenant_id, document, revision, updated_by)
SELECT tenant_id, document, 1, 'x' FROM programme_version WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1"""
_LONGEST: Final = 240
_UUID: Final = re.compile(r"'[0-9a-f]{8}-[0-9a-f-]{27}'::uuid")
_LIST: Final = re.compile(r"'\{[^']*\}'::(\w+)\[\]")
_TEXT: Final = re.compile(r"'[^'\n]*'")
_LONG: Final = 80
_CLOCK: Final = re.compile(r"'\d{4}-\d\d-\d\d \d\d:[^']*'")
_NEXT_VERSION: Final = """
INSERT INTO programme_version (tenant_id, version, document, published_at, published_by)
SELECT tenant_id, 2, document, published_at, published_by FROM programme_version WHERE tenant_id = $1"""
_DRIVERS: Final = ("typeinfo", "set_config('jit'")
Step = Callable[[Made, UUID], Awaitable[object]]


@asynccontextmanager
async def _listening(made: Made, sent: dict[str, tuple[Any, ...]]) -> AsyncIterator[None]:
    """A scope whose statements are noted, each text once with its first values; what they write is undone."""

    def note(query: Any) -> None:
        sent.setdefault(query.query, tuple(query.args))

    fetch = PreparedStatement.fetchrow

    async def noted(self: Any, *values: Any, **more: Any) -> Any:
        sent.setdefault(self.get_query(), values)
        return await fetch(self, *values, **more)

    with suppress(_UndoneError):
        async with tenant_scope(made.tenant_id):
            with connection().query_logger(note), patch.object(PreparedStatement, "fetchrow", noted):
                yield
            _undo()


class _UndoneError(Exception):
    """What was looked at is not kept."""


def _undo() -> None:
    raise _UndoneError


async def _till(made: Made, member: UUID) -> None:
    from tenants.purchases.bodies import PurchaseBody
    from tenants.purchases.record import record_purchase

    body = PurchaseBody(
        member_id=member, branch_id=made.branch_id, external_id="plan", amount=12_300, external_amounts=True
    )
    await record_purchase(body)


async def _till_with_value(made: Made, member: UUID) -> None:
    """A discount, a coupon, points and the wallet; it earns."""
    from tenants.purchases.bodies import LineBody, PurchaseBody, TenderBody
    from tenants.purchases.record import record_purchase

    body = PurchaseBody(
        member_id=member,
        branch_id=made.branch_id,
        external_id="plan",
        lines=[LineBody(category="tea", amount=4_000), LineBody(amount=1_000)],
        coupons=[await _coupon_of(member)],
        points_to_redeem=10,
        wallet_amount=100,
        tenders=[TenderBody(type="cash", amount=4_290)],
    )
    await record_purchase(body)


async def _coupon_of(member: UUID) -> str:
    """One that the member has. Not a statement of the till's: as the owner."""
    async with as_owner() as owner:
        return str(await owner.fetchval("SELECT id FROM coupon_grant WHERE member_id = $1 LIMIT 1", member))


async def _points(_made: Made, member: UUID) -> None:
    from tenants.members.existing import require_member
    from tenants.nightly import this_night
    from tenants.points.reading import entries, totals

    members = await require_member(member)
    await totals(members[:1], (await this_night()).today)
    await entries(members, 50, None)


async def _wallet(_made: Made, member: UUID) -> None:
    from tenants.members.existing import require_member
    from tenants.wallet.statement import entries_of, wallet_out

    members = await require_member(member)
    await entries_of(members, 50, None)
    await wallet_out(members[0])


async def _expiry(_made: Made, _member: UUID) -> None:
    from tenants.points.expiring import run_expiry

    await run_expiry({"due_at": NOW.isoformat(), "schedule": None})


async def _explain(_made: Made, member: UUID) -> None:
    from tenants.tiers.explain import explain

    await explain(member, None)


async def _batch(_made: Made, _member: UUID) -> None:
    from tenants.tiers.batches import run_batch
    from tenants.tiers.recalculate import Request, start_recalculation

    run_id = await start_recalculation(Request(cause="request"))
    await run_batch({"recalculation_id": str(run_id)})


async def _prepare_simulation(made: Made) -> None:
    """Of a draft that is the rules in force."""
    from tenants.simulation.start import start_simulation

    async with as_owner() as owner:
        await owner.execute(_DRAFT, made.tenant_id)
    async with tenant_scope(made.tenant_id):
        await start_simulation(None, {}, "now")


async def _simulation(made: Made, _member: UUID) -> None:
    from tenants.simulation.batches import run_batch

    async with as_owner() as owner:
        found = await owner.fetchval("SELECT id FROM simulation WHERE tenant_id = $1", made.tenant_id)
    await run_batch({"simulation_id": str(found)})


async def _prepare_tasks(made: Made) -> None:
    """A rule for everybody."""
    from tenants.tasks.bodies import NewRule
    from tenants.tasks.rule import make_rule

    tier = {"ladder": PROGRAMME["ladders"][0]["code"], "tiers": [PROGRAMME["ladders"][0]["tiers"][0]["code"]]}
    names = {"zh-CN": "回访", "en": "Call"}
    every = {"type": "days", "days": 7}
    async with tenant_scope(made.tenant_id):
        await make_rule(NewRule.model_validate({"code": "plan", "names": names, "every": every, **tier}))


async def _make_tasks(made: Made, _member: UUID) -> None:
    from tenants.tasks.jobs import walk

    await walk({"rule_id": await _rule(made)})


async def _prepare_list(made: Made) -> None:
    async with tenant_scope(made.tenant_id):
        await _make_tasks(made, made.tenant_id)
    async with as_owner() as owner:
        await owner.execute("VACUUM (ANALYZE) task")


async def _list_tasks(_made: Made, _member: UUID) -> None:
    from tenants.tasks.bodies import TasksQuery
    from tenants.tasks.listing import tasks

    await tasks(TasksQuery(), "zh-CN")


async def _rule(made: Made) -> str:
    async with as_owner() as owner:
        return str(await owner.fetchval("SELECT id FROM task_rule WHERE tenant_id = $1", made.tenant_id))


def _members(**query: Any) -> Step:
    async def step(_made: Made, _member: UUID) -> None:
        from tenants.members.bodies import MembersQuery
        from tenants.members.listing import list_members

        await list_members(MembersQuery(**query))

    return step


STEPS: Final[dict[str, Step]] = {
    "A purchase of a member": _till,
    "A batch of a recalculation over everyone": _batch,
    "The explanation of a member's tier": _explain,
    "Members, first page": _members(),
    "Members by the name's beginning": _members(q="王"),
    "Members by the phone's last digits": _members(q="0042"),
    "Members of a tier": _members(tier="gold"),
}
VALUE_STEPS: Final[dict[str, Step]] = {
    "A purchase with discount, coupon, points and wallet": _till_with_value,
    "The statement of a member's points": _points,
    "The statement of a member's wallet": _wallet,
    "A batch of the nightly expiry of points": _expiry,
}
PREPARED_STEPS: Final[dict[str, tuple[Callable[[Made], Awaitable[None]], Step]]] = {
    "A batch of a simulation": (_prepare_simulation, _simulation),
    "A page of members for whom a rule makes tasks": (_prepare_tasks, _make_tasks),
    "The list of tasks": (_prepare_list, _list_tasks),
}


async def _page(members: int) -> None:
    async with as_owner() as owner:
        made = await make_tenant(owner, members)
        tier = await owner.fetchval(
            "SELECT document #>> '{ladders,0,tiers,1,code}' FROM programme_version WHERE tenant_id = $1", made.tenant_id
        )
        member = await owner.fetchval("SELECT max(id::text)::uuid FROM member WHERE tenant_id = $1", made.tenant_id)
    steps = {**STEPS, "Members of a tier": _members(tier=tier)}
    sys.stdout.write(_HEAD.format(members=members))
    async with pools():
        await _written(steps, made, member)
        async with as_owner() as owner:
            await fill_purses(owner, made, coupons=2)
            await fill_statements(owner, made)
            await owner.execute(_NEXT_VERSION, made.tenant_id)
            await owner.execute("UPDATE tenant SET programme_version = 2 WHERE tenant_id = $1", made.tenant_id)
        await _written(VALUE_STEPS, made, member)
        for title, (prepare, step) in PREPARED_STEPS.items():
            await prepare(made)
            await _written({title: step}, made, member)


async def _written(steps: dict[str, Step], made: Made, member: UUID) -> None:
    for title, step in steps.items():
        say(title)
        sent: dict[str, tuple[Any, ...]] = {}
        async with _listening(made, sent):
            await step(made, member)
        sys.stdout.write(f"\n## {title}\n")
        for text, values in sent.items():
            await _explained(made, text, values)


async def _explained(made: Made, text: str, values: tuple[Any, ...]) -> None:
    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text) or any(word in text for word in _DRIVERS):
        return  # BEGIN and SET, and the driver's own questions about types
    async with tenant_scope(made.tenant_id):
        await connection().execute("SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 0")
        if "BETWEEN $2::uuid AND $3::uuid" in text:
            await connection().execute("SET LOCAL enable_nestloop = off")  # as the batch does
        rows = await connection().fetch(f"EXPLAIN (COSTS OFF) {text}", *values)
    short = " ".join(text.split())
    short = short if len(short) <= _LONGEST else short[:_LONGEST].rsplit(" ", 1)[0] + " …"
    plan = "\n".join(row[0] for row in rows).replace(f"'{made.tenant_id}'::uuid", "$1")
    plan = _LIST.sub(r"'{…}'::\1[]", _CLOCK.sub("'…'", _UUID.sub("'…'::uuid", plan)))
    plan = _TEXT.sub(lambda text: text[0] if len(text[0]) <= _LONG else "'…'", plan)
    sys.stdout.write(f"\n`{short}`\n\n```\n{plan}\n```\n")


def main() -> int:
    """Writes the page to standard output."""
    parser = argparse.ArgumentParser(description="Writes the plans of the hot statements.")
    parser.add_argument("--members", type=int, default=100_000)
    given = parser.parse_args()
    with servers():
        asyncio.run(_page(given.members))
    return 0


if __name__ == "__main__":
    sys.exit(main())
