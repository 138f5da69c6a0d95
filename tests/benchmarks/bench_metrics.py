"""What each metric costs in a recalculation of everyone, and the widest programme of all.

The rows of a programme are read alone: thresholds that nobody reaches, so that nothing is written. The widest one
decides as well, and is held against the bare GROUP BY and the bare write, like the plain one.
"""

import json
from typing import Any, Final

from tests.benchmarks.bench_recalculation import compared, in_process, reset, round_of
from tests.benchmarks.history import PROGRAMME, Made, clear, make_tenant
from tests.benchmarks.measures import make_measures
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median

Json = dict[str, Any]
ROUNDS: Final = 3
_SHARE: Final = 10  # of the members of the other benchmarks: a chain with seven times the rows
_NOBODY: Final = 10**12
WINDOWS: Final[tuple[Json, ...]] = (
    {"type": "lifetime"},
    {"type": "rolling_months", "months": 12},
    {"type": "calendar_month", "offset": -1},
)
_PLAIN: Final[list[Json]] = [
    {"metric": metric, "window": window} for metric in ("spend", "purchases", "max_purchase") for window in WINDOWS
]


def _each(**leaf: Any) -> list[Json]:
    return [{**leaf, "window": window} for window in WINDOWS]


_SCORE: Final[Json] = {
    "metric": "score",
    "weights": [
        {"metric": "spend", "window": WINDOWS[1], "per": 100, "points": 1},
        {"metric": "activities", "kind": "class", "window": WINDOWS[1], "per": 1, "points": 10},
        {"metric": "referrals", "window": WINDOWS[0], "per": 1, "points": 50},
        {"metric": "branches", "window": WINDOWS[0], "per": 1, "points": 20},
        {"metric": "tenure_days", "per": 30, "points": 5},
    ],
}
MORE: Final[dict[str, list[Json]]] = {
    "spend of a category": _each(metric="spend", category="tea"),
    "purchases of a category": _each(metric="purchases", category="tea"),
    "activities of a kind": _each(metric="activities", kind="class"),
    "rating": _each(metric="rating", kind="class"),
    "referrals": _each(metric="referrals"),
    "branches": _each(metric="branches"),
    "points_earned": _each(metric="points_earned"),
    "top_ups and max_top_up": _each(metric="top_ups") + _each(metric="max_top_up"),
    "a score of 5 weights": [_SCORE],
    "spend and activities since_tier_start": [
        {"metric": "spend", "window": {"type": "since_tier_start"}},
        {"metric": "activities", "window": {"type": "since_tier_start"}},
    ],
}


async def bench(_place: Place, options: Options) -> list[Row]:
    members = options.members // _SHARE
    async with as_owner() as owner, pools():
        await clear(owner)
        made = await make_tenant(owner, members)
        rows = await make_measures(owner, made)
        say(f"metrics: {members:,} members, {made.day_rows:,} day rows, {rows:,} of measures")
        plain = await _reading(owner, made, _PLAIN)
        found = [_row(f"Reading 9 plain leaves, {members:,} members", plain, None)]
        for name, leaves in MORE.items():
            found.append(_row(f"… and {name} ({len(leaves)})", await _reading(owner, made, _PLAIN + leaves), plain))
        widest = [leaf for leaves in MORE.values() for leaf in leaves]
        found.append(_row(f"… all of them ({len(widest)})", await _reading(owner, made, _PLAIN + widest), plain))
        await _publish(owner, made, _deciding(widest))
        full = [await round_of(owner, made) for _ in range(ROUNDS)]
        return [*found, *compared(made, full, "The widest programme", most=None)]


def _row(what: str, seconds: float, plain: float | None) -> Row:
    ratio = "" if plain is None else f"{seconds / plain:.2f}"
    return Row(what, f"{seconds:.2f} s", "" if plain is None else f"{plain:.2f} s", ratio, "", None)


async def _reading(owner: Any, made: Made, leaves: list[Json]) -> float:
    """Median seconds of a run that decides nothing."""
    await _publish(owner, made, _programme(leaves))
    seconds = []
    for _ in range(ROUNDS):
        await reset(owner)
        run = await in_process(made)
        if run.decisions:
            raise RuntimeError("nobody was to reach anything")
        seconds.append(run.seconds)
    say(f"{len(leaves)} leaves: {median(seconds):.2f} s")
    return median(seconds)


def _programme(leaves: list[Json]) -> Json:
    """Two tiers; the upper one asks for any of these, which nobody reaches."""
    document: Json = json.loads(json.dumps(PROGRAMME))
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1]["qualify"] = {"any": _bounded(leaves)}
    return document


def _bounded(leaves: list[Json]) -> list[Json]:
    return [{**leaf, "gte": "999999" if leaf["metric"] == "rating" else _NOBODY} for leaf in leaves]


def _deciding(leaves: list[Json]) -> Json:
    """The programme of the other benchmarks, with all the rest as further ways up that nobody finds."""
    document: Json = json.loads(json.dumps(PROGRAMME))
    top = document["ladders"][0]["tiers"][-1]
    top["qualify"] = {"any": [*top["qualify"]["any"], *_bounded(leaves)]}
    return document


async def _publish(owner: Any, made: Made, document: Json) -> None:
    version: int = await owner.fetchval(
        "SELECT max(version) + 1 FROM programme_version WHERE tenant_id = $1", made.tenant_id
    )
    await owner.execute(
        "INSERT INTO programme_version VALUES ($1, $2, $3::text::jsonb, now(), 'bench')",
        made.tenant_id,
        version,
        json.dumps({**document, "version": version}),
    )
    await owner.execute("UPDATE tenant SET programme_version = $2 WHERE tenant_id = $1", made.tenant_id, version)
