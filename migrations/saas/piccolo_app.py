from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="saas",
    migrations_folder_path=str(Path(__file__).with_name("piccolo_migrations")),
    table_classes=[],
    migration_dependencies=[],
)
