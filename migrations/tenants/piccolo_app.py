from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="tenants",
    migrations_folder_path=str(Path(__file__).with_name("piccolo_migrations")),
    table_classes=[],
    migration_dependencies=["migrations.saas.piccolo_app"],
)
