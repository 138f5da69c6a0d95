from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.sql import sql_file

ID = "tenants_0017_cards_online"
VERSION = "1.38.0"
DESCRIPTION = "Members on their own phones: links to cards that can be ended, joining by a QR code"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="tenants", description=DESCRIPTION)
    manager.add_raw(sql_file(__file__, "tenants_0017_cards_online.sql"))
    return manager
