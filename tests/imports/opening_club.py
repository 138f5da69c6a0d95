"""A chain with two ladders whose tiers nobody earns by chance, to take openings over on."""

from datetime import UTC, datetime
from typing import Any

HEADER = "member,tier,tier_since,ladder\n"
NOW = datetime(2031, 1, 15, 4, tzinfo=UTC)
LIFE = {"type": "lifetime"}


def qualify(rank: int) -> dict[str, Any]:
    return {"metric": "spend", "window": LIFE, "gte": 100_000 * rank}


def ladder(code: str, names: tuple[str, str], tiers: list[tuple[str, str, str]], **policy: Any) -> dict[str, Any]:
    """Twelve months each; a tier is earned, and kept, with a thousand a rank."""
    return {
        "code": code,
        "names": {"zh-CN": names[0], "en": names[1]},
        "tiers": [
            {"code": t, "rank": n, "names": {"zh-CN": zh, "en": en}, "qualify": qualify(n) if n else None}
            for n, (t, zh, en) in enumerate(tiers)
        ],
        "policy": {
            "upgrade": "immediate",
            "schedule": {"type": "monthly"},
            "validity": {"type": "months", "months": 12},
            "grace_days": 0,
            "max_drop": None,
            "late_days": 3,
            "refund_recheck": "next_schedule",
            **policy,
        },
    }


CARD = ladder(
    "card", ("会员卡", "Card"), [("base", "普通", "Regular"), ("silver", "银卡", "Silver"), ("g", "金卡", "Gold")]
)
CLUB = ladder(
    "club",
    ("俱乐部", "Club"),
    [("guest", "客人", "Guest"), ("g", "会友", "Fellow"), ("vip", "贵宾", "VIP"), ("twin", "贵宾", "Twin")],
)


async def publish(chain: Any, *ladders: dict[str, Any]) -> None:
    document = (await chain.http.get("/v1/programme")).json() | {"ladders": list(ladders)}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def held(imports: Any) -> list[tuple[str, ...]]:
    """member, ladder, tier, since, last day."""
    found = await imports.query(
        "SELECT coalesce(m.external_id, m.phone) AS member, t.ladder, t.tier, t.since::text, t.valid_until::text"
        " FROM member_tier t JOIN member m ON m.tenant_id = t.tenant_id AND m.id = t.member_id"
        " WHERE t.tenant_id = $1 ORDER BY 1, 2"
    )
    return [tuple(row.values()) for row in found]
