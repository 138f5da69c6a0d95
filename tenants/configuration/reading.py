"""A chain's set-up as it is now, as the document that another chain takes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from saas.scope import connection, current
from tenants.campaigns.campaign import list_campaigns
from tenants.campaigns.message_texts import list_texts
from tenants.configuration.document import FORMAT
from tenants.coupons.coupon import coupons
from tenants.coupons.coupon import shown as shown_coupon
from tenants.joining.settings import join_page
from tenants.price_lists.price_list import price_list, price_lists
from tenants.programme.versions import current_programme
from tenants.rewards.reward import rewards
from tenants.rewards.reward import shown as shown_reward
from tenants.segments.segment import segments
from tenants.staff.rules import rules as staff_rules
from tenants.tasks.rule import rules as task_rules

_PAGE: Final = 200
_SHARED: Final = "SELECT shared_phones FROM tenant WHERE tenant_id = $1"
_COUPON: Final = (
    *("code", "names", "value", "minimum", "categories", "branches", "combines"),
    *("valid_days", "valid_from", "valid_until"),
)
_TASK_RULE: Final = ("code", "names", "ladder", "tiers", "segment", "every", "due_days", "visit_settles")
_OF_CAMPAIGN: Final = frozenset({"id", "state", "source", "created_at", "started_at", "stopped_at"})
_OF_TEXT: Final = frozenset({"source", "changed_at"})
Row = Mapping[str, Any]


async def configuration() -> dict[str, Any]:
    """What is in force: coupons, rewards and rules of tasks that have ended are left out, as are stopped campaigns. Of
    a reward's stock only whether it is counted: pieces lie in one chain's shelves.
    """
    rules = await current_programme()
    programme = rules.dump()
    return {
        "format": FORMAT,
        "currency": rules.currency,
        "programme": {name: part for name, part in programme.items() if name not in {"version", "currency"}},
        "coupons": [coupon_of(row) for row in await all_coupons() if row["ended_at"] is None],
        "price_lists": [await price_list_of(row["code"]) for row in await all_price_lists()],
        "segments": [segment_of(row) for row in await all_segments()],
        "rewards": [reward_of(row) for row in await all_rewards() if row["ended_at"] is None],
        "message_texts": [_without(row, _OF_TEXT) for row in await all_texts()],
        "campaigns": [campaign_of(row) for row in await all_campaigns() if row["state"] != "stopped"],
        "task_rules": [rule_of(row) for row in await all_rules()],
        "settings": await settings_of(),
        "join_page": await page_of(),
    }


async def settings_of() -> dict[str, Any]:
    """What clerks may do alone, and whether a household may share a phone."""
    rules = await staff_rules()
    shared: bool = await connection().fetchval(_SHARED, current().tenant_id)
    return {"shared_phones": shared, "clerk_points": rules["clerk_points"], "clerk_money": rules["clerk_money"]}


async def page_of() -> dict[str, Any]:
    """The sign-up page."""
    page = await join_page()
    return {"open": page.open, "words": page.words, "privacy_url": page.privacy_url}


async def all_coupons() -> list[Row]:
    return await _every(coupons, "id")


async def all_rewards() -> list[Row]:
    return await _every(rewards, "id")


async def all_segments() -> list[Row]:
    return await _every(segments, "id")


async def all_texts() -> list[Row]:
    return await _every(list_texts, "code")


async def all_price_lists() -> list[Row]:
    return await _every(lambda after, count: price_lists(after, count - 1), "code")


async def all_campaigns() -> list[Row]:
    return await _every(lambda after, count: list_campaigns(after, count, None), "id")


async def all_rules() -> list[Row]:
    """Of tasks, in force."""
    return await _every(lambda after, count: task_rules(after, count, ended=False), "id")


async def _every(read: Callable[[Any, int], Awaitable[Iterable[Any]]], key: str) -> list[Row]:
    """All pages of a list."""
    found: list[Row] = []
    while True:
        rows = list(await read(found[-1][key] if found else None, _PAGE))
        found += rows
        if len(rows) < _PAGE:
            return found


def coupon_of(row: Any) -> dict[str, Any]:
    """Days as texts, as JSON has them."""
    told = shown_coupon(row)
    days = {name: told[name] and told[name].isoformat() for name in ("valid_from", "valid_until")}
    return {name: told[name] for name in _COUPON} | days


def reward_of(row: Any) -> dict[str, Any]:
    told = shown_reward(row)
    counted = None if told["stock"] is None else 0
    return {name: told[name] for name in ("code", "names", "points", "floor")} | {"stock": counted}


def segment_of(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("code", "names", "condition")}


def campaign_of(row: Row) -> dict[str, Any]:
    return _without(row, _OF_CAMPAIGN)


def rule_of(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _TASK_RULE} | {"tiers": row["tiers"] or []}


async def price_list_of(code: str) -> dict[str, Any]:
    """Its prices by sku; names that say nothing are None, as one sends them."""
    found = await price_list(code)
    return {**found, "prices": [{**one, "names": one["names"] or None} for one in found["prices"]]}


def _without(row: Row, names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
