"""What the command line says: tables, and an error as one clear line instead of a traceback."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from pydantic import ValidationError

_SET_THEM: Final = (
    "Set them in the environment (docs/operator.md lists them), or run `regulars up`, which needs none.\n"
    "Beside a running `regulars up`: set -a; . var/environment; set +a"
)


class Commands(click.Group):
    """A group whose expected failures end in one line and exit code 1. What nobody expected keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            said = _text_of(error)
            if said is None:
                raise
            raise click.ClickException(said) from None


def _text_of(error: Exception) -> str | None:
    """What to say of a failure that isn't our fault; None for any other."""
    import asyncpg
    from pydantic import ValidationError
    from redis.exceptions import RedisError

    from saas.local.process import LocalServiceError
    from saas.migrate import MigrationError

    said: str | None = None
    match error:
        case ValidationError(title="Settings"):
            said = _settings_text(error)
        case LocalServiceError() | MigrationError():
            said = str(error)
        case asyncpg.InvalidAuthorizationSpecificationError():
            said = f"The database refuses the log-in: {error}"
        case asyncpg.PostgresError():
            said = f"The database says: {error} ({type(error).__name__})"
        case ConnectionError() | TimeoutError() | RedisError():
            said = f"Can't reach a server: {error or type(error).__name__}"
        case OSError():
            said = str(error)
    return said


def _settings_text(error: "ValidationError") -> str:
    """Missing and wrong settings by their names in the environment; never their values."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    names = {str(e["loc"][0]).upper(): e for e in found if e["loc"]}
    missing = [name for name, e in names.items() if e["type"] == "missing"]
    lines = [f"Missing settings: {', '.join(missing)}."] if missing else []
    lines += [f"{name}: {e['msg']}." for name, e in names.items() if e["type"] != "missing"]
    return "\n".join([*lines, _SET_THEM])


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; a Chinese character takes two places."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
