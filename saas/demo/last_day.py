"""What happens once at each chain, on the history's last day: a coupon is used, a purchase taken back, a card lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from saas.demo.client import AnswerError, Client
from saas.demo.industry import Industry
from saas.demo.people import Person, clerks

_COUPON: Final = "come-back"
"""Every template has it."""
_REPEATED: Final = frozenset({"external-id-conflict", "card-not-active", "coupon-not-usable"})
_NEW_CARD: Final = "690000001"


def happen(client: Client, industry: Industry, branch: str, everybody: Sequence[Person], until: datetime) -> None:
    """Each at the chain's first branch. A start that was cut off may send it again."""
    day = f"{until:%Y%m%d}"
    sold = _Counter(client, industry, branch)
    for step in (_use_coupon, _take_back, _lose_card):
        try:
            step(sold, everybody, day)
        except AnswerError as error:
            if error.code not in _REPEATED:
                raise


class _Counter:
    def __init__(self, client: Client, industry: Industry, branch: str) -> None:
        self.client = client
        self.clerk = clerks(industry, 0)[0]
        self._industry = industry
        self._branch = branch

    def sell(self, number: str, member_id: str, coupon: str | None = None) -> dict[str, Any]:
        """The dearest of the chain's goods, at its list price: asked for first, as a till does, then paid."""
        item = max(self._industry.goods, key=lambda goods: (goods.low, goods.sku))
        body = {
            "member_id": member_id,
            "branch_id": self._branch,
            "external_id": number,
            "lines": [{"category": item.category, "sku": item.sku, "quantity": 1, "amount": item.low}],
            "sold_by": self.clerk,
            **({} if coupon is None else {"coupons": [coupon]}),
        }
        paid = self.client.post("/v1/quotes", body)["paid"]
        body["tenders"] = [{"type": "wechat", "amount": paid}]
        made: dict[str, Any] = self.client.post("/v1/purchases", body)
        return made

    def member_id(self, person: Person) -> str:
        found = self.client.get(f"/v1/members?external_id={person.external_id}")["data"]
        return str(found[0]["id"])


def _use_coupon(counter: _Counter, everybody: Sequence[Person], day: str) -> None:
    """Somebody who had stayed away comes back with what it was given for it."""
    person = next((one for one in everybody if one.habit.course == "lapsed"), everybody[0])
    member_id = counter.member_id(person)
    coupons = counter.client.get("/v1/coupons?limit=200")["data"]
    coupon = next(one["id"] for one in coupons if one["code"] == _COUPON)
    counter.client.post(f"/v1/coupons/{coupon}/grant", {"member_id": member_id, "reason": "久未到店"})
    held = counter.client.get(f"/v1/members/{member_id}/coupons?state=open")["data"]
    counter.sell(f"COUPON-{day}", member_id, next(one["id"] for one in held if one["coupon"]["code"] == _COUPON))


def _take_back(counter: _Counter, everybody: Sequence[Person], day: str) -> None:
    made = counter.sell(f"MISTAKE-{day}", counter.member_id(everybody[0]))
    body = {"reason": "录错会员", "sold_by": counter.clerk}
    counter.client.post(f"/v1/purchases/{made['id']}/undo", body)


def _lose_card(counter: _Counter, everybody: Sequence[Person], day: str) -> None:
    person = next(one for one in everybody if one.card_no is not None)
    counter.client.post(f"/v1/cards/{person.card_no}/report-lost", {})
    counter.client.post(f"/v1/cards/{person.card_no}/replace", {"card_no": _NEW_CARD, "proof": f"{day} 手机验证"})
