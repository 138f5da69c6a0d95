"""Branches (门店)."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table

from saas.db import ENGINE


class Branch(Table, db=ENGINE, tablename="branch"):
    """Its key is (tenant_id, id): every query names both."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    code = Text()
    name = Text()
    kind = Text()
    closed_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()
