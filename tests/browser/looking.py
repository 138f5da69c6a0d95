"""What a browser test holds every page against, and pictures of it where `SCREENSHOTS` names a folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakSet

from axe_playwright_python.base import AXE_SCRIPT

WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ALL: Final = [("zh-CN", False, 1440), ("en", True, 390), ("en", True, 1440), ("zh-CN", False, 390)]
LOOKS: Final = _ALL if os.environ.get("LOOKS") == "all" else _ALL[:2]
"""Language, dark colours, width: two have one of each between them; with `LOOKS=all` the others, too."""

_OPTIONS: Final = {"runOnly": WCAG, "resultTypes": ["violations"], "preload": False}
"""`preload` would fetch every stylesheet again, for a rule that is none of these (css-orientation-lock)."""
_REMEMBERED: Final = """;(() => {
  const colour = axe.commons.color.Color.prototype, parse = colour.parseString, known = new Map();
  colour.parseString = function (text) {
    if (!known.has(text)) {
      parse.call(this, text);
      known.set(text, [this.red, this.green, this.blue, this.alpha]);
    }
    [this.red, this.green, this.blue, this.alpha] = known.get(text);
    return this;
  };
})();"""
"""axe reads a page's few colours some thousand times each, an eighth of its time."""
_ALIKE: Final = """;(() => {
  const styles = ["color", "backgroundColor", "backgroundImage", "opacity", "fontSize", "fontWeight", "position",
                  "fill", "filter", "mixBlendMode", "textShadow", "visibility"];
  let kinds, numbers, seen;
  const kind = (e) => {
    if (!e) return 0;
    if (!kinds.has(e)) {
      const style = getComputedStyle(e), alone = ["absolute", "fixed"].includes(style.position) ? numbers.size : "";
      const told = [kind(e.parentElement), e.tagName, e.className.baseVal ?? e.className, alone];
      const key = [...told, ...styles.map((name) => style[name])].join();
      if (!numbers.has(key)) numbers.set(key, numbers.size + 1);
      kinds.set(e, numbers.get(key));
    }
    return kinds.get(e);
  };
  const rule = axe._audit.rules.find((one) => one.id === "color-contrast"), matches = rule.matches;
  rule.matches = function (element, ...more) {
    if (seen.has(kind(element)) || !matches.call(this, element, ...more)) return false;
    seen.add(kind(element));
    return true;
  };
  const run = axe.run;
  axe.run = (...given) => {
    [kinds, numbers, seen] = [new WeakMap(), new Map(), new Set()];
    return run.apply(axe, given);
  };
})();"""
"""Contrast, more than half of axe's time, is measured once of elements that are alike: in classes and computed styles,
and so are all that they are in. What lies over others is alike to nothing.
"""
_AXE: Final = AXE_SCRIPT + _REMEMBERED + _ALIKE

_PIECES: Final = ".sidebar ul, dialog:not([open])"
"""What is around every page: most of its elements, and the same from page to page."""
_RUN: Final = """([exclude, options, known]) => {
  scrollTo({ top: 0, behavior: "instant" });  // what lies under a bar that stays can be scrolled out
  const hash = (text) => {
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let n = 0; n < text.length; n++) {
      a = Math.imul(a ^ text.charCodeAt(n), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(n), 1597334677);
    }
    return `${a >>> 0} ${b >>> 0}`;
  };
  const opening = (e) => e ? opening(e.parentElement) + e.cloneNode(false).outerHTML : innerWidth;
  const drawn = (e) => {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    return [style.color, style.backgroundColor, style.opacity, style.fontSize, box.x, box.width, box.height];
  };
  const looks = (e) => e.checkVisibility() ? [e, ...e.querySelectorAll("*")].map(drawn) : "hidden";
  const back = [], looked = [];
  for (const e of exclude ? document.querySelectorAll(exclude) : []) {
    const inside = [...e.childNodes];
    e.replaceChildren();
    back.push(() => e.append(...inside));
  }
  for (const icon of document.querySelectorAll("svg[aria-hidden=true]:not(:has([id], a, text, foreignObject))")) {
    const inside = [...icon.childNodes];
    icon.replaceChildren();
    back.push(() => icon.append(...inside));
  }
  for (const piece of document.querySelectorAll("PIECES")) {
    const told = hash([opening(piece.parentElement), piece.outerHTML, looks(piece)].join());
    if (known.includes(told) && !piece.contains(document.activeElement)) {
      const place = document.createComment("");
      piece.replaceWith(place);
      back.unshift(() => place.replaceWith(piece));
    } else looked.push(told);
  }
  const named = (v) => `${v.id}: ${JSON.stringify(v.nodes.slice(0, 3).map((n) => n.target))}`;
  return axe.run(exclude ? { exclude } : document, options)
    .finally(() => back.forEach((put) => put()))
    .then((found) => [found.violations.map(named), looked]);
}""".replace("PIECES", _PIECES)
"""What axe finds, and the pieces it has looked at. One that is `known` (in a window as wide, within the same elements,
drawn in the same way) is taken out of the page meanwhile, as are the lines of icons and what is in `exclude`: half of
axe's time.
"""
_known: Final[set[str]] = set()
"""Pieces in which nothing was found."""
_LAID_OUT: Final = """() => {
  const root = document.documentElement, shown = (e) => getComputedStyle(e).display;
  const apart = [...document.querySelectorAll("td, th")].filter((cell) =>
    shown(cell.parentElement) === "table-row" && !["table-cell", "none"].includes(shown(cell)));
  const out = (e) => e.scrollWidth > root.clientWidth && e.checkVisibility();
  const name = (e) => [e.localName, ...e.classList].join(".");
  return [
    ...(root.scrollWidth > root.clientWidth
      ? [`wider: than the window: ${[...document.querySelectorAll("main, main *")].filter(out).slice(-3).map(name)}`]
      : []),
    ...apart.slice(0, 3).map((cell) => `no-cell: ${cell.className || cell.textContent.trim()}`),
  ];
}"""
"""A cell that is laid out as something else, by a class that means another thing elsewhere, leaves its row."""

_ready: Final[WeakSet[Any]] = WeakSet()
"""The tabs that have axe in each of their pages from the beginning."""


async def faults(page: Any, exclude: Sequence[str] = ()) -> list[str]:
    """What axe finds, but within `exclude`; whether the page is wider than its window, and cells are in their rows."""
    if page not in _ready:
        await page.add_init_script(_AXE)
        await page.evaluate(_AXE)
        _ready.add(page)
    told: list[str]
    told, looked = await page.evaluate(_RUN, [[*exclude] or None, _OPTIONS, [*_known]])
    if not told:
        _known.update(looked)
    told.extend(await page.evaluate(_LAID_OUT))
    return [f"{one} on {urlsplit(page.url).path}" for one in told]


async def shoot(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
