"""One pass over the document of a set-up, thing by thing.

Each goes through the same function as by its own page or call, in a savepoint of its own: what can't be taken over is
told with its reason, and the rest is.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from saas.errors import DomainError, Language
from saas.savepoint import savepoint
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.campaigns.campaign import change_campaign, make_campaign
from tenants.campaigns.document import parse_campaign
from tenants.campaigns.message_texts import put_text
from tenants.campaigns.texts import Message
from tenants.configuration.document import Configuration
from tenants.configuration.item import Item, Outcome, Part
from tenants.configuration.reading import (
    all_campaigns,
    all_coupons,
    all_price_lists,
    all_rewards,
    all_rules,
    all_segments,
    all_texts,
    campaign_of,
    coupon_of,
    page_of,
    price_list_of,
    reward_of,
    rule_of,
    segment_of,
    settings_of,
)
from tenants.coupons.bodies import CouponChange, NewCoupon
from tenants.coupons.coupon import change_coupon, make_coupon
from tenants.joining.settings import change_join_page
from tenants.price_lists.bodies import PriceListBody
from tenants.price_lists.price_list import put_price_list
from tenants.programme.compared import draft_differences
from tenants.programme.document import Programme
from tenants.programme.publish import checked, put_draft
from tenants.programme.versions import current_programme
from tenants.rewards.bodies import NewReward, RewardChange
from tenants.rewards.reward import change_reward, make_reward
from tenants.segments.api import NewSegment, SegmentChange
from tenants.segments.segment import change_segment, make_segment
from tenants.staff.rules import change_rules
from tenants.tasks.bodies import NewRule, RuleChange
from tenants.tasks.rule import change_rule, make_rule
from tenants.tenant.change import change_tenant

_DRAFT: Final = "SELECT document FROM programme_draft WHERE tenant_id = $1"
_DAYS: Final = frozenset({"valid_days", "valid_from", "valid_until"})
_FOR_WHOM: Final = frozenset({"ladder", "tiers", "segment"})
Do = Callable[[], Awaitable[object]]


class Taking:
    """One pass over a document. `items` are in its order of work: what others name comes before them."""

    def __init__(self, wanted: Configuration, language: Language) -> None:
        # As it was sent, defaults written out: what is kept has them, too.
        self.wanted = wanted.model_dump(mode="json", exclude={"programme"})
        self.programme = wanted.programme
        self.language = language
        self.items: list[Item] = []

    async def all(self) -> list[Item]:
        for part in (
            self._coupons,
            self._price_lists,
            self._rules,
            self._segments,
            self._rewards,
            self._texts,
            self._campaigns,
            self._task_rules,
            self._settings,
            self._join_page,
        ):
            await part()
        return self.items

    def _of(self, part: Part) -> list[dict[str, Any]]:
        return self.wanted[part] or []

    async def _take(
        self, part: Part, one: Mapping[str, Any], kept: Mapping[str, Any] | None, do: Do, *, anew: bool = False
    ) -> None:
        """`anew`: it is there, but has ended: as good as changed."""
        fields = () if kept is None else tuple(name for name in one if one[name] != kept.get(name))
        outcome: Outcome = "added" if kept is None else "changed" if fields or anew else "same"
        error = None
        if outcome != "same":
            try:
                async with savepoint():
                    await do()
            except DomainError as refusal:
                outcome, error = "refused", refusal
        names = one.get("names") or {}
        self.items.append(Item(part, str(one.get("code", "")), names, outcome, fields, error))

    async def _coupons(self) -> None:
        there = {row["code"]: row for row in await all_coupons()}
        for one in self._of("coupons"):
            row = there.get(one["code"])
            kept = None if row is None else coupon_of(row)
            ended = row is not None and row["ended_at"] is not None

            async def do(one: dict[str, Any] = one, row: Any = row, kept: Any = kept) -> None:
                if row is None:
                    await make_coupon(parse_item(NewCoupon, one))
                    return
                await change_coupon(row["id"], parse_item(CouponChange, _coupon_change(one, kept)))

            await self._take("coupons", one, kept, do, anew=ended)

    async def _price_lists(self) -> None:
        there = {row["code"] for row in await all_price_lists()}
        for one in self._of("price_lists"):
            sorted_by_sku = {**one, "prices": sorted(one["prices"], key=lambda price: price["sku"])}
            kept = await price_list_of(one["code"]) if one["code"] in there else None
            body = {name: one[name] for name in ("names", "prices")}

            async def do(code: str = one["code"], body: dict[str, Any] = body) -> None:
                await put_price_list(code, parse_item(PriceListBody, body))

            await self._take("price_lists", sorted_by_sku, kept, do)

    async def _rules(self) -> None:
        """The draft. Somebody's own one isn't written over."""
        if self.programme is None:
            return
        present = await current_programme()
        document = {**self.programme, "version": present.version, "currency": present.currency}
        try:
            fields = await self._draft(document, present)
        except DomainError as refusal:
            self.items.append(Item("programme", "", {}, "refused", error=refusal))
        else:
            self.items.append(Item("programme", "", {}, "same" if fields is None else "changed", fields or ()))

    async def _draft(self, document: dict[str, Any], present: Programme) -> tuple[str, ...] | None:
        """What the draft changes, in plain words; None where it is in force, or the draft, already."""
        rules = checked(document)
        draft = await connection().fetchval(_DRAFT, current().tenant_id)
        if _same_rules(rules.dump(), present.dump()) or (draft is not None and _same_rules(draft, rules.dump())):
            return None
        if draft is not None:
            raise DomainError("draft-in-the-way")
        async with savepoint():
            await put_draft(document)
            differences = await draft_differences(rules, {}, None, self.language)
        return tuple(one.text for one in differences)

    async def _segments(self) -> None:
        there = {row["code"]: row for row in await all_segments()}
        for one in self._of("segments"):
            row = there.get(one["code"])

            async def do(one: dict[str, Any] = one, row: Any = row) -> None:
                if row is None:
                    new = parse_item(NewSegment, one)
                    await make_segment(new.code, new.names, new.condition)
                    return
                change = parse_item(SegmentChange, {name: one[name] for name in ("names", "condition")})
                await change_segment(row["id"], change.names, change.condition)

            await self._take("segments", one, row and segment_of(row), do)

    async def _rewards(self) -> None:
        """Pieces that are counted here stay; where they weren't and are to be, the count begins by hand."""
        there = {row["code"]: row for row in await all_rewards()}
        for sent in self._of("rewards"):
            row = there.get(sent["code"])
            one = {**sent, "stock": None if sent["stock"] is None else 0}
            kept = None if row is None else reward_of(row)
            ended = row is not None and row["ended_at"] is not None
            if kept is not None and one["stock"] is not None:
                one["stock"] = kept["stock"]

            async def do(one: dict[str, Any] = one, row: Any = row) -> None:
                if row is None:
                    await make_reward(parse_item(NewReward, one))
                    return
                change = {name: one[name] for name in ("names", "points", "floor")} | {"ended": False}
                if one["stock"] is None:
                    change["unlimited"] = True
                await change_reward(row["id"], parse_item(RewardChange, change))

            await self._take("rewards", one, kept, do, anew=ended)

    async def _texts(self) -> None:
        there = {row["code"]: row for row in await all_texts()}
        for one in self._of("message_texts"):

            async def do(one: dict[str, Any] = one) -> None:
                await put_text(Message.model_validate(one))

            await self._take("message_texts", one, there.get(one["code"]), do)

    async def _campaigns(self) -> None:
        """As drafts. One that runs here, or ran, isn't touched."""
        there = {row["code"]: row for row in await all_campaigns()}
        for one in self._of("campaigns"):
            row = there.get(one["code"])

            async def do(one: dict[str, Any] = one, row: Any = row) -> None:
                campaign = parse_campaign(one)
                await (make_campaign(campaign) if row is None else change_campaign(row["id"], campaign))

            await self._take("campaigns", one, row and campaign_of(row), do)

    async def _task_rules(self) -> None:
        there = {row["code"]: row for row in await all_rules()}
        for one in self._of("task_rules"):
            row = there.get(one["code"])
            kept = row and rule_of(row)

            async def do(one: dict[str, Any] = one, row: Any = row, kept: Any = kept) -> None:
                if row is None:
                    await make_rule(parse_item(NewRule, one))
                    return
                if any(one[name] != kept[name] for name in _FOR_WHOM):
                    raise DomainError("task-rule-for-others")
                change = {name: one[name] for name in ("names", "every", "due_days", "visit_settles")}
                await change_rule(row["id"], parse_item(RuleChange, change))

            await self._take("task_rules", one, kept, do)

    async def _settings(self) -> None:
        one = self.wanted["settings"]
        if one is not None:

            async def do() -> None:
                await change_tenant(shared_phones=one["shared_phones"])
                await change_rules(clerk_points=one["clerk_points"], clerk_money=one["clerk_money"])

            await self._take("settings", one, await settings_of(), do)

    async def _join_page(self) -> None:
        one = self.wanted["join_page"]
        if one is not None:
            kept = await page_of()

            async def do() -> None:
                await change_join_page(is_open=one["open"], words=one["words"], privacy_url=one["privacy_url"] or "")

            await self._take("join_page", one, kept, do)


def _coupon_change(one: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, and that it is given. Days go together: they are said in one of two ways."""
    change = {name: one[name] for name in one if name not in {"code", *_DAYS} and one[name] != kept[name]}
    if any(one[name] != kept[name] for name in _DAYS):
        in_use = ("valid_days",) if one["valid_days"] is not None else ("valid_from", "valid_until")
        change |= {name: one[name] for name in in_use}
    return change | {"ended": False}


def _same_rules(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, "version": 0} == {**other, "version": 0}
