"""Charts with axes, as SVG: lines, stacked areas, bars. As in `saas.charts`, colours are classes and nothing runs.

Texts are larger on narrow windows, and every other label goes (`minor`); the page puts a table beside each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from saas.charts import TONES, svg

_WIDTH: Final = 560.0
_HEIGHT: Final = 230.0
_LEFT: Final = 46.0
_RIGHT: Final = 12.0
_TOP: Final = 10.0
_BOTTOM: Final = 26.0
_BASE: Final = _HEIGHT - _BOTTOM
_LINES: Final = 4
_LABELS: Final = 7
_ROUND: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Line:
    """A value at each step, the first step first. `kind` is a class: `now`, or `then` for what it is held against."""

    values: Sequence[int]
    kind: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What stands below and over the steps: a short label, and a text that tells its numbers."""

    labels: Sequence[str]
    tips: Sequence[str]


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart is called, and what it says to who can't see it; `tick` writes a number at the axis."""

    title: str
    summary: str
    tick: Callable[[int], str]


def lines(series: Sequence[Line], steps: Steps, words: Words, *, top: int | None = None) -> Markup:
    """Lines over equal steps from 0 up, to `top` or a round number; the one of kind `now` has its area shaded."""
    top = top or _round_up(max((v for line in series for v in line.values), default=0))
    drawn = []
    for line in series:
        points = [f"{x:.1f},{_y(v, top):.1f}" for x, v in zip(_centres(len(steps.labels)), line.values, strict=False)]
        if line.kind == "now" and len(points) > 1:
            ends = points[0].split(",")[0], points[-1].split(",")[0]
            outline = f"{ends[0]},{_BASE:g} {' '.join(points)} {ends[1]},{_BASE:g}"
            drawn.append(f'<polygon class="plot-area" points="{outline}"/>')
        if len(points) == 1:
            x, y = points[0].split(",")
            drawn.append(f'<circle class="plot-dot {line.kind}" cx="{x}" cy="{y}" r="3.5"/>')
        else:
            drawn.append(f'<polyline class="plot-line {line.kind}" points="{" ".join(points)}"/>')
    return _plot("lines", "".join(drawn), top, steps, words)


def stacked(layers: Sequence[tuple[int, Sequence[int]]], steps: Steps, words: Words) -> Markup:
    """Areas over each other, the first at the bottom: (tone, values)."""
    count = len(steps.labels)
    floor = [0] * count
    top = _round_up(max((sum(column) for column in zip(*(values for _, values in layers), strict=True)), default=0))
    drawn = []
    xs = _centres(count) if count > 1 else [_LEFT, _WIDTH - _RIGHT]
    for tone, values in layers:
        roof = [a + b for a, b in zip(floor, values, strict=True)]
        low, high = (floor, roof) if count > 1 else (floor * 2, roof * 2)
        there = [f"{x:.1f},{_y(v, top):.1f}" for x, v in zip(xs, high, strict=True)]
        back = [f"{x:.1f},{_y(v, top):.1f}" for x, v in zip(reversed(xs), reversed(low), strict=True)]
        drawn.append(f'<polygon class="layer tone-{tone % TONES}" points="{" ".join([*there, *back])}"/>')
        floor = roof
    return _plot("stacked", "".join(drawn), top, steps, words)


def bars(values: Sequence[int], steps: Steps, words: Words) -> Markup:
    """A bar at each step."""
    top = _round_up(max(values, default=0))
    wide = min((_WIDTH - _LEFT - _RIGHT) / max(len(values), 1) * 0.66, 36.0)
    drawn = "".join(
        f'<rect class="bar" x="{x - wide / 2:.1f}" y="{_y(v, top):.1f}" width="{wide:.1f}"'
        f' height="{_BASE - _y(v, top):.1f}"/>'
        for x, v in zip(_centres(len(values)), values, strict=True)
        if v > 0
    )
    return _plot("bars", drawn, top, steps, words)


def _plot(kind: str, drawn: str, top: int, steps: Steps, words: Words) -> Markup:
    body = _grid(top, words.tick) + drawn + _labels(steps.labels) + _tips(steps.tips)
    return svg(f"plot {kind}", f"0 0 {_WIDTH:g} {_HEIGHT:g}", words.title, words.summary, body)


def _grid(top: int, tick: Callable[[int], str]) -> str:
    found = []
    for n in range(_LINES + 1):
        value = top * n // _LINES
        y = _y(value, top)
        found.append(f'<line class="grid" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        minor = " minor" if n % 2 else ""
        found.append(f'<text class="tick{minor}" x="{_LEFT - 7:g}" y="{y + 3.5:.1f}">{escape(tick(value))}</text>')
    return "".join(found)


def _labels(labels: Sequence[str]) -> str:
    """The last one always, and as many before it as have room."""
    every = -(-len(labels) // _LABELS)
    found = []
    for n, (x, label) in enumerate(zip(_centres(len(labels)), labels, strict=True)):
        places = len(labels) - 1 - n
        if places % every == 0:
            minor = " minor" if places // every % 2 else ""
            found.append(f'<text class="label{minor}" x="{x:.1f}" y="{_HEIGHT - 8:g}">{escape(label)}</text>')
    return "".join(found)


def _tips(tips: Sequence[str]) -> str:
    """Over each step a pane that tells its numbers under the pointer; how tall they are is the style sheet's."""
    wide = (_WIDTH - _LEFT - _RIGHT) / max(len(tips), 1)
    panes = "".join(
        f'<rect x="{x - wide / 2:.1f}" width="{wide:.1f}"><title>{escape(tip)}</title></rect>'
        for x, tip in zip(_centres(len(tips)), tips, strict=True)
    )
    return f'<g class="panes">{panes}</g>'


def _centres(count: int) -> list[float]:
    """Where each of so many steps lies."""
    wide = (_WIDTH - _LEFT - _RIGHT) / max(count, 1)
    return [_LEFT + wide * (n + 0.5) for n in range(count)]


def _y(value: int, top: int) -> float:
    return _BASE - (_BASE - _TOP) * max(value, 0) / top


def _round_up(value: int) -> int:
    """The next number that four lines divide well: 4, 8, 20, 40, 80, …"""
    size = 1
    while True:
        for each in _ROUND:
            if value <= each * size * _LINES:
                return each * size * _LINES
        size *= 10
