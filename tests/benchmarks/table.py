"""Results and the table they make."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison; `met` None where nothing was promised. Texts are ready to be shown."""

    what: str
    ours: str
    baseline: str
    ratio: str
    target: str
    met: bool | None


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """Smallest to largest, so that a reader sees how busy the machine was."""
    return f"{min(values):,.2f}-{max(values):,.2f}"


def markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = ["| What | Ours | Baseline | Ratio | Target | Met |", "|---|---|---|---|---|---|"]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append(f"| {row.what} | {row.ours} | {row.baseline} | {row.ratio} | {row.target} | {met} |")
    return "\n".join(lines)
