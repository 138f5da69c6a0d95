from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0022_messages"
VERSION = "1.38.0"
DESCRIPTION = "Who was not told is kept beside who was, and all of it is found by index"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0022_messages.sql"))
    return manager
