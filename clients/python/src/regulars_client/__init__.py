"""The Regulars API from Python: `Regulars` and `AsyncRegulars`. Problems are exceptions, lists are iterators."""

from regulars_client import errors, problems, types, webhooks
from regulars_client.answers import Meta, meta
from regulars_client.async_client import AsyncRegulars
from regulars_client.async_pages import AsyncPages
from regulars_client.client import Regulars
from regulars_client.errors import ProblemError, RegularsError
from regulars_client.page import Page
from regulars_client.pages import Pages
from regulars_client.retries import Retries

__all__ = [
    "AsyncPages",
    "AsyncRegulars",
    "Meta",
    "Page",
    "Pages",
    "ProblemError",
    "Regulars",
    "RegularsError",
    "Retries",
    "errors",
    "meta",
    "problems",
    "types",
    "webhooks",
]
