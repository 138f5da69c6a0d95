"""An installation that a module's tests may kill."""

from collections.abc import AsyncIterator, Iterator

import pytest
from crash_site import CrashSite
from support.chains import Servers

from saas.local.postgres import EmbeddedPostgres
from saas.local.valkey import EmbeddedValkey


@pytest.fixture(scope="module")
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("crashes")
    postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
    postgres.start()
    try:
        valkey.start()
        yield Servers(postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()


@pytest.fixture(scope="module")
async def site(own_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CrashSite]:
    made = CrashSite(own_servers, tmp_path_factory.mktemp("site"))
    await made.prepare()
    await made.serving()
    yield made
    await made.stop()
