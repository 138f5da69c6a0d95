"""Reading an export as whoever gets it would."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

from support.chains import Chain


async def exported(chain: Chain, drain: Any) -> dict[str, Any]:
    """Asks for an export and has it written; as the API shows it then."""
    asked = await chain.http.post("/v1/exports")
    assert asked.status_code == 202, asked.text
    assert asked.json()["state"] == "queued"
    assert asked.json()["link"] is None
    await drain(chain.tenant_id)
    answer = await chain.http.get(f"/v1/exports/{asked.json()['id']}")
    assert answer.json()["state"] == "done", answer.text
    found: dict[str, Any] = answer.json()
    return found


class Opened:
    """An archive whose manifest is true."""

    def __init__(self, data: bytes) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        assert self.zip.testzip() is None
        self.manifest = json.loads(self.zip.read("manifest.json"))
        for file in self.manifest["files"]:
            content = self.zip.read(file["path"])
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        named = {file["path"] for file in self.manifest["files"]} | {"manifest.json"}
        assert named == set(self.zip.namelist())

    def rows(self, table: str) -> list[dict[str, Any]]:
        lines = self.zip.read(f"data/{table}.ndjson").decode().splitlines()
        return [json.loads(line) for line in lines]

    def sheet(self, name: str) -> list[dict[str, str]]:
        text = self.zip.read(f"csv/{name}.csv").decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))
