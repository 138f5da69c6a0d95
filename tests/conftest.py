"""Fixtures: a real, migrated PostgreSQL and Valkey, the application on them, a fresh chain a test.

Each xdist worker starts its own embedded servers and migrates once; the isolation between tests is the
tenant, as in production.
"""

import os
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
from contract.untold import refuse_untold
from hypothesis import HealthCheck, settings
from support.chains import Chain, Servers, environment
from support.clock import owner
from support.stripe_box import billing_on, stripe_box, stripe_process, stripe_spec  # noqa: F401 - fixtures

from saas.local.postgres import EmbeddedPostgres
from saas.local.valkey import EmbeddedValkey

# How long a busy machine takes over an example says nothing about the code.
settings.register_profile("regulars", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("regulars")


_FIRST = ("tests/cli/test_demo.py", "tests/cli/test_verify.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest ones begin: at the end the other workers would wait for them alone. So does what goes through every
    chain of the installation, of which there are thousands at the end.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test whose answers aren't as the contract tells fails, whatever it looks at itself."""
    try:
        return (yield)
    finally:
        refuse_untold(item.path)


@pytest.fixture(scope="session", autouse=True)
def trust() -> Iterator[None]:
    """One TLS context for all who want the same: each reads the machine's whole list of authorities, for 20 ms."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    postgres, valkey = EmbeddedPostgres(folder, ephemeral=True), EmbeddedValkey(folder)
    postgres.start()
    try:
        valkey.start()
        yield Servers(postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()


@pytest.fixture(scope="session")
def environ(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The session's environment, also this process's: settings are read from it at first use."""
    values = environment(servers, tmp_path_factory.mktemp("files"))
    os.environ.update(values)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process that a test starts would compile all of it anew
    return values


@pytest.fixture(scope="session")
async def database(servers: Servers, environ: dict[str, str]) -> AsyncIterator[None]:
    from saas.db import close_pools, open_pool
    from saas.local.provision import provision
    from saas.migrate import migrate

    await provision(servers.postgres)
    await migrate()
    await open_pool()
    yield
    await close_pools()


@pytest.fixture(scope="session")
async def app(database: None) -> AsyncIterator[Any]:
    """The application; what it answers in any test is held against its contract."""
    from contract.watching import watched

    from saas.app import create_app
    from saas.garbage import keep_what_is_loaded

    made = create_app()
    keep_what_is_loaded()
    with watched(made):
        yield made


@pytest.fixture(scope="session")
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody's client: no key, no cookie kept."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


@pytest.fixture(scope="session")
async def new_chain(app: Any, client: httpx.AsyncClient) -> AsyncIterator[Callable[..., Awaitable[Chain]]]:
    """Signs a chain up: `await new_chain(template="pharmacy", timezone="UTC")`. Nobody's trial ends and nobody's use is
    counted by itself, unless `billing="yes"`: else every test that lets a month pass would be about that.
    """
    opened: list[httpx.AsyncClient] = []

    async def sign_up(*, billing: str = "no", **changes: str) -> Chain:
        email, password = f"{secrets.token_hex(8)}@example.com", "correct horse battery"
        body = {
            "company": "青禾连锁",
            "template": "general",
            "email": email,
            "password": password,
            "locale": "zh-CN",
            "timezone": "Asia/Shanghai",
            "currency": "CNY",
            **changes,
        }
        answer = await client.post("/v1/signup", json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        if billing == "no":
            forget = "DELETE FROM schedule WHERE tenant_id = $1 AND name LIKE 'billing%'"
            await (await owner()).execute(forget, UUID(made["tenant"]["id"]))
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://testserver",
            headers={"Authorization": f"Bearer {made['api_key']['key']}", "Accept-Language": "en"},
        )
        opened.append(http)
        branches = (await http.get("/v1/branches")).json()["data"]
        return Chain(
            UUID(made["tenant"]["id"]),
            made["api_key"]["key"],
            http,
            branches[0]["id"],
            body["email"],
            password,
        )

    yield sign_up
    for http in opened:
        await http.aclose()


@pytest.fixture
async def chain(new_chain: Callable[..., Awaitable[Chain]]) -> Chain:
    return await new_chain()


@pytest.fixture(scope="session")
def drain(database: None) -> Callable[[], Awaitable[Any]]:
    """Runs every due outbox job in this process, by the worker's own code, until none is due."""
    from saas.running import drain
    from saas.worker import load_jobs

    load_jobs()
    return drain
