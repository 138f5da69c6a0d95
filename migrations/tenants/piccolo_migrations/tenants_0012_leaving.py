from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0012_leaving"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: what a chain that leaves was told, and who may erase it"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0012_leaving.sql"))
    return manager
