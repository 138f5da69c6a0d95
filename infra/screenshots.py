"""Pictures of the main pages, in both languages, of an installation of its own: `make screenshots`.

The demo chains are made in a temporary folder; what is recorded there for a picture ends with it.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from saas.local.process import end, free_port, spawn

ROOT: Final = Path(__file__).parents[1]
CHROMIUM: Final = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
LANGUAGES: Final = ("zh-CN", "en")
CHAIN: Final = "tea"
WIDE, PHONE = (1280, 800), (390, 844)
MADE_WITHIN: Final = 900
"""Seconds for two years of four chains."""
JPEG_QUALITY: Final = 80
IMPORTED: Final = """\
会员号,手机号,姓名,生日,入会日期,喜好
T2001,13917350001,陈慧敏,1988-03-12,2026-09-01,乌龙
T2002,13917350002,周文博,1979-11-30,2026-09-03,红茶
T2003,139173,吴雅琴,1992-07-08,2026-09-03,绿茶
T2004,13917350004,郑国栋,1965-02-29,2026-09-05,白茶
T2005,13917350005,孙晓彤,2001-05-17,2026-09-08,乌龙
"""


@dataclass(frozen=True)
class Demo:
    """A running installation with its demo chains: one log-in for all of them, a key for the one that is shown."""

    url: str
    email: str
    password: str
    tenant_id: str
    api: httpx.Client


@dataclass(frozen=True)
class Shown:
    """What the pictures are of."""

    member: str
    digits: str
    card: str
    join: str


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """`regulars up` until its history is complete; ended with all it started."""
    port, log = free_port(), folder / "out"
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    kept = {name: value for name, value in kept.items() if name not in {"SECRET_KEYS", "ENVIRONMENT"}}
    command = [sys.executable, "-m", "saas.cli", "up", "--port", str(port), "--data-dir", folder / "var"]
    with log.open("wb") as output:
        process = spawn(
            command,
            death_signal=signal.SIGTERM,
            environment=kept | {"PYTHONPATH": str(ROOT), "LC_ALL": "C"},
            folder=ROOT,
            output=output.fileno(),
        )
    try:
        _wait(process, log)
        with demo(f"http://127.0.0.1:{port}", folder / "var") as found:
            yield found
    finally:
        end(process, (signal.SIGINT, 60))


@contextmanager
def demo(url: str, data: Path) -> Iterator[Demo]:
    """What runs at this address with this folder of data."""
    state = json.loads((data / "demo.json").read_text())
    chain = state["chains"][CHAIN]
    headers = {"Authorization": f"Bearer {chain['key']}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as api:
        yield Demo(url, state["email"], state["password"], chain["tenant_id"], api)


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + MADE_WITHIN
    while re.search("history is complete", log.read_text()) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(f"the installation did not come up:\n{log.read_text()[-4000:]}")
        time.sleep(0.5)


def prepare(made: Demo) -> Shown:
    """A member with points and stored value, its card's address, a way to join, and a draft of stricter rules."""
    members = _asked(made.api.get("/v1/members", params={"tier": "level:silver", "limit": 200}))["data"]
    reachable = [one for one in members if one["phone"] and one["card_no"] and one["points"]["spendable"] > 0]
    member = max(reachable, key=lambda one: (one["joined_on"] < "2026", one["wallet"]["principal"], one["id"]))
    rules = _asked(made.api.get("/v1/programme"))
    for tier in rules["ladders"][0]["tiers"][1:]:
        tier["qualify"]["gte"] += tier["qualify"]["gte"] // 2
    rules["ladders"][0]["tiers"][1]["retain"]["gte"] = 1500
    _asked(made.api.put("/v1/programme/draft", json=rules))
    _asked(made.api.post("/v1/exports"))
    if _asked(made.api.get("/v1/sandbox"))["state"] == "none":
        _asked(made.api.post("/v1/sandbox", json={"samples": True}))
    return Shown(
        member["id"],
        member["phone"][-4:],
        _asked(made.api.post(f"/v1/members/{member['id']}/card-link"))["url"],
        _asked(made.api.post("/v1/join-codes", json={}))["code"],
    )


