"""The tenant's own row."""

from piccolo.columns import UUID, Boolean, Integer, Text, Timestamptz
from piccolo.table import Table

from saas.db import ENGINE


class Tenant(Table, db=ENGINE, tablename="tenant"):
    """`app` may change name, locale, timezone, currency, the settings and programme_version; the rest is ours."""

    tenant_id = UUID(primary_key=True, default=None)
    name = Text()
    slug = Text()
    template = Text()
    variant = Text(null=True, default=None)
    locale = Text()
    timezone = Text()
    currency = Text()
    status = Text()
    plan = Text()
    trial_ends_at = Timestamptz(null=True, default=None)
    sandbox_of = UUID(null=True, default=None)
    shared_phones = Boolean()
    programme_version = Integer()
    created_at = Timestamptz()
