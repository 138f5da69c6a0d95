"""What is installed is what was looked at: each package by its version and its hashes, from the lock alone."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s;\\]+( ; [^\\]+)? \\")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}( \\)?")


def locked(path: Path) -> dict[str, str]:
    """The packages of a lock, each with its lines. A line that is neither a version nor a hash fails."""
    found: dict[str, str] = {}
    name = ""
    for raw in path.read_text().splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if raw.startswith(" "):
            assert HASH.fullmatch(line), line
            found[name] += line
        else:
            assert PINNED.fullmatch(line), line
            name = line.partition("==")[0]
            found[name] = ""
    return found


def names(wanted: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ;]", one, maxsplit=1)[0]).lower() for one in wanted}


def test_every_package_has_a_version_and_hashes() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "infra" / "audit.lock"):
        packages = locked(lock)
        assert packages
        assert [name for name, hashes in packages.items() if "sha256:" not in hashes] == [], lock


def test_what_the_project_names_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = names([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    assert wanted <= {re.sub(r"[-_.]+", "-", name) for name in locked(ROOT / "requirements.lock")}


def test_nothing_is_installed_past_the_lock() -> None:
    installs = re.findall(r"^.*\binstall --.*$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(installs) == 3
    for line in installs:
        assert "--no-deps" in line, line
        assert "--require-hashes" in line or "--no-build-isolation --editable ." in line, line
