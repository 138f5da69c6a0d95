from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0020_draft"
VERSION = "1.38.0"
DESCRIPTION = "The draft keeps what becomes of the holders of tiers that go"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0020_draft.sql"))
    return manager
