"""What the doctor says of one thing."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "doubtful", "wrong"]
_COLOURS: dict[State, int] = {"ok": 32, "doubtful": 33, "wrong": 31}


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` says what to do; empty where there is nothing. Only `wrong` makes the command fail."""

    state: State
    about: str
    said: str
    mend: str = ""

    def line(self, *, colour: bool = False) -> str:
        state = f"{self.state:<8}"
        if colour:
            state = f"\x1b[{_COLOURS[self.state]}m{state}\x1b[0m"
        text = f"{state}  {self.about}: {self.said}"
        return f"{text}\n{'':<10}→ {self.mend}" if self.mend else text


def ok(about: str, said: str) -> Finding:
    return Finding("ok", about, said)


def doubtful(about: str, said: str, mend: str) -> Finding:
    return Finding("doubtful", about, said, mend)


def wrong(about: str, said: str, mend: str) -> Finding:
    return Finding("wrong", about, said, mend)
