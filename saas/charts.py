"""Charts as SVG, drawn here: colours come from classes (so dark mode follows), no inline style, nothing to run.

Each has a role, a title and a description for who can't see it; the page puts a table of the numbers beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import pi
from typing import Final

from markupsafe import Markup, escape

TONES: Final = 8
_ids = count(1)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a whole. `tone` 0…7 picks its colour; `label` and `value` are texts for people."""

    size: int
    tone: int
    label: str
    value: str


def donut(slices: Sequence[Slice], *, title: str, summary: str, centre: str, caption: str) -> Markup:
    """A ring whose arcs are in proportion to the slices, with a number in its middle."""
    whole = sum(part.size for part in slices)
    radius, turn = 42.0, 2 * pi * 42.0
    gap = 1.6 if sum(1 for part in slices if part.size) > 1 else 0.0
    arcs, start = [], 0.0
    for part in slices:
        length = turn * part.size / whole if whole else 0.0
        if part.size:
            # a sliver stays visible, however small its share
            seen = max(length - gap, 0.8)
            arcs.append(
                f'<circle class="arc tone-{part.tone % TONES}" cx="60" cy="60" r="{radius:g}"'
                f' stroke-dasharray="{seen:.2f} {turn - seen:.2f}" stroke-dashoffset="{-start:.2f}">'
                f"<title>{escape(part.label)}: {escape(part.value)}</title></circle>"
            )
        start += length
    ring = f'<circle class="track" cx="60" cy="60" r="{radius:g}"/>'
    words = (
        f'<text class="donut-number" x="60" y="61" aria-hidden="true">{escape(centre)}</text>'
        f'<text class="donut-caption" x="60" y="76" aria-hidden="true">{escape(caption)}</text>'
    )
    body = f'{ring}<g transform="rotate(-90 60 60)">{"".join(arcs)}</g>{words}'
    return svg("donut", "0 0 120 120", title, summary, body)


def sparkline(values: Sequence[int], *, title: str, summary: str) -> Markup:
    """A line over equal steps, its area shaded, the last point marked; empty where there is nothing to see."""
    if len(values) < 2 or not any(values):  # noqa: PLR2004  # a line needs two points
        return Markup("")
    width, height, pad = 120.0, 40.0, 4.0
    low, high = min(values), max(values)
    step = (width - 2 * pad) / (len(values) - 1)
    span = (high - low) or 1
    points = [
        (pad + n * step, height - pad - (height - 2 * pad) * ((v - low) / span if high > low else 0.5))
        for n, v in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last_x, last_y = points[-1]
    body = (
        f'<polygon class="spark-area" points="{pad:g},{height:g} {path} {last_x:.1f},{height:g}"/>'
        f'<polyline class="spark-line" points="{path}"/>'
        f'<circle class="spark-dot" cx="{last_x:.1f}" cy="{last_y:.1f}" r="2.5"/>'
    )
    return svg("spark", f"0 0 {width:g} {height:g}", title, summary, body)


def share_bar(part: int, whole: int, *, title: str, summary: str) -> Markup:
    """How much of a whole a part is, as a filled bar."""
    filled = 120 * part / whole if whole else 0.0
    body = (
        '<rect class="track" x="0" y="0" width="120" height="6" rx="3"/>'
        f'<rect class="fill" x="0" y="0" width="{filled:.2f}" height="6" rx="3"/>'
    )
    return svg("share", "0 0 120 6", title, summary, body, stretch=True)


def svg(kind: str, box: str, title: str, summary: str, body: str, *, stretch: bool = False) -> Markup:
    """A picture with its title and what it says; `body` is markup of ours, its texts escaped."""
    name = f"chart-{next(_ids)}"
    aspect = ' preserveAspectRatio="none"' if stretch else ""
    return Markup(  # noqa: S704 - numbers of ours; every text above and here is escaped  # nosec B704
        f'<svg class="chart {kind}" viewBox="{box}"{aspect} role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(summary)}</desc>{body}</svg>'
    )
