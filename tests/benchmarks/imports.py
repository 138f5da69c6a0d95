"""The import's own benchmark (bench_import.py) as one of the table's rows."""

from typing import Final

from tests.benchmarks import bench_import
from tests.benchmarks.history import clear
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

MOST: Final = 5.0


async def bench(place: Place, options: Options) -> list[Row]:
    """Purchases imported, against COPY of the rows that this made into the same indexed tables."""
    del place
    purchases, members, rounds = (20_000, 2_000, 2) if options.quick else bench_import.DEFAULTS
    file = bench_import.purchases_csv(purchases, members)
    taken = []
    async with pools():
        for _ in range(rounds):
            async with as_owner() as owner:
                await clear(owner)
            taken.append(await bench_import.one_round(file, members))
            say(f"import: {taken[-1][0]:.2f} s, COPY {taken[-1][1]:.2f} s")
    ratios = [ours / copy for ours, copy in taken]
    return [
        Row(
            f"Import of {purchases:,} purchases of {members:,} members",
            f"{median([ours for ours, _ in taken]):.1f} s",
            f"COPY {median([copy for _, copy in taken]):.1f} s",
            f"{median(ratios):.2f} ({spread(ratios)})",
            f"≤ {MOST:.0f}",
            median(ratios) <= MOST,
        )
    ]
