from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0025_webhooks"
VERSION = "1.38.0"
DESCRIPTION = "Webhooks: where events are sent, with what secrets, and what became of each"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0025_webhooks.sql"))
    return manager
