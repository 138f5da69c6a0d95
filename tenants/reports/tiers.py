"""How members spread over tiers, then and now, and who moved between them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.schedule import schedule_instant
from tenants.programme.versions import current_programme
from tenants.reports.overview import branches_of
from tenants.reports.span import Span, Today
from tenants.segments.planning import planned_for_many

# Today's members: who has left is in no tier, of today or of then.
_HELD: Final = """
SELECT s.ladder, s.tier, count(*) AS n
  FROM member_tier s JOIN member m ON m.tenant_id = $1 AND m.id = s.member_id AND m.status = 'active'
 WHERE s.tenant_id = $1 AND s.rank > 0 AND ($2::uuid[] IS NULL OR m.branch_id = ANY ($2)) GROUP BY 1, 2"""
_JOINED: Final = """
SELECT width_bucket(m.joined_on, $2::date[]) AS step, count(*) AS n FROM member m
 WHERE m.tenant_id = $1 AND m.status = 'active' AND ($3::uuid[] IS NULL OR m.branch_id = ANY ($3)) GROUP BY 1"""
_MOVED: Final = """
SELECT d.ladder, d.from_tier, d.to_tier, {also}
       width_bucket((d.effective_at AT TIME ZONE $4)::date, $3::date[]) AS step, count(*) AS n
  FROM decision d JOIN member m ON m.tenant_id = $1 AND m.id = d.member_id AND m.status = 'active'
 WHERE d.tenant_id = $1 AND d.effective_at >= $2 AND ($5::uuid[] IS NULL OR m.branch_id = ANY ($5)) {where}
 GROUP BY {by}"""
_STEPS: Final = _MOVED.format(also="", where="AND d.from_tier <> d.to_tier", by="1, 2, 3, 4")
_REASONS: Final = _MOVED.format(also="d.reason,", where="AND d.effective_at < $6", by="1, 2, 3, 4, 5")

_Moves = dict[int, Counter[tuple[str, str]]]
"""By step, how many each tier (ladder, code) won, less those it lost."""


async def tier_mix(span: Span, now: Today) -> dict[str, Any]:
    """Of each ladder how many of today's members held each tier at the end of each step. Codes are those of the rules
    in force; who has no decision is in the base tier.
    """
    rules = await current_programme()
    starts, ends = span.steps(), span.ends()
    bounds = [*starts, span.after]
    async with planned_for_many():
        held = Counter[tuple[str, str]]()
        for row in await connection().fetch(_HELD, current().tenant_id, branches_of(span), timeout=60):
            held[row["ladder"], _present(rules, row["ladder"], row["tier"])] += row["n"]
        joined = await connection().fetch(_JOINED, current().tenant_id, bounds, branches_of(span), timeout=60)
        moves = await _moves(span, bounds, now, rules)
    members = _running({row["step"]: row["n"] for row in joined}, len(starts))
    mixes = _mixes(held, moves, len(starts))
    return {
        "steps": [{"from": a.isoformat(), "to": b.isoformat()} for a, b in zip(starts, ends, strict=True)],
        "ladders": [
            {
                "ladder": ladder.code,
                "tiers": [tier.code for tier in ladder.tiers],
                "members": [_row(ladder, mix, total) for mix, total in zip(mixes, members, strict=True)],
            }
            for ladder in rules.ladders
        ],
    }


async def _moves(span: Span, bounds: Sequence[date], now: Today, rules: Programme) -> _Moves:
    begin = schedule_instant(span.first, now.zone)
    rows = await connection().fetch(
        _STEPS, current().tenant_id, begin, list(bounds), now.zone.key, branches_of(span), timeout=120
    )
    found: _Moves = defaultdict(Counter)
    for row in rows:
        ladder = row["ladder"]
        found[row["step"]][ladder, _present(rules, ladder, row["to_tier"])] += row["n"]
        found[row["step"]][ladder, _present(rules, ladder, row["from_tier"])] -= row["n"]
    return found


def _present(rules: Programme, code: str, tier: str) -> str:
    """What a tier of any version is called now."""
    ladder = rules.ladder(code)
    found = None if ladder is None or tier == ladder.tiers[0].code else rules.raised(ladder, tier)
    return tier if found is None else found.code


def _mixes(held: Counter[tuple[str, str]], moves: _Moves, steps: int) -> list[Counter[tuple[str, str]]]:
    """At the end of each step: what is held now, less all that moved later."""
    mix, found = Counter(held), []
    for step in range(steps + 1, 0, -1):
        if step <= steps:
            found.append(Counter(mix))
        mix.subtract(moves.get(step, {}))
    return found[::-1]


def _running(joined: dict[int, int], steps: int) -> list[int]:
    totals, total = [], joined.get(0, 0)
    for step in range(1, steps + 1):
        total += joined.get(step, 0)
        totals.append(total)
    return totals


def _row(ladder: Ladder, mix: Counter[tuple[str, str]], total: int) -> list[int]:
    """By tier, the base first: it has whoever is in no other."""
    above = [max(mix[ladder.code, tier.code], 0) for tier in ladder.tiers[1:]]
    return [max(total - sum(above), 0), *above]


async def movements(span: Span, now: Today) -> dict[str, Any]:
    """The decisions whose time lay in the span: from tier to tier, up, down, or held for another term (`renewed`)."""
    rules = await current_programme()
    begin, end = (schedule_instant(day, now.zone) for day in (span.first, span.after))
    bounds = [*span.steps(), span.after]
    async with planned_for_many():
        rows = await connection().fetch(
            _REASONS, current().tenant_id, begin, bounds, now.zone.key, branches_of(span), end, timeout=120
        )
    told = [(_way(rules, row), row) for row in rows]
    ways = Counter[str]()
    between = Counter[tuple[str, str, str]]()
    reasons: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    steps = [Counter[str]() for _ in bounds]
    for way, row in told:
        ways[way] += row["n"]
        steps[row["step"] - 1][way] += row["n"]
        pair = (
            row["ladder"],
            _present(rules, row["ladder"], row["from_tier"]),
            _present(rules, row["ladder"], row["to_tier"]),
        )
        between[pair] += row["n"]
        reasons[pair][row["reason"]] += row["n"]
    return {
        **{way: ways[way] for way in ("up", "down", "renewed")},
        "moves": [
            {"ladder": ladder, "from": a, "to": b, "members": n, "reasons": dict(reasons[ladder, a, b])}
            for (ladder, a, b), n in _sorted(rules, between)
        ],
        "steps": [
            {"from": start.isoformat(), "to": end.isoformat(), **{way: step[way] for way in ("up", "down", "renewed")}}
            for start, end, step in zip(span.steps(), span.ends(), steps, strict=False)
        ],
    }


def _way(rules: Programme, row: Any) -> str:
    ladder = rules.ladder(row["ladder"])
    ranks = {} if ladder is None else {tier.code: tier.rank for tier in ladder.tiers}
    before, after = (ranks.get(_present(rules, row["ladder"], row[name]), 0) for name in ("from_tier", "to_tier"))
    return "up" if after > before else "down" if after < before else "renewed"


def _sorted(rules: Programme, between: Counter[tuple[str, str, str]]) -> Iterable[tuple[tuple[str, str, str], int]]:
    """By ladder and by tiers as the rules have them."""
    places = {
        (ladder.code, tier.code): (n, tier.rank) for n, ladder in enumerate(rules.ladders) for tier in ladder.tiers
    }
    last = (len(rules.ladders), 0)

    def place(item: tuple[tuple[str, str, str], int]) -> tuple[tuple[int, int], tuple[int, int], tuple[str, str, str]]:
        ladder, a, b = item[0]
        return places.get((ladder, a), last), places.get((ladder, b), last), item[0]

    return sorted(between.items(), key=place)
