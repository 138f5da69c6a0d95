from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0010_kept"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: a version keeps what the runs before it renewed without a word"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0010_kept.sql"))
    return manager
