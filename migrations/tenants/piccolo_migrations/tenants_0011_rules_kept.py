from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0011_rules_kept"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: refunds, undos and points keep by which rules they were reckoned"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0011_rules_kept.sql"))
    return manager
