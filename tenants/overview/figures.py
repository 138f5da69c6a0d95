"""Key figures: the number, how it has changed, a small picture, and what it means exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from saas.charts import share_bar, sparkline
from saas.i18n import Tongue, n_
from tenants.overview.asking import Choice
from tenants.overview.tables import members_of
from tenants.reports.span import Against

_Data = Mapping[str, Any]
_VERSUS: Final[Mapping[Against, str]] = {"before": n_("vs the days before"), "year": n_("vs a year ago")}

MEMBERS: Final = n_(
    "Who joined by the end of the last day and has not left. With a branch chosen: whose home branch it is."
)
JOINED: Final = n_("Members whose joining day is one of these days, those who have left since included.")
SALES: Final = n_(
    "What the purchases of these days came to after discounts and coupons. A refund is taken off on the day of its"
    " purchase; undone entries count nowhere. Guests’ purchases are in it."
)
SHARE: Final = n_("Sales to members ÷ all sales of these days.")
REPURCHASE: Final = n_(
    "Members with two or more purchases in these days ÷ members with one or more. Wholly refunded ones don’t count."
)
AVERAGE: Final = n_("Sales ÷ purchases, guests’ included.")
WALLET: Final = n_("Stored value that members can still spend: principal and bonus, at the end of the last day.")
POINTS: Final = n_(
    "Points that members hold at the end of the last day; worth so much by the programme’s rule for paying."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """Ready to be shown. `tone`: good, bad or even. `link`: where its members are."""

    sign: str
    title: str
    number: str
    change: str
    tone: str
    note: str
    about: str
    chart: Markup
    link: str = ""


def figures(choice: Choice, now: _Data, then: _Data | None, currency: str, speaks: Tongue) -> list[Figure]:
    """Of two answers of `overview`; `then` None: not found yet."""
    return _Figures(choice, currency, speaks).all(now, then)


def owed(found: _Data, currency: str, speaks: Tongue) -> list[Figure]:
    """Of an answer of `liability`: against the balance before the first day."""
    wallet, points, before = found["wallet"], found["points"], found["before"]
    total, earlier = wallet["principal"] + wallet["bonus"], before["principal"] + before["bonus"]
    since = speaks.say("since the first day")
    worth = (
        ""
        if points["value"] is None
        else speaks.say("worth %(amount)s", amount=speaks.money(points["value"], currency))
    )
    wallets = [step["principal"] + step["bonus"] for step in found["steps"]]
    held = [step["points"] for step in found["steps"]]
    return [
        Figure(
            "wallet",
            speaks.say("Stored value"),
            speaks.money(total, currency),
            _percent(total, earlier, speaks),
            "even",
            since,
            speaks.say(WALLET),
            _spark(wallets, speaks.say("Stored value"), [speaks.money(each, currency) for each in wallets]),
            "/members?segment=wallet:held",
        ),
        Figure(
            "coins",
            speaks.say("Points not used"),
            speaks.compact(points["balance"]),
            _percent(points["balance"], before["points"], speaks),
            "even",
            worth or since,
            speaks.say(POINTS),
            _spark(held, speaks.say("Points not used"), [speaks.number(each) for each in held]),
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Figures:
    choice: Choice
    currency: str
    speaks: Tongue

    def all(self, now: _Data, then: _Data | None) -> list[Figure]:
        say, link = self.speaks.say, members_of(self.choice)
        sales, before = now["sales"], None if then is None else then["sales"]
        bought, bought_then = now["buyers"], None if then is None else then["buyers"]
        again = (
            say("Repurchase rate"),
            self.speaks.plural(
                "%(again)s of %(n)s buyer",
                "%(again)s of %(n)s buyers",
                bought["members"],
                again=self.speaks.number(bought["again"]),
            ),
            Markup(""),
        )
        return [
            self._counted("users", say("Members"), MEMBERS, "members", "total", now, then, link),
            self._counted("user-plus", say("New members"), JOINED, "members", "joined", now, then, link),
            self._money("receipt-text", say("Sales"), SALES, "amount", now, then),
            self._rate("percent", SHARE, sales["member_share"], _of(before, "member_share"), self._share(sales)),
            self._rate("repeat", REPURCHASE, bought["repurchase_rate"], _of(bought_then, "repurchase_rate"), again),
            self._average(sales, before),
        ]

    def _counted(
        self, sign: str, title: str, about: str, part: str, name: str, now: _Data, then: _Data | None, link: str
    ) -> Figure:
        values = [step["members" if name == "total" else name] for step in now["steps"]]
        value, before = now[part][name], None if then is None else then[part][name]
        return Figure(
            sign,
            title,
            self.speaks.number(value),
            *self._change(value, before),
            self.speaks.say(about),
            _spark(values, title, [self.speaks.number(each) for each in values]),
            link,
        )

    def _money(self, sign: str, title: str, about: str, name: str, now: _Data, then: _Data | None) -> Figure:
        values = [step[name] for step in now["steps"]]
        value, before = now["sales"][name], None if then is None else then["sales"][name]
        return Figure(
            sign,
            title,
            self._amount(value),
            *self._change(value, before),
            self.speaks.say(about),
            _spark(values, title, [self._amount(each) for each in values]),
        )

    def _average(self, sales: _Data, before: _Data | None) -> Figure:
        value = sales["average"]
        shown = "—" if value is None else self._amount(value)
        change, tone, note = self._change(value or 0, _of(before, "average"))
        counted = self.speaks.plural("%(n)s purchase", "%(n)s purchases", sales["purchases"])
        title = self.speaks.say("Average purchase")
        return Figure(
            "shopping-basket", title, shown, change, tone, note or counted, self.speaks.say(AVERAGE), Markup("")
        )

    def _rate(
        self, sign: str, about: str, rate: str | None, before: str | None, words: tuple[str, str, Markup]
    ) -> Figure:
        """`words`: title, note, picture."""
        change, tone = "", "even"
        if rate is not None and before is not None:
            points = (Decimal(rate) - Decimal(before)) * 100
            change = self.speaks.say("%(sign)s%(points)s points", sign=_sign(points), points=f"{abs(points):.1f}")
            tone = _tone(points)
        title, note, chart = words
        return Figure(sign, title, self.speaks.rate(rate), change, tone, note, self.speaks.say(about), chart)

    def _change(self, value: int, before: int | None) -> tuple[str, str, str]:
        """The change, its tone, and against what."""
        if not before:
            return "", "even", ""
        return (
            _percent(value, before, self.speaks),
            _tone(value - before),
            self.speaks.say(_VERSUS[self.choice.against]),
        )

    def _share(self, sales: _Data) -> tuple[str, str, Markup]:
        title = self.speaks.say("Members’ share of sales")
        note = self.speaks.say("%(amount)s from members", amount=self._amount(sales["member_amount"]))
        summary = self.speaks.rate(sales["member_share"])
        return title, note, share_bar(sales["member_amount"], sales["amount"], title=title, summary=summary)

    def _amount(self, minor: int) -> str:
        return self.speaks.money(minor, self.currency)


def _of(found: _Data | None, name: str) -> Any:
    return None if found is None else found[name]


def _percent(value: int, before: int, speaks: Tongue) -> str:
    if before <= 0:
        return ""
    return _sign(value - before) + speaks.percent(abs(value - before), before)


def _sign(change: Decimal | int) -> str:
    return "+" if change > 0 else "−" if change < 0 else "±"


def _tone(change: Decimal | int) -> str:
    return "good" if change > 0 else "bad" if change < 0 else "even"


def _spark(values: Sequence[int], title: str, texts: Sequence[str]) -> Markup:
    return sparkline(values, title=title, summary=", ".join(texts))
