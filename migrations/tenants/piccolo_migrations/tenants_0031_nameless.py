from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0031_nameless"
VERSION = "1.38.0"
DESCRIPTION = "Who has no name is found without asking everybody"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0031_nameless.sql"))
    return manager
