"""API keys. The table is the platform's, since a key is looked up before its tenant is known."""

from piccolo.columns import UUID, Array, Text, Timestamptz
from piccolo.table import Table

from saas.db import ENGINE


class ApiKey(Table, db=ENGINE, tablename="api_key", schema="platform"):
    """Without `secret_hash`, which only the gate reads."""

    id = Text(primary_key=True, default=None)
    tenant_id = UUID(default=None)
    name = Text()
    scopes = Array(base_column=Text())
    branch_ids = Array(base_column=UUID(), null=True, default=None)
    mode = Text()
    created_at = Timestamptz()
    created_by = Text()
    used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
