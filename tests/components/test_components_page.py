"""Who sees the page of components."""

from typing import Any

import pytest
from support.browsing import logged_in
from support.clock import owner

from saas.settings import get_settings
from tenants.components import pages


async def test_on_a_production_installation_it_is_for_owners(
    app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with logged_in(app, chain) as browser:
        assert (await browser.get("/components")).status_code == 200
        there = get_settings().model_copy(update={"environment": "production"})
        monkeypatch.setattr(pages, "get_settings", lambda: there)
        assert (await browser.get("/components")).status_code == 200
        demote = "UPDATE platform.account_tenant SET role = 'clerk' WHERE tenant_id = $1"
        await (await owner()).execute(demote, chain.tenant_id)
        assert (await browser.get("/components")).status_code == 404
        monkeypatch.undo()
        assert (await browser.get("/components")).status_code == 200
