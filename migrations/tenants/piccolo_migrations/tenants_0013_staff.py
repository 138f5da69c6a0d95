from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0013_staff"
VERSION = "1.38.0"
DESCRIPTION = "Staff: invitations, limits to branches, and who has left"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0013_staff.sql"))
    return manager
