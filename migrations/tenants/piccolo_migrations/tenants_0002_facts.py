from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0002_facts"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: refunds, activities, referrals, measures, acts by hand, events"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0002_facts.sql"))
    return manager
