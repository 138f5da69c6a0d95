"""A simulation's result as a page shows it: who moves from where to where."""

from dataclasses import dataclass
from typing import Any, Final

from saas.errors import Language
from tenants.programme.document import Ladder, Programme
from tenants.programme.published import Lineage
from tenants.tiers.labels import tone_of

NO_BRANCH: Final = "none"


@dataclass(frozen=True, slots=True)
class End:
    """A tier as a row or column; `code` empty where the rules on that side don't have the ladder."""

    code: str
    name: str
    tone: int


@dataclass(frozen=True, slots=True)
class Cell:
    """So many members; `kind`: stay, up, down, or none where nobody is."""

    members: int
    kind: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A ladder: rows as the rules in force call the tiers, columns as the draft does, the highest first."""

    ladder: str
    name: str
    rows: list[tuple[End, list[Cell], int]]
    columns: list[End]
    up: int
    down: int


def matrices(result: Any, present: Programme, draft: Programme, lineage: Lineage, branch: str | None,
             language: Language) -> list[Matrix]:  # fmt: skip
    """One for each ladder that has members to show. `branch`: that branch alone, `none`: who has none."""
    moves = result["moves"] if branch is None else [
        move for move in result["branches"] if (move["branch_id"] or NO_BRANCH) == branch
    ]  # fmt: skip
    found = []
    for code in dict.fromkeys(ladder.code for ladder in (*draft.ladders, *present.ladders)):
        cells = {(m["from"] or "", m["to"] or ""): m["members"] for m in moves if m["ladder"] == code}
        if cells:
            found.append(_matrix(code, cells, present.ladder(code), draft.ladder(code), lineage, language))
    return found


def _matrix(
    code: str,
    cells: dict[tuple[str, str], int],
    before: Ladder | None,
    after: Ladder | None,
    lineage: Lineage,
    language: Language,
) -> Matrix:
    rows, columns = _ends(before, language), _ends(after, language)
    told, up, down = [], 0, 0
    for row in rows:
        line = []
        for column in columns:
            members = cells.get((row.code, column.code), 0)
            kind = _kind(row.code, column.code, before, after, lineage.get(code, {})) if members else "none"
            line.append(Cell(members, kind))
            up, down = up + members * (kind == "up"), down + members * (kind == "down")
        told.append((row, line, sum(cell.members for cell in line)))
    named = after or before
    return Matrix(code, named.names.get(language) if named else code, told, columns, up, down)


def _ends(ladder: Ladder | None, language: Language) -> list[End]:
    if ladder is None:
        return [End("", "—", 0)]
    return [
        End(tier.code, tier.names.get(language), tone_of(tier.rank, len(ladder.tiers)))
        for tier in reversed(ladder.tiers)
    ]


def _kind(was: str, will: str, before: Ladder | None, after: Ladder | None, lineage: Any) -> str:
    """Up and down are told by the draft's ranks; to lose a whole ladder is a fall, from above its base."""
    held = before.tier(was) if before else None
    gets = after.tier(will) if after else None
    if gets is None:
        return "down" if held is not None and held.rank > 0 else "stay"
    goes_on = after.tier(lineage.get(was, was)) if after else None
    rank = 0 if held is None or held.rank == 0 else held.rank if goes_on is None else goes_on.rank
    return "stay" if gets.rank == rank else "up" if gets.rank > rank else "down"
