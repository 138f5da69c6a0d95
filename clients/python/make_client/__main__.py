"""`python -m make_client [ADDRESS]`: of the installation there, or of the code beside this folder."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from make_client.writing import halves, modules

HERE: Final = Path(__file__).parents[1]
TARGET: Final = HERE / "src" / "regulars_client"


def described(address: str | None) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The OpenAPI document and the problem types."""
    if address is None:
        return asyncio.run(_of_the_code())
    return (
        httpx.get(f"{address}/openapi.json").raise_for_status().json(),
        httpx.get(f"{address}/problems", headers={"Accept-Language": "en"}).raise_for_status().json()["data"],
    )


async def _of_the_code() -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Asks the application itself; neither answer needs a database, so none is named that exists."""
    sys.path.insert(0, str(HERE.parents[1]))
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    for role in ("", "GATE_", "RELAY_", "OPERATOR_", "MIGRATOR_"):
        os.environ[f"{role}DATABASE_URL"] = nowhere
    os.environ |= {"ENVIRONMENT": "test", "REDIS_URL": "redis://127.0.0.1:1", "SECRET_KEYS": "0" * 43}
    os.environ["FILE_STORE"] = os.devnull
    from saas.app import create_app

    app: Any = create_app()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        document = (await http.get("/openapi.json")).raise_for_status().json()
        problems = (await http.get("/problems", headers={"Accept-Language": "en"})).raise_for_status().json()
    return document, problems["data"]


def main() -> None:
    address = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else None
    for name, text in (modules(*described(address)) | halves(TARGET)).items():
        (TARGET / name).write_text(text)


if __name__ == "__main__":
    main()
