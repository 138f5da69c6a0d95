"""The console as a browser sees it: log in, read pages, send their forms."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from support.browsing import new_browser

from saas.console import people

PASSWORD = "correct horse battery"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


@dataclass
class Desk:
    """An operator's browser."""

    http: httpx.AsyncClient
    email: str

    @classmethod
    async def new(cls, app: Any) -> "Desk":
        email = f"{secrets.token_hex(6)}@ops.example"
        assert await people.add(email, "值班运营", PASSWORD) is not None
        return cls(new_browser(app), email)

    async def log_in(self, password: str = PASSWORD) -> httpx.Response:
        form = (await self.http.get("/operator/login")).text
        fields = {"_form": hidden(form, "_form"), "email": self.email, "password": password}
        return await self.http.post("/operator/login", data=fields)

    async def page(self, path: str) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text

    async def send(self, path: str, **fields: str) -> httpx.Response:
        token = hidden(await self.page("/operator/jobs"), "_csrf")
        return await self.http.post(path, data={"_csrf": token, **fields})


@asynccontextmanager
async def desk_of(app: Any) -> AsyncIterator[Desk]:
    made = await Desk.new(app)
    async with made.http:
        answer = await made.log_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/operator"), answer.text
        yield made
