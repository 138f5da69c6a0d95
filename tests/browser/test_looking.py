"""What looks at the pages sees what is wrong with one."""

from collections.abc import Callable
from typing import Any

from looking import faults

PLANTED = """([where, text]) => {
  const at = document.querySelector(where), colours = new CSSStyleSheet(), word = document.createElement("p");
  colours.replaceSync(".pale { color: #bbb; background: #fff } .tiny { width: 9px; height: 9px; padding: 0 }");
  document.adoptedStyleSheets.push(colours);
  word.className = "pale";
  word.textContent = text;
  const buttons = [0, 1].map(() => document.createElement("button"));
  for (const button of buttons) button.className = "tiny";
  at.append(word, ...buttons);
}"""

FADED = """() => {
  const here = ".sidebar [aria-current]";
  for (const e of document.querySelectorAll(`${here}, ${here} *`)) e.style.color = "#ddd";
}"""

PALE = """() => {
  const colours = new CSSStyleSheet();
  colours.replaceSync(".sidebar nav li a span { color: #ddd }");
  document.adoptedStyleSheets.push(colours);
}"""


def kinds(told: list[str]) -> set[str]:
    return {one.partition(":")[0] for one in told}


async def test_what_is_wrong_is_seen_wherever_it_is(window: Callable[..., Any], chain: Any) -> None:
    wrong = {"color-contrast", "target-size", "button-name"}
    async with window() as w:
        await w.enter(chain)
        for where, text in ((".sidebar", "pale"), ("main", "pale"), (".sidebar", "pale, too")):
            await w.open("/settings")
            assert await faults(w.page) == []
            await w.page.evaluate(PLANTED, [where, text])
            assert wrong <= kinds(await faults(w.page)), (where, text)
        for fault in (FADED, PALE):  # in a piece of which the rest was seen; in none but how it is drawn
            await w.open("/settings")
            assert await faults(w.page) == []
            await w.page.evaluate(fault)
            assert kinds(await faults(w.page)) == {"color-contrast"}
        before = await w.page.content()
        await faults(w.page)
        assert await w.page.content() == before, "what was taken out is back"
        await w.open("/settings")
        await w.page.evaluate("document.querySelector('main').style.width = '3000px'")
        assert "wider" in kinds(await faults(w.page))
        await w.open("/branches")
        await w.page.evaluate("document.querySelector('td').style.display = 'flex'")
        assert kinds(await faults(w.page)) == {"no-cell"}
