"""An installation that tests may kill: one for all of them, made whole again for each module."""

from collections.abc import AsyncIterator, Iterator

import pytest
from crash_site import CrashSite
from support.chains import Servers

from saas.local.postgres import EmbeddedPostgres
from saas.local.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
async def installed(own_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CrashSite]:
    made = CrashSite(own_servers, tmp_path_factory.mktemp("site"))
    await made.prepare()
    yield made
    await made.stop()


@pytest.fixture(scope="module")
async def site(installed: CrashSite) -> AsyncIterator[CrashSite]:
    """It serves; what else a module started ends with it."""
    for server in (installed.servers.postgres, installed.servers.valkey):
        if server.process is None or server.process.poll() is not None:  # a test failed between the blow and the start
            server.start()
    await installed.serving()
    yield installed
    for what in installed.processes.keys() - {"api"}:
        installed.kill(what)
