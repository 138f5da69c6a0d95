"""Every page is opened by some browser test, and so by axe in both languages, both colours, wide and narrow."""

import ast
import re
from pathlib import Path

from litestar import Litestar
from litestar.routes import HTTPRoute

NO_PAGES = {
    "/": "leads on: to the landing page or to work, both of which are pages of their own",
    "/assets/{digest}/{name}": "files",
    "/audit/export.csv": "a download",
    "/c/{link}/manifest.json": "for machines",
    "/counter/entries": "a part of a page",
    "/counter/here": "for the till's script",
    "/counter/worker.js": "for machines",
    "/coupons/find": "leads on to the coupon's page, or back with a word",
    "/coupons/{coupon_id}/give": "leads back to the coupon's page",
    "/coupons/{coupon_id}/jobs/{job_id}": "a part of a page",
    "/coupons/{coupon_id}/sheets/{act}/numbers.csv": "a download",
    "/exports/files/{token}": "a download",
    "/exports/{export_id}/file": "a download",
    "/first-steps": "a part of a page",
    "/healthz": "for machines",
    "/imports/example.csv": "a download",
    "/imports/{import_id}/failed.csv": "a download",
    "/lock/awake": "for the lock's script",
    "/members/export.csv": "a download",
    "/metrics": "for machines",
    "/openapi.json": "for machines",
    "/outbox": "letters that nobody sends, where somebody tries the product out alone",
    "/overview/work": "a part of a page",
    "/price-lists/{code}/prices.csv": "a download",
    "/programme/count": "a part of a page",
    "/proof/isolation/report.csv": "a download",
    "/proof/isolation/report.json": "a download",
    "/readyz": "for machines",
    "/rewards/{reward_id}/claim": "leads back to the reward's page",
    "/robots.txt": "for machines",
    "/.well-known/security.txt": "for machines",
    "/settings/copy/configuration.json": "a download",
    "/sitemap.xml": "for machines",
}


def routes(app: Litestar) -> set[str]:
    """Where a browser may GET a page."""
    return {
        route.path_format
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/v1/")
        for handler in route.route_handlers
        if "GET" in handler.http_methods
    }


def opened() -> set[str]:
    """Paths in the browser tests, also those that are waited for; what is filled in is a NUL."""
    found = set()
    for file in Path(__file__).parent.glob("*.py"):
        if file.name == Path(__file__).name:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
                found.add(f"{node.left.value}\0")
            elif isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "\0" for p in node.values)
                found.add("".join(str(part) for part in parts))
    return {text.partition("?")[0].replace("**", "\0") for text in found}


def matching(path: str) -> re.Pattern[str]:
    """What stands for a page's path in a test: its beginning may be filled in (a site, a card's link, a tier's page) as
    long as something that only it has is written out.
    """
    parts = [r"[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")[1:]]
    whole = "/".join(parts)
    ends = [
        "/".join(parts[n:])
        for n in range(1, len(parts))
        if parts[n] != r"[^/]+" and any(part == r"[^/]+" for part in parts[:n])
    ]
    return re.compile("|".join([rf"(\0|https?://[^/]+)?/{whole}", *(rf"\0/{end}" for end in ends)]))


def test_no_page_is_unseen(app: Litestar) -> None:
    seen = opened()
    pages = routes(app) - NO_PAGES.keys()
    unseen = [path for path in sorted(pages) if not any(matching(path).fullmatch(text) for text in seen)]
    assert not unseen, "\n".join(unseen)
    assert NO_PAGES.keys() <= routes(app)
