"""What a demo chain is made of: tables, one set for each industry."""

from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo

from saas.demo.seasons import Season

ZONE: Final = ZoneInfo("Asia/Shanghai")
DAYS: Final = 730
"""How far the history reaches back, unless a shorter one is asked for."""

Course = Literal["steady", "lapsed", "returned", "once", "never", "newcomer"]
"""How membership goes: on and on; until some day; with a long pause; one purchase; none; joined some weeks ago."""


@dataclass(frozen=True, slots=True)
class Branch:
    """`opened`: days before today; None: before the history begins."""

    code: str
    name: str
    kind: Literal["own", "franchise"] = "own"
    opened: int | None = None
    weight: int = 10


@dataclass(frozen=True, slots=True)
class Goods:
    """What a line may hold; a line's price lies between `low` and `high` fen, small ones more often. `weight`: how
    often it is taken. `member`: what members pay for a piece whose list price is `low` for everybody.
    """

    category: str
    sku: str
    low: int
    high: int
    weight: int = 10
    member: int | None = None


@dataclass(frozen=True, slots=True)
class PassKind:
    """A pass of `uses` visits for `price` fen, good for `days`; `share` of the active members have one, and use it
    `monthly` times.
    """

    product: str
    uses: int
    price: int
    days: int
    share: float
    monthly: float


@dataclass(frozen=True, slots=True)
class Habit:
    """A kind of customer. `share` of the members, `monthly` visits, `basket`: the categories it buys ("": any) and
    `lines` how many lines at most. `price` scales what a line costs, `active` how much it takes part.
    """

    share: int
    course: Course
    monthly: float
    price: float = 1.0
    lines: int = 3
    basket: tuple[str, ...] = ()
    active: float = 0.0
    company: bool = False


@dataclass(frozen=True, slots=True)
class Pastime:
    """An activity: `monthly` times for a member with `active` 1; a number between `low` and `high` (in steps of
    `step`), or two of them under `fields`. `health`: only with that consent.
    """

    kind: str
    monthly: float
    value: tuple[float, float] | None = None
    fields: dict[str, tuple[int, int]] | None = None
    health: bool = False


@dataclass(frozen=True, slots=True)
class Industry:
    """One chain. `weekdays` from Monday on and `hours` (of the day) say when people come; `tenders` how they pay;
    `decided` how many months lie between two of its schedules. `insured`: the categories that medical insurance pays.
    `passers_by`: tickets a day without a member. `ages`, `women` and `tags` (share of the members) describe people,
    `traits` are choices of the template's attributes with how often each is made,
    `referred` and `refunded` are shares of members and tickets.

    `priced`: who knows what is to be paid: the till itself (`final`), the till with the members' price list (`list`),
    or the chain alone, by the member's tier (`tier`). `tops_up`: of the members; `top_ups`: steps with their bonus, as
    the template has them, in fen. `redeems` and `claims`: of the tickets whose buyer has enough points: they pay a
    part, or `reward` (code, points) is claimed. `no_points`: categories that earn none. `free`: kinds of activities
    that use up an allowance. `days`: how far the history reaches back.
    """

    template: str
    company: str
    city: str
    branches: tuple[Branch, ...]
    goods: tuple[Goods, ...]
    habits: tuple[Habit, ...]
    season: Season
    weekdays: tuple[float, float, float, float, float, float, float]
    hours: dict[int, int]
    tenders: dict[str, int]
    members: int
    passers_by: float
    decided: Literal[1, 3]
    ages: tuple[int, int] = (19, 72)
    women: float = 0.6
    tags: dict[str, float] = field(default_factory=dict)
    traits: dict[str, dict[str, int]] = field(default_factory=dict)
    insured: tuple[str, ...] = ()
    pastimes: tuple[Pastime, ...] = ()
    referred: float = 0.08
    refunded: float = 0.015
    priced: Literal["final", "list", "tier"] = "final"
    tops_up: float = 0.0
    top_ups: dict[int, int] = field(default_factory=dict)
    redeems: float = 0.0
    reward: tuple[str, int] | None = None
    claims: float = 0.0
    no_points: tuple[str, ...] = ()
    passes: tuple[PassKind, ...] = ()
    free: dict[str, str] = field(default_factory=dict)
    days: int = DAYS

    @property
    def measures_health(self) -> bool:
        return any(pastime.health for pastime in self.pastimes)
