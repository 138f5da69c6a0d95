"""Sends what moves beside purchases to a chain through the API. All may be sent twice."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from saas.demo.client import AnswerError, Client
from saas.demo.industry import Industry
from saas.demo.value import Claim, PassSale, PassUse, TopUp
from saas.demo.visits import Action

_NOT_FREE: Final = frozenset({"no-allowance", "allowance-used-up"})


class Till:
    """Writes to one chain. `branches`: its branches' ids, in the order of the industry's table; `member_id`: of the
    member of that number.
    """

    def __init__(
        self, client: Client, industry: Industry, branches: Sequence[str], member_id: Callable[[int], str]
    ) -> None:
        self._client = client
        self._industry = industry
        self._branches = branches
        self._member_id = member_id
        self._sold: dict[str, str] = {}
        self._reward: str | None = None

    def top_up(self, top_ups: Iterable[TopUp]) -> None:
        for one in top_ups:
            body = {
                "phone": one.phone,
                "branch_id": self._branches[one.branch],
                "external_id": one.external_id,
                "amount": one.amount,
                "tenders": [{"type": one.tender, "amount": one.amount}],
                "occurred_at": one.at.isoformat(),
                "sold_by": one.sold_by,
            }
            self._client.post("/v1/wallet/top-ups", body)

    def sell_passes(self, sales: Iterable[PassSale]) -> None:
        for sale in sales:
            self._sold[sale.external_id] = self._sell_pass(sale)

    def use_passes(self, uses: Iterable[PassUse], sales: Callable[[str], PassSale]) -> None:
        """`sales`: by number; the id of one that an earlier start sold is asked for by sending it again."""
        for use in uses:
            if use.sale not in self._sold:
                self._sold[use.sale] = self._sell_pass(sales(use.sale))
            body = {"branch_id": self._branches[use.branch], "external_id": use.external_id}
            self._client.post(f"/v1/passes/{self._sold[use.sale]}/use", body)

    def use_allowances(self, actions: Iterable[Action]) -> None:
        """What the member's tier gives free of charge, as long as there is some."""
        for action in actions:
            product = self._industry.free.get(action.kind)
            if product is None:
                continue
            body = {"branch_id": self._branches[action.branch], "external_id": f"FREE-{action.external_id}"}
            try:
                self._client.post(f"/v1/members/{self._member_id(action.number)}/allowances/{product}/use", body)
            except AnswerError as error:
                if error.code not in _NOT_FREE:
                    raise

    def claim(self, claims: Iterable[Claim]) -> None:
        """Claims the reward and hands it out."""
        for one in claims:
            body = {"phone": one.phone, "branch_id": self._branches[one.branch], "external_id": one.external_id}
            made = self._client.post(f"/v1/rewards/{self._reward_id()}/claim", body)
            if made["state"] == "claimed":
                self._client.post(f"/v1/rewards/claims/{made['id']}/collect", {})

    def _sell_pass(self, sale: PassSale) -> str:
        body = {
            "phone": sale.phone,
            "branch_id": self._branches[sale.branch],
            "external_id": sale.external_id,
            "product": sale.product,
            "uses": sale.uses,
            "price": sale.price,
            "valid_until": sale.valid_until.isoformat(),
            "tenders": [{"type": "wechat", "amount": sale.price}],
            "sold_by": sale.sold_by,
        }
        made: str = self._client.post("/v1/passes", body)["id"]
        return made

    def _reward_id(self) -> str:
        if self._reward is None:
            code = self._industry.reward[0] if self._industry.reward else None
            found = self._client.get("/v1/rewards?limit=200")["data"]
            self._reward = next(str(reward["id"]) for reward in found if reward["code"] == code)
        return self._reward
