"""What a start keeps for the next one, and what it does unasked."""

from datetime import datetime
from pathlib import Path

import pytest

from saas.demo.chain import announce_sign_up, hooks
from saas.demo.industry import ZONE
from saas.demo.state import ChainState, DemoState, Keeper, load, save
from saas.local.process import LocalServiceError

UNTIL = datetime(2026, 11, 22, 17, 30, tzinfo=ZONE)


def test_what_a_start_has_kept_the_next_one_finds(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    state = DemoState.fresh("demo@example.com", UNTIL)
    state.chains["tea"] = ChainState.fresh("tea", "云岭茶叶")
    save(tmp_path, state)
    assert load(tmp_path) == state
    with Keeper(tmp_path, state).changing():
        state.chains["tea"].done = 7
    found = load(tmp_path)
    assert found is not None
    assert found.chains["tea"].done == 7
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", ["{}", "[]", "not JSON", '{"chains": {"tea": {"x": 1}}}'])
def test_a_damaged_file_says_so(tmp_path: Path, kept: str) -> None:
    (tmp_path / "demo.json").write_text(kept)
    with pytest.raises(LocalServiceError, match=r"demo\.json is damaged"):
        load(tmp_path)


def test_no_demo_chains_in_somebody_elses_database_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert len(hooks(None)) == 4
    assert hooks(demo=False) == [announce_sign_up]
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    assert hooks(None) == [announce_sign_up]
    assert len(hooks(demo=True)) == len(hooks(None, members=10)) == 4
