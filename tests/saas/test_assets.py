"""Static files: immutable under their hash, nothing else readable. And the pages' headers."""

import gzip
import re
from typing import Any

import pytest
from support.browsing import logged_in, new_browser

from saas.assets import asset, asset_url
from saas.charts import Slice, donut, share_bar, sparkline


@pytest.mark.parametrize("name", ["app.css", "app.js", "htmx.min.js", "icon.svg", "swagger-ui-bundle.js"])
async def test_a_file_is_kept_for_ever_under_its_hash(app: Any, name: str) -> None:
    async with new_browser(app) as browser:
        plain = await browser.get(asset_url(name), headers={"Accept-Encoding": "identity"})
        zipped = await browser.get(asset_url(name), headers={"Accept-Encoding": "gzip"})
    assert plain.status_code == 200
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.content == zipped.content == asset(name).body
    if asset(name).zipped is not None:
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(asset(name).zipped or b"") == plain.content


@pytest.mark.parametrize(
    "path",
    ["/assets/0000000000000000/app.css", "/assets/x/nothing.css", "/assets/x/..%2fsettings.py", "/assets/x/css"],
)
async def test_anything_else_is_not_found(app: Any, path: str) -> None:
    async with new_browser(app) as browser:
        assert (await browser.get(path)).status_code == 404


async def test_pages_carry_a_strict_policy_and_no_inline_style_or_script(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        for path in ("/overview", "/overview/work", "/docs"):
            page = await browser.get(path)
            policy = page.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
            assert "unsafe" not in policy
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["referrer-policy"] == "same-origin"
            assert not re.search(
                r"<style|\sstyle=|\son[a-z]+=|<script(?! src=\"/assets/)|https?://(?!www\.w3)", page.text
            )


async def test_the_api_reference_comes_from_here(app: Any) -> None:
    async with new_browser(app) as browser:
        document = (await browser.get("/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        assert "/v1/signup" in document["paths"]
        assert not {"/login", "/overview", "/docs"} & set(document["paths"])
        assert "swagger-ui-bundle.js" in (await browser.get("/docs")).text


def test_charts_escape_texts_and_say_what_they_show() -> None:
    evil = '<script>"&'
    slices = [Slice(3, 1, evil, "3"), Slice(0, 2, "none", "0"), Slice(1, 9, "top", "1")]
    svg = donut(slices, title=evil, summary="s", centre="4", caption="members")
    assert "<script" not in svg
    assert 'role="img"' in svg
    assert svg.count('class="arc') == 2
    lengths = [float(x) for x in re.findall(r'stroke-dasharray="([\d.]+)', svg)]
    assert lengths[0] / (lengths[0] + lengths[1]) == pytest.approx(0.75, abs=0.02)
    assert donut([], title="t", summary="s", centre="0", caption="c").count("arc") == 0
    assert sparkline([1], title="t", summary="s") == sparkline([0, 0], title="t", summary="s") == ""
    assert "polyline" in sparkline([5, 5, 5], title="t", summary="s")
    assert 'width="60.00"' in share_bar(1, 2, title="t", summary="s")
    assert 'width="0.00"' in share_bar(0, 0, title="t", summary="s")
