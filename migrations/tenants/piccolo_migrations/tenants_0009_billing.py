from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0009_billing"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: our copy of a chain's subscription and invoices, what we asked Stripe for, and use"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0009_billing.sql"))
    return manager
