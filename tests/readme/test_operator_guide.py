"""The operator's table of settings is the settings that there are, with their defaults."""

import re
from pathlib import Path

from saas.cli import main
from saas.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "operator.md").read_text()


def documented() -> dict[str, str]:
    section = GUIDE.partition("## Settings")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) \|", section, re.MULTILINE))


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = documented()
    assert set(table) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        shown = table[name.upper()]
        if field.is_required():
            assert shown == "needed"
        elif field.default is None:
            assert shown == ("`DATABASE_URL`" if name.endswith("database_url") else "none")
        else:
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert shown == (f"`{default}`" if default else "empty")


def test_every_command_in_the_guide_exists() -> None:
    for page in DOCS.rglob("*.md"):
        for line in re.findall(r"(?:^ *|`)regulars ([a-z-]+(?: [a-z-]+)?)", page.read_text(), re.MULTILINE):
            first, *rest = line.split()
            assert first in main.commands, f"{page.name}: regulars {line}"
            group = getattr(main.commands[first], "commands", None)
            if group is not None and rest:
                assert rest[0] in group, f"{page.name}: regulars {line}"


def test_every_metric_in_the_guide_exists() -> None:
    modules = [path for part in ("saas", "tenants") for path in (DOCS.parent / part).rglob("*.py")]
    source = "\n".join(path.read_text() for path in modules)
    for name in re.findall(r"`(regulars_[a-z_]+?)(?:_total)?(?:\{[a-z,]*\})?`", GUIDE):
        assert f'"{name}"' in source, name
