from datetime import UTC, datetime
from typing import Any


async def test_times_as_spreadsheets_write_them(imports: Any) -> None:
    await imports.run("external_id\nM1\n", "members", evaluate=False)
    cells = ("2026/1/5 8:30", "2026/1/5", "2026-1-5 8:30:15", "2026/01/05T08:30", "2026-1-5T8:30:00.5Z")
    wrong = ("2026/1-5", "2026/1/5 8", "2026/13/5 8:30", "2026/1/5 25:00", "26/1/5", "2026/1/5 8:3")
    rows = "".join(f"T{n},M1,{cell},1\n" for n, cell in enumerate((*cells, *wrong)))
    done = await imports.run("external_id,member,occurred_at,amount\n" + rows, "purchases", evaluate=False)
    assert [row[3] for row in await imports.purchases()] == [
        datetime(2026, 1, 5, 0, 30, tzinfo=UTC),
        datetime(2026, 1, 4, 16, 0, tzinfo=UTC),
        datetime(2026, 1, 5, 0, 30, 15, tzinfo=UTC),
        datetime(2026, 1, 5, 0, 30, tzinfo=UTC),
        datetime(2026, 1, 5, 8, 30, 0, 500_000, tzinfo=UTC),
    ]
    for language, example in (("en", "for example 2026-01-05 08:30"), ("zh-CN", "例如 2026-01-05 08:30")):
        errors = await imports.errors(done["id"], language)
        assert [(row[2], row[4]) for row in errors] == [("invalid-datetime", cell) for cell in wrong]
        assert all(example in row[3] and "RFC" not in row[3] for row in errors)
