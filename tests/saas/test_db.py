"""The pools: what their connections ask of the server."""

import pytest

from saas.db import app_pool

pytestmark = pytest.mark.usefixtures("database")


async def test_the_server_lets_go_of_what_a_dead_machine_held() -> None:
    names = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"]
    names.append("idle_in_transaction_session_timeout")
    sql = "SELECT name, setting::int FROM pg_settings WHERE name = ANY($1)"
    found = {row["name"]: row["setting"] for row in await app_pool().fetch(sql, names)}
    assert [found[name] for name in names] == [30, 10, 3, 300_000]
