from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0008_tasks"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: whom the branches call in what rhythm, the tasks made of it, and what became of them"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0008_tasks.sql"))
    return manager
