from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0004_value"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: points, wallet, passes, coupons, rewards, benefits, campaigns, cards, undo"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0004_value.sql"))
    return manager
