"""The tenant's own row."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from saas.db import ENGINE


class Tenant(Table, db=ENGINE, tablename="tenant"):
    """`app` may change name, locale, timezone, currency and programme_version; the rest is the platform's."""

    tenant_id = UUID(primary_key=True, default=None)
    name = Text()
    slug = Text()
    template = Text()
    locale = Text()
    timezone = Text()
    currency = Text()
    status = Text()
    plan = Text()
    trial_ends_at = Timestamptz(null=True, default=None)
    programme_version = Integer()
    created_at = Timestamptz()
