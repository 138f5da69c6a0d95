"""Many tills at one member's value: what they send, by their own chances, and what each of them was told."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Json = dict[str, Any]
_DEEDS = {
    "buy": 9,
    "regret": 2,
    "give_back": 5,
    "pay_in": 2,
    "pay_in_regret": 3,
    "pay_out": 3,
    "spend_points": 3,
    "adjust": 3,
    "claim": 4,
    "end_claim": 3,
    "visit": 3,
    "scan": 2,
}


@dataclass(frozen=True)
class Told:
    """A request that was answered with success. `text` is the answer's body as it came."""

    kind: str
    url: str
    body: Json
    key: str
    text: str
    answer: Json


@dataclass
class Counters:
    """What all tills share: whom they serve, what is there to be used, and what they were told.

    `may_break`: the server may be killed at any time; whoever gets no answer asks the same again until there is one.
    """

    http: httpx.AsyncClient
    branch_id: str
    member_id: str
    reward_id: str
    numbers: list[str]
    passes: list[str]
    codes: list[str]
    may_break: bool = False
    told: list[Told] = field(default_factory=list)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unanswered: int = 0
    broken: list[str] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Told]:
        return [one for one in self.told if one.kind in kinds]


class ValueTill:
    """One of them. Its name is its clerk's; one request in eight is sent twice at once, by an impatient finger."""

    def __init__(self, counters: Counters, number: int) -> None:
        self.counters, self.name = counters, f"clerk {number}"
        self.chance = random.Random(number)  # noqa: S311  # a test repeats its chances
        self.sent = 0
        deeds: dict[str, Callable[[str], Awaitable[object]]] = {name: getattr(self, f"_{name}") for name in _DEEDS}
        self.deeds = deeds

    async def work(self, done: asyncio.Event) -> None:
        names, weights = list(_DEEDS), list(_DEEDS.values())
        while not done.is_set():
            (name,) = self.chance.choices(names, weights)
            await self.deeds[name](f"{self.name}-{self.sent}")

    async def send(self, kind: str, url: str, body: Json) -> Json | None:
        """The answer, kept as told; None where it was refused, which is counted."""
        self.sent += 1
        key = f"{self.name}-{self.sent}".replace(" ", "")
        times = 2 if self.chance.random() < 1 / 8 else 1
        answers = await asyncio.gather(*(self._once(url, body, key) for _ in range(times)))
        good = [answer for answer in answers if answer.is_success]
        if len({answer.text for answer in good}) > 1:
            self.counters.broken.append(f"{kind}: one key, two answers: {[answer.text for answer in good]}")
        for answer in answers:
            if answer.status_code >= 500:
                self.counters.broken.append(f"{kind}: {answer.status_code} {answer.text}")
        if not good:
            self.counters.refused[kind, answers[0].json()["type"].removeprefix("/problems/")] += 1
            return None
        made: Json = good[0].json()
        self.counters.told.append(Told(kind, url, body, key, good[0].text, made))
        return made

    async def _once(self, url: str, body: Json, key: str) -> httpx.Response:
        """Asks until the answer is heard. That the same is still at work is none yet."""
        while True:
            try:
                answer = await self.counters.http.post(url, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                if not self.counters.may_break:
                    raise
                self.counters.unanswered += 1
                await asyncio.sleep(0.05)
                continue
            waits = answer.status_code == 409 and "idempotency-in-progress" in answer.text
            if not waits and not (self.counters.may_break and answer.status_code == 503):
                return answer
            await asyncio.sleep(0.05)

    # --- what a till does -----------------------------------------------------------------------------------

    def _who(self, mark: str) -> Json:
        return {"member_id": self.counters.member_id, "branch_id": self.counters.branch_id, "external_id": mark}

    async def pay_by_code(self, code: str, amount: int) -> Json | None:
        """What the member's digital card showed is scanned to pay out of the wallet."""
        consent = {"type": "qr", "code": code}
        body = {"amount": amount, "wallet_amount": amount, "wallet_consent": consent, "external_amounts": True}
        return await self.send("buy", "/v1/purchases", {**self._who(f"{self.name}-code"), "sold_by": self.name, **body})

    async def _buy(self, mark: str) -> Json | None:
        tea, cake = self.chance.randint(6_000, 12_000), self.chance.choice([0, 333, 4_000])
        body = {
            **self._who(mark),
            "lines": [{"category": "tea", "amount": tea}, {"category": "cake", "amount": cake}],
            "points_to_redeem": self.chance.choice([0, 0, 100, 450]),
            "wallet_amount": self.chance.choice([0, 0, 777, 3_000]),
            "sold_by": self.name,
        }
        if self.chance.random() < 0.5:
            body["coupons"] = [self.chance.choice(self.counters.numbers)]
        return await self.send("buy", "/v1/purchases", body)

    async def _regret(self, mark: str) -> None:
        if (made := await self._buy(mark)) is not None:
            await self.send("undo", f"/v1/purchases/{made['id']}/undo", {"sold_by": self.name})

    async def _give_back(self, mark: str) -> None:
        """Of anybody's purchase, mostly of a new one: others give the same back at the same time."""
        if sold := self.counters.of("buy")[-24:]:
            sale = self.chance.choice(sold).answer
            amount = max(1, sale["paid"] // self.chance.choice([1, 1, 2, 3]))
            await self.send("give_back", f"/v1/purchases/{sale['id']}/refunds", {"external_id": mark, "amount": amount})

    async def _pay_in(self, mark: str) -> Json | None:
        body = {**self._who(mark), "amount": self.chance.choice([300, 1_000, 2_000]), "sold_by": self.name}
        return await self.send("pay_in", "/v1/wallet/top-ups", body)

    async def _pay_in_regret(self, mark: str) -> None:
        if (made := await self._pay_in(mark)) is not None:
            await self.send("undo_pay_in", f"/v1/wallet/top-ups/{made['id']}/undo", {"sold_by": self.name})

    async def _pay_out(self, mark: str) -> None:
        body = {**self._who(mark), "amount": self.chance.choice([100, 1_500, 4_000])}
        await self.send("pay_out", "/v1/wallet/refunds", body)

    async def _spend_points(self, mark: str) -> None:
        await self.send("spend_points", "/v1/points/redeem", {**self._who(mark), "points": self.chance.randint(1, 300)})

    async def _adjust(self, mark: str) -> None:
        body = {**self._who(mark), "points": self.chance.choice([60, 200, -90]), "reason": "counted again"}
        await self.send("adjust", "/v1/points/adjust", body)

    async def _claim(self, mark: str) -> None:
        await self.send("claim", f"/v1/rewards/{self.counters.reward_id}/claim", self._who(mark))

    async def _end_claim(self, mark: str) -> None:
        if claims := self.counters.of("claim")[-6:]:
            how = self.chance.choice(["collect", "cancel"])
            await self.send(how, f"/v1/rewards/claims/{self.chance.choice(claims).answer['id']}/{how}", {})

    async def _visit(self, mark: str) -> None:
        url = f"/v1/passes/{self.chance.choice(self.counters.passes)}"
        body = {"branch_id": self.counters.branch_id, "external_id": mark}
        if self.chance.random() < 0.2:
            await self.send("pass_refund", f"{url}/refund", {**body, "uses": 1})
            return
        used = await self.send("visit", f"{url}/use", {**body, "count": self.chance.choice([1, 2])})
        if used is not None and self.chance.random() < 0.4:
            await self.send("undo_visit", f"{url}/undo-use", {"entry_id": used["id"]})

    async def _scan(self, mark: str) -> None:
        """A till that takes a printed coupon's value off by itself."""
        number = self.chance.choice(self.counters.numbers)
        body = {"number": number, "branch_id": self.counters.branch_id, "external_id": mark}
        await self.send("scan", "/v1/coupons/redeem", body)
