from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0019_reports"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: what reports add up, and the answers that are kept of them"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0019_reports.sql"))
    return manager