def _asked(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


class Camera:
    """Takes one language's pictures into a folder of theirs."""

    def __init__(self, browser: Browser, made: Demo, shown: Shown, language: str, folder: Path) -> None:
        self._browser, self.made, self.shown = browser, made, shown
        self._language, self._folder = language, folder / language
        self._folder.mkdir(parents=True, exist_ok=True)

    def window(self, size: tuple[int, int]) -> BrowserContext:
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="light", reduced_motion="reduce"
        )
        cookie = {"name": "regulars_language", "value": self._language, "url": self.made.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        return context

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        page.evaluate("document.fonts.ready")
        path = self._folder / f"{name}.jpg"
        page.screenshot(path=path, type="jpeg", quality=JPEG_QUALITY, full_page=whole)
        click.echo(f"{path.relative_to(self._folder.parent)}  {path.stat().st_size // 1000} kB")

    def log_in(self, page: Page, door: str) -> None:
        page.goto(self.made.url + door)
        page.fill("#email", self.made.email)
        page.fill("#password", self.made.password)
        page.press("#password", "Enter")


def public(camera: Camera) -> None:
    with camera.window(WIDE) as context:
        page = context.new_page()
        page.goto(camera.made.url + "/")
        camera.take(page, "landing", whole=True)
        company = "company=青禾茶业&timezone=Asia/Shanghai&currency=CNY"
        page.goto(f"{camera.made.url}/signup/template?{company}&template=tea")
        camera.take(page, "sign-up-template", whole=True)


def phones(camera: Camera) -> None:
    with camera.window(PHONE) as context:
        page = context.new_page()
        page.goto(camera.shown.card)
        page.wait_for_selector(".code-shown")
        camera.take(page, "digital-card", whole=True)
        page.goto(f"{camera.made.url}/join/{camera.shown.join}")
        camera.take(page, "join", whole=True)


def admin(camera: Camera) -> None:
    with camera.window(WIDE) as context:
        page = context.new_page()
        camera.log_in(page, "/login")
        page.click(f"button[value='{camera.made.tenant_id}']")
        page.wait_for_url("**/overview")
        page.goto(camera.made.url + "/overview")
        page.wait_for_selector(".age:not(:has(.live))", timeout=60_000)
        put_away = page.locator("form:has([value=dismissed]) button")
        if put_away.count():
            put_away.click()
            page.goto(camera.made.url + "/overview")
            page.wait_for_selector("#first-steps", state="detached")
        camera.take(page, "overview", whole=True)
        for name, path in {
            "members": "/members",
            "member": f"/members/{camera.shown.member}",
            "rules": "/programme",
            "coupons": "/coupons",
            "rewards": "/rewards",
            "calls": "/tasks",
            "segments": "/segments",
            "campaigns": "/campaigns",
            "messages": "/messages",
            "loyalty": "/reports/loyalty",
            "staff": "/staff",
            "exports": "/exports",
            "sandbox": "/sandbox",
            "proof": "/proof",
            "billing": "/billing",
        }.items():
            page.goto(camera.made.url + path)
            camera.take(page, name, whole=name in {"member", "rules", "loyalty", "sandbox", "billing"})
        for scene in (counter, drafting, importing):
            scene(camera, page)


def counter(camera: Camera, page: Page) -> None:
    page.goto(camera.made.url + "/counter")
    page.locator(".choose .branches button").first.click()
    page.fill("#find", camera.shown.digits)
    page.press("#find", "Enter")
    page.wait_for_selector("#amount")
    page.fill("#amount", "268")
    page.wait_for_selector("#quote .strong")
    camera.take(page, "counter")
    page.press("#amount", "Enter")
    page.wait_for_selector("#done")
    camera.take(page, "counter-done")


def drafting(camera: Camera, page: Page) -> None:
    page.goto(camera.made.url + "/programme/tiers")
    page.wait_for_selector("#count .rule-count-moves", timeout=60_000)
    camera.take(page, "tier-editor", whole=True)
    page.click("#count .rule-count-moves")
    page.wait_for_selector(".rule-matrix", timeout=60_000)
    camera.take(page, "simulation", whole=True)


def importing(camera: Camera, page: Page) -> None:
    page.goto(camera.made.url + "/imports")
    sent = {"name": "会员.csv", "mimeType": "text/csv", "buffer": IMPORTED.encode()}
    page.set_input_files("#field-file", sent)  # type: ignore[arg-type]
    page.click(".card form .button.primary")
    page.wait_for_url("**/imports/files/*")
    page.click(".button.primary")
    page.wait_for_url("**/imports/0*")
    page.wait_for_selector(".import-errors, .errors, table", timeout=60_000)
    camera.take(page, "import", whole=True)


def operator(camera: Camera) -> None:
    with camera.window(WIDE) as context:
        page = context.new_page()
        camera.log_in(page, "/operator/login")
        page.wait_for_url("**/operator")
        camera.take(page, "operator")


SCENES: Final[dict[str, Callable[[Camera], None]]] = {
    "public": public,
    "admin": admin,
    "phones": phones,
    "operator": operator,
}


def photograph(made: Demo, folder: Path, scenes: tuple[str, ...]) -> None:
    shown = prepare(made)
    with sync_playwright() as playwright:
        chromium = next((path for path in CHROMIUM if Path(path).exists()), CHROMIUM[0])
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for language in LANGUAGES:
            camera = Camera(browser, made, shown, language, folder)
            for scene in scenes or tuple(SCENES):
                SCENES[scene](camera)
        browser.close()


@click.command(help=__doc__)
@click.argument("scenes", nargs=-1, type=click.Choice(list(SCENES)))
@click.option("--folder", default=ROOT / "docs" / "screenshots", type=click.Path(file_okay=False, path_type=Path))
@click.option("--url", help="Of an installation with its demo chains that runs already; with --data-dir.")
@click.option("--data-dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(scenes: tuple[str, ...], folder: Path, url: str | None, data_dir: Path | None) -> None:
    if url and data_dir:
        with demo(url, data_dir) as made:
            photograph(made, folder, scenes)
        return
    with tempfile.TemporaryDirectory() as temporary, running(Path(temporary)) as made:
        photograph(made, folder, scenes)


if __name__ == "__main__":
    main()
