"""A template's story: a chain of that template whose days go by, with members who buy and do things."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from saas.scope import tenant_scope
from support.chains import Chain
from support.clock import owner, set_clock
from support.counter import change_wallet, topped_up
from support.midnights import work
from support.till import bought, give_back, member, rows
from tenants.programme.versions import current_programme
from tenants.programme.windows import add_months
from tenants.tiers.schedules import install_schedules

Json = dict[str, Any]
NewChain = Callable[..., Awaitable[Chain]]
ZONE = ZoneInfo("Asia/Shanghai")


def noon(day: str | date) -> datetime:
    """Midday in the chain's own time."""
    text = day if isinstance(day, str) else day.isoformat()
    return datetime.fromisoformat(f"{text} 12:00").replace(tzinfo=ZONE)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def _fen(yuan: int | str) -> int:
    whole, _, cents = str(yuan).partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])


class Story:
    """Days are the chain's own, YYYY-MM-DD; money in yuan, as an owner says it."""

    def __init__(self, chain: Chain, drain: Any, day: date) -> None:
        self.chain = chain
        self._drain = drain
        self._today = day
        self._numbers = count(1)
        self._unlimited = False

    @classmethod
    async def begin(cls, new_chain: NewChain, drain: Any, template: str, day: str, **fields: str) -> "Story":
        """A chain that signs up on this day."""
        chain = await new_chain(template=template, timezone=ZONE.key, **fields)
        await set_clock(chain.tenant_id, noon(day))
        await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
        async with tenant_scope(chain.tenant_id):
            await install_schedules(await current_programme(), ZONE.key)
        return cls(chain, drain, date.fromisoformat(day))

    async def until(self, day: str, *nights: str) -> None:
        """Time goes on to midday of `day`. Schedules fire at the midnight of each first of a month on the way and of
        `nights`; other nights, at which nothing of the story can happen, are skipped.
        """
        end, stop = date.fromisoformat(day), self._today.replace(day=1)
        stops = {date.fromisoformat(night) for night in nights}
        while (stop := add_months(stop, 1)) <= end:
            stops.add(stop)
        for night in sorted(stops):
            await self._skip_to(midnight(night))
            await set_clock(self.chain.tenant_id, midnight(night) + timedelta(milliseconds=1))
            await work(self.chain, self._drain)
        await self._skip_to(midnight(end + timedelta(days=1)))
        await set_clock(self.chain.tenant_id, noon(end))
        self._today = end

    async def _skip_to(self, instant: datetime) -> None:
        await (await owner()).execute(
            "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1 AND next_at < $2", self.chain.tenant_id, instant
        )

    async def joins(self, **fields: Any) -> str:
        """A new member's id."""
        return await member(self.chain, **fields)

    async def buys(self, who: str | None, yuan: int | str, **fields: Any) -> Json:
        """The purchase's answer; `yuan` with a decimal point as text."""
        return await bought(self.chain, f"T{next(self._numbers)}", _fen(yuan), member_id=who, **fields)

    async def returns(self, purchase: Json, yuan: int) -> None:
        answer = await give_back(self.chain, purchase["id"], f"R{next(self._numbers)}", yuan * 100)
        assert answer.status_code == 201, answer.text

    async def does(self, who: str, kind: str, times: int = 1, **fields: Any) -> None:
        for _ in range(times):
            body = {"member_id": who, "kind": kind, "external_id": f"A{next(self._numbers)}", **fields}
            answer = await self.chain.http.post("/v1/activities", json=body)
            assert answer.status_code == 201, answer.text

    async def tops_up(self, who: str, yuan: int | str) -> Json:
        """The top-up's answer. No limit of the law stands in a story's way: its owner has raised it."""
        if not self._unlimited:
            await change_wallet(self.chain, limits={"named": 10**9, "unnamed": 10**9, "bonus_counts": False})
            self._unlimited = True
        return await topped_up(self.chain, who, f"U{next(self._numbers)}", _fen(yuan))

    async def recalculates(self) -> None:
        """Everybody is evaluated now."""
        assert (await self.chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
        await self.works()

    async def works(self) -> None:
        """Every job that waits is done."""
        await work(self.chain, self._drain)

    async def tier(self, who: str, ladder: str | None = None) -> str:
        """The tier's code on a ladder, the main one without."""
        shown = (await self.chain.http.get(f"/v1/members/{who}")).json()
        held: Json = shown["tier"] if ladder is None else shown["tiers"][ladder]
        code: str = held["code"]
        return code

    async def benefits(self, who: str) -> list[Json]:
        """Those of the member's tier on the main ladder, as the rules in force have them."""
        rules = (await self.chain.http.get("/v1/programme")).json()
        held = await self.tier(who)
        (tier,) = (tier for tier in rules["ladders"][0]["tiers"] if tier["code"] == held)
        found: list[Json] = tier["benefits"]
        return found

    async def explained(self, who: str, ladder: str | None = None) -> Json:
        query = {} if ladder is None else {"ladder": ladder}
        answer = await self.chain.http.get(f"/v1/members/{who}/tier", params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def decided(self, who: str, ladder: str) -> list[tuple[str, str, str]]:
        """When (local day), to what, why: every decision of a member on a ladder, the earliest first."""
        found = [row for row in await rows(self.chain, "decision") if str(row["member_id"]) == who]
        mine = sorted((row for row in found if row["ladder"] == ladder), key=lambda row: row["id"])
        return [
            (row["effective_at"].astimezone(ZONE).date().isoformat(), row["to_tier"], row["reason"]) for row in mine
        ]
