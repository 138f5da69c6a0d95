"""What a check is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` answers a row (id, expected, stored) for each difference, ordered by id; $1 is the tenant. `noun` says what
    the id is of.
    """

    code: str
    noun: str
    sql: str
