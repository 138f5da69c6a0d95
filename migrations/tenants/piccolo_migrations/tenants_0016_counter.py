from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0016_counter"
VERSION = "1.38.0"
DESCRIPTION = "The counter: shifts handed over, and a branch's entries of a day by their time"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0016_counter.sql"))
    return manager
