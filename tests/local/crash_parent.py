"""Run by the tests as a process to be killed: starts the services, prints their process ids, waits."""

import sys
import time
from pathlib import Path

from saas.local.postgres import EmbeddedPostgres
from saas.local.valkey import EmbeddedValkey

if __name__ == "__main__":
    postgres = EmbeddedPostgres(Path(sys.argv[1]))
    valkey = EmbeddedValkey(Path(sys.argv[1]))
    postgres.start()
    valkey.start()
    assert postgres.process is not None
    assert valkey.process is not None
    sys.stdout.write(f"{postgres.process.pid} {valkey.process.pid}\n")
    sys.stdout.flush()
    time.sleep(600)
