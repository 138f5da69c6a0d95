from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0007_proofs"
VERSION = "1.38.0"
DESCRIPTION = "Tenant tables: which members each batch of a recalculation decided about, and proofs"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0007_proofs.sql"))
    return manager
