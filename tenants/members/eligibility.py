"""Who may join: the programme says from which age, and whether people, companies or both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from saas.errors import DomainError, FieldError
from tenants.programme.rules import Eligibility

Kind = Literal["person", "company"]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why somebody may not join: the name of the field at fault and the error's code."""

    name: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def years_between(birthday: date, day: date) -> int:
    """Whole years of age on a day; who was born on 29 February is a year older on the 28th of other years."""
    years = day.year - birthday.year
    return years if (day.month, day.day) >= _anniversary(birthday, day.year) else years - 1


def _anniversary(birthday: date, year: int) -> tuple[int, int]:
    try:
        birthday.replace(year=year)
    except ValueError:
        return 2, 28
    return birthday.month, birthday.day


def obstacles(rules: Eligibility, kind: Kind, birthday: date | None, today: date) -> Iterator[Obstacle]:
    """Everything that keeps a member of this kind and birthday from joining today. A company has no age."""
    if kind not in rules.kinds:
        yield Obstacle("kind", "kind-not-eligible", {"expected": ", ".join(rules.kinds)})
    if kind == "person" and rules.min_age is not None:
        if birthday is None:
            yield Obstacle("birthday", "birthday-needed", {"min": rules.min_age})
        elif years_between(birthday, today) < rules.min_age:
            yield Obstacle("birthday", "too-young", {"min": rules.min_age})


def require_eligible(rules: Eligibility, kind: Kind, birthday: date | None, today: date) -> None:
    """Raises DomainError `not-eligible` with every obstacle."""
    found = list(obstacles(rules, kind, birthday, today))
    if found:
        raise DomainError("not-eligible", errors=[FieldError(f"/{o.name}", o.code, o.params) for o in found])
