"""What an evaluation writes."""

from dataclasses import dataclass, field
from datetime import date, datetime

from oracle.conditions import Facts, Standing
from oracle.steps import Mode


@dataclass(frozen=True)
class Decision:
    """One written change or renewal. Tiers are codes; `standing` is the one after it.

    `facts` maps each leaf of the ladder to its value at this evaluation (None: no value, so not met);
    a leaf is named by its place: `silver/qualify`, `gold/retain/any/0`, `gold/qualify/all/1/not`.
    `day` is the D of those values. `mode`: how to evaluate it again. `before`: the standing that it replaced, in the
    tier `from_tier` of the rules until then. `version`: the one in force; `rules`: the one that decided, which for a
    recheck is older. `cause`: the purchase that it came of; `undoes`: it came of that purchase's undo.
    `carries`: new rules left the standing as it was, under the name that they have for it.
    """

    ladder: str
    member: str
    effective_at: datetime
    from_tier: str
    to_tier: str
    reason: str
    standing: Standing
    facts: Facts
    day: date
    mode: Mode
    before: Standing = field(default_factory=Standing)
    version: int = 1
    rules: int = 1
    cause: str = ""
    undoes: bool = False
    carries: bool = False

    @property
    def valid_until(self) -> date | None:
        return self.standing.valid_until
