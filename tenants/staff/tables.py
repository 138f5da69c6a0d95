"""Staff: which account has which role in the tenant."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table

from saas.db import ENGINE


class Staff(Table, db=ENGINE, tablename="staff"):
    """Its key is (tenant_id, id): every query names both."""

    tenant_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    account_id = UUID(default=None)
    name = Text()
    role = Text()
    created_at = Timestamptz()
