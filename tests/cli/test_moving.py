"""A chain into a file and out of it again, as an operator does it."""

import asyncio
import re
from pathlib import Path
from typing import Any

from support.chains import Chain
from support.clock import owner


async def test_a_chain_is_exported_and_a_new_one_made_of_it(regulars: Any, chain: Chain, tmp_path: Path) -> None:
    slug = (await chain.http.get("/v1/tenant")).json()["slug"]
    assert (await chain.http.post("/v1/members", json={"name": "林"})).status_code == 201
    done = await asyncio.to_thread(regulars, "tenant", "export", slug, "--to", "chain.zip")
    assert done.returncode == 0, done.stderr
    assert re.search(r"[0-9,]+ rows as of .* in chain\.zip \([0-9,]+ bytes\)", done.stdout)
    import_it = ("tenant", "import", "chain.zip", "--owner", "New.Owner@example.com", "--slug", f"{slug}-2")
    made = await asyncio.to_thread(regulars, *import_it)
    assert made.returncode == 0, made.stderr
    assert f"slug {slug}-2" in made.stdout
    assert "/invitation/" in made.stdout
    sql = "SELECT count(*) FROM member m JOIN tenant t ON t.tenant_id = m.tenant_id WHERE t.slug = $1"
    assert await (await owner()).fetchval(sql, f"{slug}-2") == 1


async def test_what_isnt_one_is_refused_in_a_line(regulars: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_text("hello")
    done = await asyncio.to_thread(regulars, "tenant", "import", "notes.zip", "--owner", "o@example.com")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("it is no ZIP, or was cut short. Nothing was written")
