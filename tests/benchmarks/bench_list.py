"""The members' list as the admin shows it: each page of it in a chain of a million against the same in one of a
thousand, in turn, through the application (log-in, template and all). As many rows are shown on either side. And as
integrations read it: the first page against the last.
"""

import time
from typing import Any, Final
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from saas.paging import encode_cursor
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, make_chain
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

SMALL: Final = 1_000
MOST: Final = 2.0
_DEEP: Final = 1.2
BRANCHES: Final = 20
PAGES: Final = {
    "the newest": "/members",
    "one tier": "/members?tier=card:gold",
    "the base tier": "/members?tier=card:regular",
    "one branch": "/members?branch_id={branch}",
    "one tag": "/members?tag=vip",
    "tier, branch and tag": "/members?tier=card:gold&branch_id={branch}&tag=vip",
    "last four digits": "/members?q=0007",
    "a whole phone": "/members?q={phone}",
    "a card number": "/members?q={card}",
    "how a name begins": "/members?q=Lin%20",
    "by name": "/members?sort=name",
    "by last visit": "/members?sort=-last_visit",
    "by spend": "/members?sort=-spend",
    "by points": "/members?sort=-points",
    "the base tier by spend": "/members?tier=card:regular&sort=-spend",
    "tier and branch by last visit": "/members?tier=card:gold&branch_id={branch}&sort=last_visit",
    "how a name begins, by name": "/members?q=Lin%20&sort=-name",
}
_ID: Final = MEMBER_ID.format(f"({FIRST_MEMBER - 1} + i)")
# In the last four digits as many share one as a page shows, in either chain; one name in twenty begins alike.
_MEMBERS: Final = f"""
INSERT INTO member (tenant_id, id, joined_on, source, created_at, name, phone, card_no, branch_id)
SELECT $1, {_ID}, '2024-01-01', 'import', now(),
       (ARRAY['Lin','Wang','He','Zhao','Li','Zhang','Liu','Chen','Yang','Huang','Wu','Zhou','Xu','Sun','Ma','Zhu','Hu',
              'Guo','Gao','Luo'])[1 + i % 20] || ' ' || i,
       '+86138' || lpad((i / $4::bigint)::text, 4, '0') || lpad((i % $4::bigint)::text, 4, '0'), 'C' || i,
       ($3::uuid[])[1 + (hashint8(i) & (cardinality($3::uuid[]) - 1))]
  FROM generate_series(1, $2::bigint) i"""
_OTHERS: Final = (
    (
        "INSERT INTO member_identity (tenant_id, kind, value, member_id)"
        " SELECT m.tenant_id, k.kind, k.value, m.id FROM member m,"
        " LATERAL (VALUES ('phone', m.phone), ('card', m.card_no)) AS k (kind, value) WHERE m.tenant_id = $1"
    ),
    (
        "INSERT INTO member_tag (tenant_id, member_id, tag)"
        " SELECT tenant_id, id, CASE WHEN hashtext(card_no) & 7 = 0 THEN 'vip' ELSE 'tea' END FROM member"
        " WHERE tenant_id = $1 AND hashtext(card_no) & 3 = 0"
    ),
    (
        "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, decision_id,"
        " effective_at) SELECT tenant_id, id, 'card', CASE hashtext(card_no) & 16 WHEN 0 THEN 'silver' ELSE 'gold' END,"
        " CASE hashtext(card_no) & 16 WHEN 0 THEN 1 ELSE 2 END, '2025-01-01', 'qualify', '2025-01-01', id, now()"
        " FROM member WHERE tenant_id = $1 AND hashtext(card_no) & 32 = 0"
    ),
    (
        "INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)"
        " SELECT tenant_id, id, 3000 + hashtext(card_no) % 3000, 3, 1000, '2026-11-01',"
        " timestamptz '2026-11-01' + hashtext(card_no) % 40000 * interval '1 s' FROM member WHERE tenant_id = $1"
    ),
    (
        "INSERT INTO purchase (tenant_id, id, member_id, branch_id, seq, external_id, amount, occurred_at, recorded_at,"
        " local_day, source, programme_version, actor)"
        " SELECT m.tenant_id, uuidv7(), m.id, m.branch_id, n, m.card_no || n, 1000, t.last_at, now(), t.last_day,"
        " 'api', 1, 'x' FROM member m JOIN member_total t ON t.tenant_id = m.tenant_id AND t.member_id = m.id,"
        " generate_series(1, 3) n WHERE m.tenant_id = $1"
    ),
    (
        "INSERT INTO points_account (tenant_id, member_id, open) SELECT tenant_id, id, abs(hashtext(card_no) % 5000)"
        " FROM member WHERE tenant_id = $1"
    ),
)


async def bench(_: Place, options: Options) -> list[Row]:
    rounds = 5 if options.quick else 15
    async with as_owner() as owner, pools():
        sides = [await _chain(owner, SMALL), await _chain(owner, options.members)]
        await owner.execute(
            "VACUUM (ANALYZE) member, member_identity, member_tag, member_tier, member_total, points_account, purchase,"
            " branch"
        )
        took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in PAGES}
        size = 0
        for turn in range(rounds + 2):
            for name, path in PAGES.items():
                for side, (browser, fills, _) in enumerate(sides):
                    started = time.perf_counter()
                    answer = await browser.get(path.format(**fills))
                    seconds = time.perf_counter() - started
                    if answer.status_code != 200 or 'class="row-link"' not in answer.text:
                        raise RuntimeError(f"{path}: {answer.status_code}")
                    size = max(size, len(answer.content))
                    if turn > 1:  # the first ones prepare statements and templates
                        took[name][side].append(seconds)
        for browser, _fills, _chain_of in sides:
            await browser.aclose()
        deep = await _first_and_last(sides[1][2], owner, options.members, rounds)
    say(f"list: the largest page has {size:,} bytes")
    return [*(_row(name, *both, options.members) for name, both in took.items()), *deep]


