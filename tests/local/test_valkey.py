import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from saas.local.process import LOOPBACK
from saas.local.valkey import EmbeddedValkey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path) as server:
        yield server


def test_it_keeps_nothing_and_listens_on_loopback_only(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert client.config_get("bind") == {"bind": LOOPBACK}


def test_it_wants_the_password_and_shows_it_to_nobody(valkey: EmbeddedValkey) -> None:
    assert valkey.process is not None
    assert valkey.port is not None
    with socket.create_connection((LOOPBACK, valkey.port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")
    password = valkey.url.split(":")[2].split("@")[0]
    assert password not in Path(f"/proc/{valkey.process.pid}/cmdline").read_text()
    assert stat.S_IMODE(valkey.log_path.stat().st_mode) == 0o600


def test_a_killed_one_comes_back_under_the_same_address(valkey: EmbeddedValkey) -> None:
    url = valkey.url
    assert valkey.process is not None
    os.kill(valkey.process.pid, signal.SIGKILL)
    valkey.process.wait()
    assert not valkey.ready
    valkey.start()
    assert valkey.url == url
    assert valkey.ready
