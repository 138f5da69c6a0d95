"""Piccolo's configuration for migrations: connects as the migrating login and becomes the role `migrator`."""

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from saas.settings import get_settings

DB = PostgresEngine(
    config={
        "dsn": get_settings().migrator_url,
        "server_settings": {"role": "migrator", "search_path": "public"},
    },
    extensions=(),
)

APP_REGISTRY = AppRegistry(apps=["migrations.saas.piccolo_app", "migrations.tenants.piccolo_app"])