def _row(name: str, small: list[float], large: list[float], members: int) -> Row:
    ratios = [a / b for a, b in zip(large, small, strict=True)]
    ours, base = f"{median(large) * 1000:.1f} ms", f"{SMALL:,} members {median(small) * 1000:.1f} ms"
    ratio = median(large) / median(small)
    what = f"members' list, {name}: a page of {members:,} members"
    return Row(what, ours, base, f"{ratio:.2f} ({spread(ratios)})", f"≤ {MOST:.0f}", ratio <= MOST)


_PAGE: Final = 50
# Behind which member the last page begins, one short of a full one: in each order, with the values of its cursor.
_DEEPEST: Final = {
    "-created": "SELECT id::text FROM member WHERE tenant_id = $1 ORDER BY id LIMIT 1 OFFSET $2",
    "name": (
        "SELECT 'name', encode(name_order, 'hex'), id::text FROM member WHERE tenant_id = $1"
        " ORDER BY name_order DESC, id DESC LIMIT 1 OFFSET $2"
    ),
}


async def _first_and_last(chain: tuple[UUID, str], owner: Any, members: int, rounds: int) -> list[Row]:
    """The list that integrations read: its first page against the last one."""
    from saas.app import create_app

    tenant_id, key = chain
    transport = httpx.ASGITransport(app=create_app())  # type: ignore[arg-type]
    rows = []
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bench", headers={"Authorization": f"Bearer {key}"}
    ) as http:
        for sort, sql in _DEEPEST.items():
            found = await owner.fetchrow(sql, tenant_id, _PAGE - 1)
            asked: list[dict[str, Any]] = [{"sort": sort}, {"sort": sort, "cursor": encode_cursor(*found)}]
            took: tuple[list[float], list[float]] = ([], [])
            for turn in range(rounds + 2):
                for n, params in enumerate(asked):
                    started = time.perf_counter()
                    answer = await http.get("/v1/members", params={"limit": _PAGE, **params})
                    seconds, page = time.perf_counter() - started, answer.json()
                    if len(page["data"]) != _PAGE - n or (page["next_cursor"] is None) != bool(n):
                        raise RuntimeError(f"not the {('first', 'last')[n]} page by {sort}: {answer.text[:300]}")
                    if turn > 1:
                        took[n].append(seconds)
            rows.append(_deep_row(sort, members, *took))
    return rows


def _deep_row(sort: str, members: int, first: list[float], last: list[float]) -> Row:
    ratios = [b / a for a, b in zip(first, last, strict=True)]
    return Row(
        f"GET /v1/members by {sort}: the last page of {members:,}",
        f"{median(last) * 1000:.1f} ms",
        f"the first one {median(first) * 1000:.1f} ms",
        f"{median(ratios):.2f} ({spread(ratios)})",
        f"≤ {_DEEP:.1f}",
        median(ratios) <= _DEEP,
    )


async def _chain(owner: Any, members: int) -> tuple[httpx.AsyncClient, dict[str, str], tuple[UUID, str]]:
    """A chain of so many with an owner who is logged in, what fills the paths, and its id and key."""
    tenant_id, first = uuid7(), uuid7()
    key = await make_chain(owner, tenant_id, first)
    branches = [first, *(uuid7() for _ in range(BRANCHES - 1))][:16]
    await owner.executemany(
        "INSERT INTO branch VALUES ($1, $2, $3, $3, 'own')",
        [(tenant_id, one, f"b{n}") for n, one in enumerate(branches) if one != first],
    )
    started = time.perf_counter()
    await owner.execute(_MEMBERS, tenant_id, members, branches, min(10_000, members // 25))
    for statement in _OTHERS:
        await owner.execute(statement, tenant_id)
    say(f"list: {members:,} members made in {time.perf_counter() - started:.0f} s")
    row = await owner.fetchrow(
        "SELECT phone, card_no FROM member WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        UUID(f"00000000-0000-7000-8000-{FIRST_MEMBER + members // 2}"),
    )
    fills = {"branch": str(branches[3]), "phone": row["phone"][3:], "card": row["card_no"]}
    return await _owner_of(owner, tenant_id), fills, (tenant_id, key)


async def _owner_of(owner: Any, tenant_id: UUID) -> httpx.AsyncClient:
    from saas.app import create_app
    from saas.sessions import cookie_name, start_session

    account_id, staff_id = uuid7(), uuid7()
    email = f"{tenant_id.hex}@example.com"
    await owner.execute(
        "INSERT INTO platform.account (id, email, password_hash, locale) VALUES ($1, $2, 'none', 'en')",
        account_id,
        email,
    )
    await owner.execute(
        "INSERT INTO staff (tenant_id, id, account_id, name, role, email) VALUES ($1, $2, $3, 'Owner', 'owner', $4)",
        tenant_id,
        staff_id,
        account_id,
        email,
    )
    await owner.execute(
        "INSERT INTO platform.account_tenant (account_id, tenant_id, staff_id, role) VALUES ($1, $2, $3, 'owner')",
        account_id,
        tenant_id,
        staff_id,
    )
    transport = httpx.ASGITransport(app=create_app(), raise_app_exceptions=False)
    token = await start_session(account_id, tenant_id)
    return httpx.AsyncClient(
        transport=transport,
        base_url="http://testserver",
        headers={"Accept": "text/html", "Accept-Language": "en", "Cookie": f"{cookie_name()}={token}"},
        timeout=60,
    )
