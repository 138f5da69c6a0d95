"""What is left of a page at 200 and at 400 % zoom (WCAG 1.4.4, 1.4.10), and what comes out of a printer."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from litestar import Litestar
from looking import shoot
from test_no_page_unseen import NO_PAGES, routes

MM: Final = 72 / 25.4
"""In a PDF's points."""
PIXELS: Final = 96 / 25.4
"""CSS pixels in a millimetre."""

LOST = """() => {
  const root = document.documentElement, lost = [];
  const named = (e) => `${e.tagName.toLowerCase()}${e.id && "#" + e.id} ${(e.innerText || e.name || "").slice(0, 40)}`;
  if (root.scrollWidth > root.clientWidth) lost.push(`as wide as ${root.scrollWidth}`);
  const seen = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && e.getClientRects().length;
  const scrolls = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  for (const e of root.querySelectorAll("a,button,input,select,textarea,summary,h1,h2,h3,p,dt,dd,label")) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!seen(e) || box.width <= 1 || box.bottom < 0 || e.closest(".sr-only, .skip-link, [aria-hidden=true]")) continue;
    if ((box.right > root.clientWidth + 1 || box.left < -1) && !scrolls(e)) lost.push(`beside the window: ${named(e)}`);
    const cut = style.overflow === "hidden" && style.textOverflow !== "ellipsis" && e.scrollHeight > e.clientHeight + 2;
    if (cut) lost.push(`cut off: ${named(e)}`);
  }
  let covered = 0;
  for (const e of document.querySelectorAll("body *")) {
    const kept = ["fixed", "sticky"].includes(getComputedStyle(e).position) && seen(e);
    const box = e.getBoundingClientRect(), high = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    if (kept && box.width > root.clientWidth / 2) covered += Math.max(0, high);
  }
  if (covered > innerHeight / 2) lost.push(`${covered} of ${innerHeight} pixels are always covered`);
  return lost;
}"""
"""What doesn't fit in: a page that scrolls to the side, what lies beside the window (unless in a table that scrolls by
itself), text that is cut off, and a window half of which never scrolls.
"""


async def test_nothing_is_lost_by_zooming(
    app: Litestar, window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    person = {"name": "王芳", "email": f"{'a-long-address' * 3}{chain.tenant_id.hex}@example.com", "role": "owner"}
    assert (await chain.http.post("/v1/staff", json=person)).status_code == 201
    more = [f"/members/{lin['id']}", f"/counter/members/{lin['id']}", f"/counter/members/{lin['id']}?do=top-up"]
    public = ["/", "/plans", "/templates", "/signup", "/login"]
    pages = [
        path for path in sorted(routes(app) - NO_PAGES.keys()) if "{" not in path and not path.startswith("/operator")
    ]
    lost: dict[str, list[str]] = {}

    async def look(w: Any, path: str) -> None:
        for percent, size in ((200, (720, 450)), (400, (320, 450))):
            await w.page.set_viewport_size({"width": size[0], "height": size[1]})
            await w.page.evaluate("new Promise(requestAnimationFrame)")
            if found := await w.page.evaluate(LOST):
                lost[f"{path} at {percent} %"] = found
                await shoot(w.page, f"zoom-{percent}{path.replace('/', '-')}")

    async with window(language="en", zoom=2) as w:
        for path in public:
            await w.open(path)
            await look(w, path)
        await w.enter(chain)
        for path in [*pages, *more]:
            answer = await w.page.goto(w.site + path)
            if answer.ok:  # some need more than their address
                await look(w, path)
        w.console[:] = [line for line in w.console if "Failed to load resource" not in line]
    assert not lost, lost


def sheets(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page, in millimetres."""
    boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", pdf)
    return [(float(width) / MM, float(height) / MM) for width, height in boxes]


PRINTED = """() => {
  const of = (selector) => [...document.querySelectorAll(selector)];
  const shown = (selector) => of(selector).some((e) => e.checkVisibility());
  const box = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.width, b.height]; };
  const paper = document.querySelector(".slip, .id-card, .handover");
  return {
    tools: shown(".paper-tools, .sidebar, .topbar, .skip-link, .no-print, button"),
    ground: [document.body, paper].map((e) => getComputedStyle(e).backgroundColor),
    pale: of("main *").filter((e) => {
      const [r, g, b] = getComputedStyle(e).color.match(/[0-9.]+/g).map(Number);
      return e.checkVisibility() && e.innerText && (r * 3 + g * 6 + b) / 10 > 140;
    }).map((e) => e.innerText),
    boxes: of(".slip, .id-card").map(box),
    codes: of(".slip-qr svg, .id-qr svg").map(box),
    beside: of(":is(.slip, .id-card, .handover) *").filter((e) => {
      const b = e.getBoundingClientRect(), on = e.closest(".slip, .id-card, .handover").getBoundingClientRect();
      return e.checkVisibility() && (b.right > on.right + 1 || b.left < on.left - 1);
    }).map((e) => e.innerText),
  };
}"""


async def test_receipts_cards_and_shifts_on_paper(
    window: Callable[..., Any], chain_with_facts: Callable[[], Awaitable[Any]]
) -> None:
    chain = await chain_with_facts()
    (lin,) = (await chain.http.get("/v1/members?q=林悦")).json()["data"]
    (bought,) = (await chain.http.get(f"/v1/members/{lin['id']}/purchases")).json()["data"]
    receipt = f"/counter/receipts/purchase/{bought['id']}"
    async with window(dark=True, language="en") as w:
        await w.enter(chain)
        await w.open("/counter/shift")
        await w.page.fill("#field-counted", "50")
        await w.page.press("#field-counted", "Enter")
        await w.page.wait_for_url("**/counter/shifts/*")
        shift = w.page.url.removeprefix(w.site)

        async def printed(path: str) -> tuple[dict[str, Any], list[tuple[float, float]]]:
            await w.open(path)
            await w.page.emulate_media(media="print")
            told = await w.page.evaluate(PRINTED)
            await shoot(w.page, f"paper{re.sub('[^a-z0-9]+', '-', path.partition('01')[0])}")
            pdf = await w.page.pdf(prefer_css_page_size=True, print_background=False)
            await w.page.emulate_media(media="screen")
            assert not told["tools"], path
            assert told["beside"] == [], path
            assert (told["ground"], told["pale"]) == (["rgb(255, 255, 255)"] * 2, []), "ink on white"
            return told, sheets(pdf)

        for width in (80, 58):
            told, pages = await printed(f"{receipt}?width={width}&qr=yes")
            assert [round(side) for side in pages[0]] == [width, 297]
            assert len(pages) == 1
            ((left, wide, _),) = told["boxes"]
            assert (left, wide) == (0, pytest.approx(width * PIXELS, abs=1))
            ((_, code, _),) = told["codes"]
            assert code / PIXELS >= 25, "too small for a phone to read"

        told, pages = await printed(f"/counter/cards/{lin['id']}")
        assert len(pages) == 1
        for _, wide, high in told["boxes"]:
            assert (wide / PIXELS, high / PIXELS) == (pytest.approx(85.6, abs=0.3), pytest.approx(54, abs=0.3))
        assert [code / PIXELS >= 25 for _, code, _ in told["codes"]] == [True] * len(told["codes"])
        assert told["codes"]

        told, pages = await printed(shift)
        assert len(pages) == 1
