from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0032_clock"
VERSION = "1.38.0"
DESCRIPTION = "A move of a sandbox's clock can be cancelled"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0032_clock.sql"))
    return manager
