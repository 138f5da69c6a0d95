from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0015_first_steps"
VERSION = "1.38.0"
DESCRIPTION = "First steps, and a sample chain beside the real one"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0015_first_steps.sql"))
    return manager
