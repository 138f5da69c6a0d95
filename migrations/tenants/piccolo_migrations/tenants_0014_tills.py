from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0014_tills"
VERSION = "1.38.0"
DESCRIPTION = "Shared tills, PINs of staff, and what a manager approves at the counter"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0014_tills.sql"))
    return manager
