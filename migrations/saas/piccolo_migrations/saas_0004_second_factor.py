from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "saas_0004_second_factor"
VERSION = "1.38.0"
DESCRIPTION = "Platform tables: second factors of accounts, and sessions on shared tills"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="saas", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "saas_0004_second_factor.sql"))
    return manager
