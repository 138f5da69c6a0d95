"""The overview of a chain of a million members beside that of a thousand: what a page costs once its answers are kept,
and what each report takes that a job finds. Both chains have two years behind them, and days with sales at one branch.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from saas.scope import tenant_scope
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, TODAY, clear, make_tenant
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

SMALL: Final = 1_000
PAGES: Final = 40
MOST: Final = 2.0

# Each member bought once in the last 30 days; what was recorded is what is added up.
_PURCHASES: Final = """
INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day, amount,
                      source, programme_version, actor)
SELECT $1, {member}, $2, 1, i::text, $4::date - (i % 30)::int + interval '4 hours', $4::date, $4::date - (i % 30)::int,
       300 + (hashint8(i) & 4095), 'api', 1, 'bench'
  FROM generate_series(0, $3::bigint - 1) i""".format(member=MEMBER_ID.format(f"({FIRST_MEMBER} + i)"))
_TIERS: Final = """
WITH d AS (
    INSERT INTO decision (tenant_id, member_id, ladder, seq, reason, from_tier, to_tier, from_rank, to_rank,
                          effective_at, recorded_at, day, since, valid_from, programme_version, facts, cause, cause_id)
    SELECT $1, {member}, 'card', 1, 'upgrade', 'regular', 'silver', 0, 1, $3::date - (i % 300)::int,
           $3::date - (i % 300)::int, $3::date - (i % 300)::int, $3, $3, 1, '{{}}', 'purchase', $1
      FROM generate_series(0, $2::bigint - 1, 3) i RETURNING member_id, id, effective_at)
INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, decision_id, effective_at)
SELECT $1, member_id, 'card', 'silver', 1, $3, 'upgrade', $3, id, effective_at FROM d""".format(
    member=MEMBER_ID.format(f"({FIRST_MEMBER} + i)")
)
_STAFF: Final = """
INSERT INTO staff (tenant_id, id, name, email, role) VALUES ($1, $2, '林悦', 'owner@example.com', 'owner')"""


async def bench(_: Place, options: Options) -> list[Row]:
    async with as_owner() as owner, pools():
        await clear(owner)
        chains = []
        for members in (SMALL, options.members):
            begun = time.perf_counter()
            made = await make_tenant(owner, members)
            await owner.execute(_PURCHASES, made.tenant_id, made.branch_id, members, TODAY)
            await owner.execute(_TIERS, made.tenant_id, members, TODAY)
            await owner.execute(_STAFF, made.tenant_id, made.tenant_id)
            say(f"reports: {members:,} members in {time.perf_counter() - begun:.0f} s")
            chains.append(made.tenant_id)
        await owner.execute("VACUUM (ANALYZE) purchase, decision, member_tier")
    async with pools():
        found = [await _found(tenant_id) for tenant_id in chains]
        pages: list[list[float]] = [[], []]
        for _n in range(PAGES):
            for seconds, tenant_id in zip(pages, chains, strict=True):
                seconds.append(await _timed(lambda tenant_id=tenant_id: _page(tenant_id)))  # type: ignore[misc]
    ratios = [large / small for small, large in zip(*pages, strict=True)]
    small, large = (median(seconds) * 1000 for seconds in pages)
    rows = [
        Row(
            f"the overview of a chain of {options.members:,} members",
            f"{large:.1f} ms",
            f"of {SMALL:,} members {small:.1f} ms",
            f"{median(ratios):.2f} ({spread(ratios)})",
            f"≤ {MOST:g}",
            median(ratios) <= MOST,
        )
    ]
    for name, seconds in found[1].items():
        base = found[0][name]
        rows.append(Row(f"… found by a job: {name}", f"{seconds:.2f} s", f"{base * 1000:.0f} ms", "", "", None))
    return rows


async def _found(tenant_id: UUID) -> dict[str, float]:
    """How long the days take to be added up, and each report on them to be found."""
    from tenants.reports.adding import add_up
    from tenants.reports.answers import REPORTS, find
    from tenants.reports.span import today

    async def add() -> None:
        await add_up(timedelta())

    took = {"the days added up": await _timed(lambda: _in_scope(tenant_id, add))}
    for asked in await _in_scope(tenant_id, _asked):

        async def work(asked: Any = asked) -> None:
            await find(asked, await today())

        seconds = await _timed(lambda work=work: _in_scope(tenant_id, work))  # type: ignore[misc]
        took[asked.report] = max(took.get(asked.report, 0.0), seconds)
        say(f"reports: {asked.report} {seconds:.2f} s")
    if missing := REPORTS.keys() - took.keys() - {"cohorts", "pareto"}:
        raise RuntimeError(f"not measured: {missing}")
    return took


async def _asked() -> list[Any]:
    """What the overview and the page beside it ask for."""
    from tenants.overview.asking import Choice
    from tenants.reports.answers import Asked
    from tenants.reports.span import span_of, today

    day = (await today()).day
    month = Choice("/overview", "last_30", span_of("last_30", day), "before", None, {})
    year = span_of("last_12_months", day)
    return [
        *(month.asked(name) for name in ("overview", "tier-mix", "movements", "branches", "liability")),
        *(month.asked_then(name) for name in ("overview", "branches")),
        month.asked_ever("rfm"),
        *(Asked(name, year, "last_12_months") for name in ("cohorts", "pareto")),
    ]


async def _page(tenant_id: UUID) -> None:
    """Everything that the overview does between its log-in and its answer."""
    from saas.i18n import tongue
    from saas.pages import Reader, render_text
    from saas.principal import Principal
    from saas.sessions import Session
    from tenants.frame import frame
    from tenants.overview import board, pages
    from tenants.overview.asking import choice_of
    from tenants.proofs.told import last_said
    from tenants.reports.span import today

    principal = Principal(f"staff:{tenant_id}", tenant_id, frozenset({"admin"}))
    session = Session(
        token_hash=b"",
        account_id=tenant_id,
        tenant_id=tenant_id,
        staff_id=tenant_id,
        role="owner",
        csrf_token="token",
        csrf_secret="secret",
        locale="zh-CN",
        email="owner@example.com",
    )
    speaks = tongue("zh-CN")
    async with tenant_scope(tenant_id, principal=principal):
        around, now = await frame(), await today()
        choice = await choice_of("/overview", {}, now, "last_30")
        context = {
            "frame": around,
            **await board.controls(choice, speaks),
            **await board.board(choice, now, around, speaks),
            "faults": {},
            "first_steps": None,
            "proof": await last_said(speaks.language),
            **await pages._going_on(around, speaks),  # what the handler shows around the board
        }
        if context["members"] is None:
            raise RuntimeError("nothing was found")
        render_text(Reader(speaks, "light", session, "/overview", "/overview"), "overview/overview.html", context)


async def _in_scope(tenant_id: UUID, work: Callable[[], Awaitable[Any]]) -> Any:
    async with tenant_scope(tenant_id):
        return await work()


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
