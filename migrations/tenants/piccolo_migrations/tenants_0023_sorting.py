from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0023_sorting"
VERSION = "1.38.0"
DESCRIPTION = "Members in the order of their names, last purchases, spend and points, by index"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0023_sorting.sql"))
    return manager
