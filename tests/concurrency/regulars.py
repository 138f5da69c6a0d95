"""`regulars` with all that its processes import, for `Forks`: they are killed and started again by the dozen, and each
would import for seconds.
"""

import saas.app  # noqa: F401
from saas.cli import main as regulars
from saas.worker import load_jobs

load_jobs()


def main(*arguments: str) -> None:
    regulars(args=arguments, prog_name="regulars")
