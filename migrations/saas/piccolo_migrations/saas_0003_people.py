from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "saas_0003_people"
VERSION = "1.38.0"
DESCRIPTION = "Platform tables: where staff may work, and sessions that end with their employment"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="saas", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "saas_0003_people.sql"))
    return manager
