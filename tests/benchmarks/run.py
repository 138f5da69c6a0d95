"""`make bench`: everything that is promised about speed, measured on servers of its own, as one table.

    python -m tests.benchmarks.run [purchase] [value] [import] [recalculation] [metrics] [explain] [simulation]
        [usage] [list] … [--members N] [--quick]

Each comparison happens in one run, ours and the baseline in turn; figures are medians. Nothing is left behind.
"""

import argparse
import asyncio
import importlib
import os
import platform
import sys
import time
from collections.abc import Sequence
from typing import Final

from tests.benchmarks.options import Options, say
from tests.benchmarks.place import servers
from tests.benchmarks.table import Row, markdown

BENCHES: Final = {
    "purchase": "tests.benchmarks.bench_purchase",
    "value": "tests.benchmarks.bench_value",
    "ledgers": "tests.benchmarks.bench_ledgers",
    "import": "tests.benchmarks.imports",
    "recalculation": "tests.benchmarks.bench_recalculation",
    "metrics": "tests.benchmarks.bench_metrics",
    "explain": "tests.benchmarks.bench_explain",
    "simulation": "tests.benchmarks.bench_simulation",
    "usage": "tests.benchmarks.bench_usage",
    "reports": "tests.benchmarks.bench_reports",
    "neighbours": "tests.benchmarks.bench_neighbours",
    "list": "tests.benchmarks.bench_list",
    "limiter": "tests.benchmarks.bench_limiter",
    "batch": "tests.benchmarks.bench_batch",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the chosen benchmarks and prints the table. 1 where a target wasn't met at full size, else 0."""
    parser = argparse.ArgumentParser(prog="regulars bench", description="Measures what was promised about speed.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}; all if none is given")
    parser.add_argument("--members", type=int, help="of the chain that is recalculated (1,000,000)")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that everything works")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(BENCHES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    options = Options(given.members or (20_000 if given.quick else 1_000_000), given.quick)
    rows: list[Row] = []
    with servers() as place:
        for name in given.names or BENCHES:
            started = time.perf_counter()
            say(f"-- {name}")
            bench = importlib.import_module(BENCHES[name]).bench
            rows += asyncio.run(bench(place, options))
            say(f"-- {name}: {time.perf_counter() - started:.0f} s")
    sys.stdout.write(f"{_machine()}\n\n{markdown(rows)}\n")
    if options.quick:
        sys.stdout.write("\nSmall sizes: the targets are promises about the full ones.\n")
        return 0
    return 0 if all(row.met is not False for row in rows) else 1


def _machine() -> str:
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, PostgreSQL 18 with fsync;"
        f" load over 1, 5 and 15 minutes at the end, ours included: {busy}"
    )


if __name__ == "__main__":
    sys.exit(main())
