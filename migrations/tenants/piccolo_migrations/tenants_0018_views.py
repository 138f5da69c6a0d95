from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0018_views"
VERSION = "1.38.0"
DESCRIPTION = "Uploaded files before their import, saved views of the members' list, the audit log by who and what"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0018_views.sql"))
    return manager
