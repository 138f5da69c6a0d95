"""A purchase that is discounted, uses a coupon, is paid with points and from the wallet and earns, beside a plain one.

Both go through HTTP, with as many connections and one worker, in turn.
"""

import asyncio
import itertools
import json
import subprocess
import sys
from typing import Any, Final

from tests.benchmarks.bench_purchase import CONNECTIONS, serving
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, NOW, PROGRAMME, TODAY, Made, make_tenant
from tests.benchmarks.load import COUPON
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MEMBERS: Final = 2_000
COUPONS: Final = 40
LEAST: Final = 0.60
_runs = itertools.count(5000)

_LADDER: Final = PROGRAMME["ladders"][0]
_GIVEN: Final = [{"type": "discount", "percent": "10"}, {"type": "points_multiplier", "multiplier": "1.5"}]
_RULES: Final[dict[str, Any]] = {
    **PROGRAMME,
    "ladders": [{**_LADDER, "tiers": [{**tier, "benefits": _GIVEN} for tier in _LADDER["tiers"]]}],
    "points": {"per_unit": "1", "redeem": {"points": 1, "amount": 1}},
}
_TERMS: Final = {"value": {"type": "amount", "amount": 100}}
_MEMBERS: Final = f"generate_series({FIRST_MEMBER}, {FIRST_MEMBER - 1} + $2::bigint) AS i"
_ID: Final = MEMBER_ID.format("i")
_COUPON: Final = COUPON.replace("{:03d}", "%s").replace("{}", "%s")
_PURSES: Final = (
    "INSERT INTO points_account SELECT $1, {id}, 1000000, 0 FROM {members}",
    """
    INSERT INTO points_entry (tenant_id, id, member_id, seq, kind, source_id, points, balance, day, recorded_at, actor)
    SELECT $1, {id}, {id}, 0, 'opening', {id}, 1000000, 1000000, $3, $4, 'bench' FROM {members}""",
    "INSERT INTO points_lot SELECT $1, {id}, {id}, 1000000, 1000000, $3, $3, NULL FROM {members}",
    "INSERT INTO wallet_account SELECT $1, {id}, 100000000, 20000000 FROM {members}",
    """
    INSERT INTO wallet_lot
    SELECT $1, {id}, {id}, NULL, 100000000, 20000000, 100000000, 20000000, 0, 0, $4 FROM {members}""",
    """
    INSERT INTO coupon_grant (tenant_id, id, coupon_id, code, member_id, granted_to, terms, valid_from, valid_until,
                              state, occasion, source_id, granted_at)
    SELECT $1, format({coupon}, lpad(n::text, 3, '0'), i)::uuid, c.id, c.code, {id}, {id}, c.terms, $3, $3 + 30,
           'open', 'by_hand', uuidv7(), $4
      FROM coupon c, {members}, generate_series(0, {coupons} - 1) AS n WHERE c.tenant_id = $1""",
)


async def bench(place: Place, options: Options) -> list[Row]:
    seconds, rounds = (2, 2) if options.quick else (8, 5)
    async with as_owner() as owner, pools():
        plain, rich = await make_tenant(owner, MEMBERS), await make_tenant(owner, MEMBERS)
        await _fill(owner, rich)
        async with serving(place) as port:
            return [await _compare(plain, rich, port, seconds, rounds)]


async def _fill(owner: Any, made: Made) -> None:
    """Rules with benefits, and every member with money, points and coupons."""
    await owner.execute(
        "UPDATE programme_version SET document = $2::text::jsonb WHERE tenant_id = $1",
        made.tenant_id,
        json.dumps(_RULES),
    )
    await owner.execute(
        "INSERT INTO coupon (tenant_id, code, names, terms, valid_days, source, created_at)"
        " VALUES ($1, 'c', '{}', $2::text::jsonb, 31, 'tenant', $3)",
        made.tenant_id,
        json.dumps(_TERMS),
        NOW,
    )
    for statement in _PURSES:
        text = statement.format(id=_ID, members=_MEMBERS, coupons=COUPONS, coupon=f"'{_COUPON}'")
        typed = f"WITH given AS (SELECT $3::date, $4::timestamptz) {text}"
        await owner.execute(typed, made.tenant_id, made.members, TODAY, NOW)
    await owner.execute("VACUUM (ANALYZE) points_account, points_lot, wallet_account, wallet_lot, coupon_grant")


async def _compare(plain: Made, rich: Made, port: int, seconds: int, rounds: int) -> Row:
    await _load(plain, port, 2)
    following = int((await _load(rich, port, 2, full=True))["next"])
    ours, theirs, slowest = [], [], []
    for _ in range(rounds):
        theirs.append((await _load(plain, port, seconds))["per_second"])
        result = await _load(rich, port, seconds, full=True, first=following)
        following = int(result["next"])
        ours.append(result["per_second"])
        slowest.append(result["p99_ms"])
        say(f"value: {ours[-1]:,.0f}/s, plain {theirs[-1]:,.0f}/s")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Row(
        f"A purchase with discount, coupon, points and wallet; {CONNECTIONS} connections, one worker",
        f"{median(ours):,.0f}/s (p99 {median(slowest):.0f} ms)",
        f"a plain one {median(theirs):,.0f}/s",
        f"{median(ratios):.2f} ({spread(ratios)})",
        f"≥ {LEAST:.2f}",
        median(ratios) >= LEAST,
    )


async def _load(made: Made, port: int, seconds: float, *, full: bool = False, first: int = 0) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load", "--port", str(port), "--key", made.key]
    command += ["--branch", str(made.branch_id), "--members", str(made.members), "--run", str(next(_runs))]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(seconds), "--first", str(first)]
    process = await asyncio.create_subprocess_exec(*command, *(["--full"] if full else []), stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    if process.returncode:
        raise RuntimeError("the load failed")
    found: dict[str, float] = json.loads(said)
    return found
