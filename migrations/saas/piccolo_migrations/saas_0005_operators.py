from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "saas_0005_operators"
VERSION = "1.38.0"
DESCRIPTION = "Platform tables: the operators, their sessions and their acts"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="saas", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "saas_0005_operators.sql"))
    return manager
