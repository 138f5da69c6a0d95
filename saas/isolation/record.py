"""What was tried, what it answered, and what it found."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that should not have been: at which route, table or job, by which attack, what was tried, and what
    came of it. Never what it showed.
    """

    attack: str
    place: str
    tried: str
    said: str


@dataclass(slots=True)
class Tally:
    """What one attack tried at one place, and how often which answer came."""

    tries: int = 0
    answers: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Record:
    """Everything that was tried. `places` of the attack, in the order in which they were tried."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)

    def tried(self, attack: str, place: str, answer: object, times: int = 1) -> None:
        tally = self.tallies.setdefault((attack, place), Tally())
        tally.tries += times
        tally.answers[str(answer)] += times

    def leak(self, attack: str, place: str, tried: str, said: str) -> None:
        self.leaks.append(Leak(attack, place, tried, said[:500]))

    @property
    def tries(self) -> int:
        return sum(tally.tries for tally in self.tallies.values())

    def of(self, attack: str) -> int:
        """How often this was tried, anywhere."""
        return sum(tally.tries for (kind, _), tally in self.tallies.items() if kind == attack)

    def lines(self) -> list[dict[str, Any]]:
        """One for each attack at each place: `{attack, place, tries, answers, leaks}`."""
        found = Counter((leak.attack, leak.place) for leak in self.leaks)
        return [
            {
                "attack": attack,
                "place": place,
                "tries": tally.tries,
                "answers": dict(sorted(tally.answers.items())),
                "leaks": found[attack, place],
            }
            for (attack, place), tally in self.tallies.items()
        ]
