"""Every answer that a test sees is held against the contract, or taken for learning it anew."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from litestar import Litestar

from contract.checking import Checker
from contract.recorder import Recorder, watch
from contract.untold import UNTOLD
from saas.contract.document import document

LEARN: Final = "CONTRACT_LEARN"
"""In the environment: a folder. What the tests see is written there for `tests.contract.learn`, and fails none."""


@contextmanager
def watched(app: Litestar) -> Iterator[None]:
    """What the application answers to clients of this process, until the tests are over."""
    if LEARN in os.environ:
        with _learning(app, Path(os.environ[LEARN])):
            yield
        return
    checker = Checker(document(app))
    checker.wrong = UNTOLD
    end = watch(app, checker)
    yield
    end()


@contextmanager
def _learning(app: Litestar, folder: Path) -> Iterator[None]:
    recorder = Recorder(app)
    end = watch(app, recorder)
    yield
    end()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.json"
    path.write_text(json.dumps(recorder.dump(), ensure_ascii=False))
